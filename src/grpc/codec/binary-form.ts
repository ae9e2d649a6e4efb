import type { ProtoMessage } from '../proto/proto.ts';
import { codecOf, type MessageCodec } from './codec.ts';

const EMPTY: MessageCodec<Uint8Array<ArrayBuffer>> = { encode: () => new Uint8Array(0), decode: () => undefined };

/** Messages as protobuf's bytes. Pages load it only if they ask for it. */
export const PROTO_FORM = (message: ProtoMessage | undefined): MessageCodec<Uint8Array<ArrayBuffer>> =>
  message ? codecOf(message) : EMPTY;
