import { codecOf, type MessageCodec } from './codec.ts';
import type { ProtoMessage } from '../proto/proto.ts';

const EMPTY: MessageCodec<Buffer> = { encode: () => Buffer.alloc(0), decode: () => undefined };

/** Messages as grpc-js takes them. */
export function buffersOf(message: ProtoMessage | undefined): MessageCodec<Buffer> {
  if (!message) return EMPTY;
  const codec = codecOf(message);
  return { encode: (value) => asBuffer(codec.encode(value)), decode: (bytes, maxItems) => codec.decode(bytes, maxItems) };
}

/** The same bytes: a view, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
