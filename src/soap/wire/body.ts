import { isApiError } from '../../core/errors.ts';
import { charsetOf, decodeXml, saysUtf8 } from '../../xml/decode.ts';
import { HttpError } from '../../http/message/error.ts';
import { inflate } from '../../http/message/gzip.ts';
import type { HttpRequest } from '../../http/message/message.ts';

/** The namespaces and names that SOAP 1.1, SOAP 1.2 and careless clients use for an envelope. */
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
