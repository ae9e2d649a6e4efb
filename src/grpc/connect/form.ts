import type { Contract } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { codecOf, type MessageCodec } from '../codec/codec.ts';
import { jsonOf } from '../codec/json.ts';
import type { ProtoLock } from '../proto/lock.ts';
import type { ProtoMessage } from '../proto/proto.ts';
import { compileWire, type EventWire, type OperationWire, type Wire } from '../wire.ts';

/** A message as it is sent: JSON is text. */
export type Body = string | Uint8Array<ArrayBuffer>;

/** How messages are written: as protobuf's bytes, or as its JSON. */
export type FormName = 'proto' | 'json';

export type FormWire = Wire<Body, Uint8Array>;
export type FormOperation = OperationWire<Body, Uint8Array>;
export type FormEvent = EventWire<Body, Uint8Array>;

const FORMS: Readonly<Record<FormName, (message: ProtoMessage | undefined) => MessageCodec<Body, Uint8Array>>> = {
  proto: (message) => (message ? codecOf(message) : EMPTY),
  json(message) {
    const { encode, decode } = jsonOf(message);
    return { encode, decode: (bytes) => decode(textOf(bytes)) };
  },
};

const EMPTY: MessageCodec<Body, Uint8Array> = { encode: () => new Uint8Array(0), decode: () => undefined };

/** What a contract says goes over the wire, in one form. */
export function wireIn(form: FormName, contract: Contract, lock: ProtoLock | undefined): FormWire {
  return compileWire(contract, FORMS[form], lock);
}

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
