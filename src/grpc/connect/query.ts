import { decodePercent } from '../../peer/text/percent.ts';
import { ApiError } from '../../core/errors.ts';
import { fromBase64 } from '../../schema/codec/base64.ts';

/** Reads the parameters of a GET by name, of those that come twice the first. Values are still encoded. */
export function readParams(query: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>();
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const name = at === -1 ? pair : pair.slice(0, at);
    if (!params.has(name)) params.set(name, at === -1 ? '' : pair.slice(at + 1));
  }
  return params;
}

/** A parameter as text; `undefined` if it is not there. Throws INVALID_ARGUMENT for one that is not percent-encoded UTF-8. */
export function textParam(params: ReadonlyMap<string, string>, name: string): string | undefined {
  const raw = params.get(name);
  if (raw === undefined || !/[%+]/.test(raw)) return raw;
  const text = decodePercent(raw.replaceAll('+', ' '));
  if (text === undefined) throw new ApiError('INVALID_ARGUMENT', `the parameter '${name}' is not percent-encoded`);
  return text;
}

/** The message in the parameters of a GET: base64, or percent-encoded bytes. Throws INVALID_ARGUMENT. Source: https://connectrpc.com/docs/protocol#unary-get-request */
export function readMessageParam(params: ReadonlyMap<string, string>): Uint8Array {
  const raw = params.get('message');
  if (raw === undefined) throw new ApiError('INVALID_ARGUMENT', "the parameter 'message' is missing");
  const bytes = percentDecoded(raw);
  if (textParam(params, 'base64') !== '1') return bytes;
  const decoded = fromBase64(new TextDecoder('latin1').decode(bytes));
  if (!decoded) throw new ApiError('INVALID_ARGUMENT', "the parameter 'message' is not base64, as 'base64=1' says");
  return decoded;
}

/** As `readMessageParam`, for a message that is plain text, and is not too large in any encoding; `undefined` for others. Bytes would cost a third of the call. */
export function readTextMessage(params: ReadonlyMap<string, string>, maxBytes: number): string | undefined {
  const raw = params.get('message');
  if (raw === undefined || raw.length * 3 > maxBytes || params.has('base64') || params.has('compression')) return undefined;
  return textParam(params, 'message');
}

const encoder = new TextEncoder();

/** Bytes, because a message in protobuf need not be text. */
function percentDecoded(text: string): Uint8Array {
  const source = encoder.encode(text);
  let size = 0;
  // In place, because the decoded bytes are never longer.
  for (let at = 0; at < source.length; at++) {
    let byte = source[at] ?? 0;
    if (byte === PLUS) byte = SPACE;
    else if (byte === PERCENT) {
      byte = (hexOf(source[at + 1]) << 4) | hexOf(source[at + 2]);
      if (byte < 0) throw new ApiError('INVALID_ARGUMENT', "the parameter 'message' is not percent-encoded");
      at += 2;
    }
    source[size++] = byte;
  }
  return source.subarray(0, size);
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/** The value of a hexadecimal digit; -1 for any other character. */
function hexOf(char: number | undefined): number {
  if (char === undefined) return -1;
  if (char >= 0x30 && char <= 0x39) return char - 0x30;
  const letter = char | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
