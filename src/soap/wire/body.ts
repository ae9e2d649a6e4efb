import { isApiError } from '../../core/errors.ts';
import { charsetOf, decodeXml, saysUtf8 } from '../../xml/decode.ts';
import { tooLarge } from '../../http/message/body.ts';
import { HttpError } from '../../http/message/error.ts';
import type { HttpRequest } from '../../http/message/message.ts';

/** What SOAP 1.1, SOAP 1.2 and careless clients call an envelope. */
const XML = /^(text\/xml|application\/soap\+xml|application\/xml)\s*(;|$)/i;

/** Reads a request's envelope as text, in UTF-8 or UTF-16. Rejects with an `HttpError`: 413, 415, 400, 408. */
export async function readBody(request: HttpRequest, maxBytes: number): Promise<string> {
  const type = String(request.headers['content-type'] ?? '');
  if (!XML.test(type)) {
    throw new HttpError(
      415,
      `the body is ${type === '' ? 'of no type' : type.slice(0, 100)}: send text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2)`,
      {
        accept: 'text/xml, application/soap+xml',
      },
    );
  }
  const isGzip =
    String(request.headers['content-encoding'] ?? '')
      .trim()
      .toLowerCase() === 'gzip';
  const charset = charsetOf(type);
  if (charset !== undefined && !saysUtf8(type) && !/^utf-16(le|be)?$/i.test(charset))
    throw new HttpError(415, `the body is in ${charset}: send UTF-8`);
  if (saysUtf8(type) && !isGzip) return request.text(maxBytes);
  const sent = await request.bytes(maxBytes, ['gzip']);
  const bytes = isGzip ? await inflate(sent, maxBytes) : sent;
  try {
    return decodeXml(bytes, type);
  } catch (error) {
    throw new HttpError(400, isApiError(error) ? error.text : String(error));
  }
}

/** Inflates no more than `maxBytes`, whatever the body would become. */
async function inflate(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const stream = new DecompressionStream('gzip');
  const writer = stream.writable.getWriter();
  // What fails here fails the reading too.
  void writer.write(new Uint8Array(bytes)).catch(() => {});
  void writer.close().catch(() => {});
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    let read: ReadableStreamReadResult<Uint8Array>;
    try {
      read = await reader.read();
    } catch {
      throw new HttpError(400, 'the body is not in gzip, as its content-encoding says');
    }
    if (read.done) break;
    size += read.value.byteLength;
    if (size > maxBytes) {
      await reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    chunks.push(read.value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}
