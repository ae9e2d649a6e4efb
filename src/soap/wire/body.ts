import { tooLarge } from '../../http/message/body.ts';
import { HttpError } from '../../http/message/error.ts';
import type { HttpRequest } from '../../http/message/message.ts';

/** What SOAP 1.1, SOAP 1.2 and careless clients call an envelope. */
const XML = /^(text\/xml|application\/soap\+xml|application\/xml)\s*(;|$)/i;

/** Reads a request's envelope as text: UTF-8, or UTF-16 where the request says so. Rejects with an `HttpError`: 413, 415, 400, 408. */
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
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(type) ?? [];
  const isGzip =
    String(request.headers['content-encoding'] ?? '')
      .trim()
      .toLowerCase() === 'gzip';
  const isUtf8 = /^(utf-?8|us-ascii)$/i.test(charset);
  if (isUtf8 && !isGzip) return request.text(maxBytes);
  if (!isUtf8 && !/^utf-16(le|be)?$/i.test(charset)) throw new HttpError(415, `the body is in ${charset.slice(0, 40)}: send UTF-8`);
  const sent = await request.bytes(maxBytes, ['gzip']);
  return decode(isGzip ? await inflate(sent, maxBytes) : sent, charset);
}

function decode(bytes: Uint8Array, charset: string): string {
  // https://www.rfc-editor.org/rfc/rfc2781#section-4.3: without a byte order mark it is big-endian, with one as the mark says.
  const isLittle = bytes[0] === 0xff && bytes[1] === 0xfe;
  const label = /^utf-16$/i.test(charset) ? (isLittle ? 'utf-16le' : 'utf-16be') : charset;
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, `the body is not ${charset.toUpperCase()}`);
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
