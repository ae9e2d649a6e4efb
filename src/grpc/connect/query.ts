import { ApiError } from '../../core/errors.ts';
import { fromBase64 } from '../../schema/codec/base64.ts';

/** The message in the query of a GET: base64, or percent-encoded bytes. Throws INVALID_ARGUMENT. Source: https://connectrpc.com/docs/protocol#unary-get-request */
export function readMessageParam(query: string, isBase64: boolean): Uint8Array {
  const raw = query
    .split('&')
    .find((pair) => pair.startsWith('message='))
    ?.slice('message='.length);
  if (raw === undefined) throw new ApiError('INVALID_ARGUMENT', "the parameter 'message' is missing");
  const bytes = percentDecoded(raw);
  if (!isBase64) return bytes;
  const decoded = fromBase64(new TextDecoder('latin1').decode(bytes));
  if (!decoded) throw new ApiError('INVALID_ARGUMENT', "the parameter 'message' is not base64, as 'base64=1' says");
  return decoded;
}

/** Bytes, because a message in protobuf need not be text. */
function percentDecoded(text: string): Uint8Array {
  const source = new TextEncoder().encode(text.replaceAll('+', ' '));
  const bytes = new Uint8Array(source.length);
  let size = 0;
  for (let at = 0; at < source.length; at++) {
    const byte = source[at] ?? 0;
    if (byte !== 0x25) {
      bytes[size++] = byte;
      continue;
    }
    const hex = String.fromCharCode(...source.subarray(at + 1, at + 3));
    if (!/^[0-9a-f]{2}$/i.test(hex)) throw new ApiError('INVALID_ARGUMENT', "the parameter 'message' is not percent-encoded");
    bytes[size++] = Number(`0x${hex}`);
    at += 2;
  }
  return bytes.subarray(0, size);
}
