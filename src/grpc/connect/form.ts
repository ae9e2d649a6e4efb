import { ApiError } from '../../core/errors.ts';
import type { MessageCodec } from '../codec/codec.ts';
import { jsonOf } from '../codec/json.ts';
import type { ProtoMessage } from '../proto/proto.ts';
import type { Wire } from '../wire.ts';

/** A message as it is sent: JSON is text. */
export type Body = string | Uint8Array<ArrayBuffer>;

/** How messages are written: as protobuf's bytes, or as its JSON. */
export type FormName = 'proto' | 'json';

export type FormWire = Wire<Body, Uint8Array>;

/** Makes the codec of a message in one form. */
export type MessageForm = (message: ProtoMessage | undefined) => MessageCodec<Body, Uint8Array>;

/** Messages as protobuf's JSON. */
export const JSON_FORM: MessageForm = (message) => {
  const { encode, decode } = jsonOf(message);
  return { encode, decode: (bytes) => decode(textOf(bytes)) };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The bytes of a message as it is sent. */
export function bytesOf(body: Body): Uint8Array<ArrayBuffer> {
  return typeof body === 'string' ? encoder.encode(body) : body;
}

/** Text of UTF-8 bytes. Throws INVALID_ARGUMENT for others. */
export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ApiError('INVALID_ARGUMENT', 'the message is not UTF-8', { cause });
  }
}
