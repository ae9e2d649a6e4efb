import { ApiError } from '../core/errors.ts';
import { fromWindows1252 } from '../peer/text/windows-1252.ts';

/** The encoding that an XML declaration names; it is ASCII as far as this. */
const DECLARED = /^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z][\w.-]{0,39})["']/;
const UTF8 = /^utf-?8$/i;
const ASCII = /^us-ascii$/i;

/**
 * The text of an XML document: in the encoding of its byte order mark, else the one that its content type says, else the one that its declaration says,
 * else UTF-8. Source: https://www.rfc-editor.org/rfc/rfc7303#section-3.2
 * @throws `ApiError` INVALID_ARGUMENT if the encoding is unknown, or the bytes are not in it.
 */
export function decodeXml(bytes: Uint8Array, contentType = ''): string {
  const label = markOf(bytes) ?? charsetOf(contentType) ?? declaredIn(bytes) ?? 'utf-8';
  let decoder: TextDecoder;
  try {
    decoder = decoderOf(label);
  } catch {
    throw new ApiError('INVALID_ARGUMENT', `the document is in '${label.slice(0, 40)}', which is not a known encoding: send UTF-8`);
  }
  try {
    const text = decoder.decode(bytes);
    return decoder.encoding === 'windows-1252' ? fromWindows1252(text) : text;
  } catch {
    throw new ApiError('INVALID_ARGUMENT', `the document is not ${label.toUpperCase()}`);
  }
}

/** The parameter `charset` of a content type, if it has one. */
export function charsetOf(contentType: string): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([^\s";]{1,40})/i.exec(contentType)?.[1];
  // RFC 7303: without a byte order mark UTF-16 is big-endian.
  return charset === undefined ? undefined : /^utf-?16$/i.test(charset) ? 'utf-16be' : charset;
}

/** Whether a content type says that a document is in UTF-8. */
export function saysUtf8(contentType: string): boolean {
  const charset = charsetOf(contentType);
  return charset !== undefined && (UTF8.test(charset) || ASCII.test(charset));
}

const decoders = new Map<string, TextDecoder>();

function decoderOf(label: string): TextDecoder {
  const name = UTF8.test(label) ? 'utf-8' : label.toLowerCase();
  let decoder = decoders.get(name);
  if (!decoder) {
    decoder = new TextDecoder(name, { fatal: true });
    if (decoders.size < 50) decoders.set(name, decoder);
  }
  return decoder;
}

function markOf([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xef && second === 0xbb && third === 0xbf ? 'utf-8' : undefined;
}

/** By how `<?` begins: https://www.w3.org/TR/xml/#sec-guessing */
function declaredIn(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0 && second === 0x3c) return 'utf-16be';
  if (first === 0x3c && second === 0) return 'utf-16le';
  if (first !== 0x3c) return undefined;
  const declared = DECLARED.exec(String.fromCharCode(...bytes.subarray(0, 300)))?.[1];
  // A reader that could read the declaration knows that it is not UTF-16.
  return declared !== undefined && /^(utf-?16|ucs-?2|iso-10646-ucs)/i.test(declared) ? 'utf-8' : declared;
}
