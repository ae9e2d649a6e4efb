import { FetchFailure, UNREADABLE_RESPONSE } from './fetch-like.ts';

const CHARSET = /;\s*charset\s*=\s*["']?([^\s;"']+)/i;
/** XML says it in its own first line. Source: https://www.w3.org/TR/xml/#charencoding */
const XML_ENCODING = /^<\?xml[^>]{0,80}?encoding\s*=\s*["']([\w.:-]+)["']/;

/** The charset of a body, in lower case: that of its content type, of its XML declaration, or UTF-8. */
export function charsetOf(type: string | null, bytes: Uint8Array): string {
  const named = CHARSET.exec(type ?? '')?.[1];
  if (named !== undefined) return named.toLowerCase();
  if (bytes[0] !== 0x3c || bytes[1] !== 0x3f) return 'utf-8';
  return XML_ENCODING.exec(String.fromCharCode(...bytes.subarray(0, 120)))?.[1]?.toLowerCase() ?? 'utf-8';
}

/** A body as text, without a byte order mark. Throws a `FetchFailure` for bytes that are not of its charset, and for a charset that is unknown here. */
export function decodeBody(bytes: Uint8Array, charset: string): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(charset, { fatal: true });
  } catch {
    throw new FetchFailure(`the charset '${charset.slice(0, 40)}' of the response is unknown here`, UNREADABLE_RESPONSE, true, undefined);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw notInCharset(charset);
  }
}

export function notInCharset(charset: string): FetchFailure {
  return new FetchFailure(`the response is not ${charset.toUpperCase()}, as it should be`, UNREADABLE_RESPONSE, true, undefined);
}
