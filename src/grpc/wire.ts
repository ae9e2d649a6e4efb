import type { Contract } from '../core/contract.ts';
import { localId } from '../events/event-id.ts';
import type { EventView } from '../schema/view.ts';
import { compileTextReader } from '../schema/text.ts';
import type { EventMessage } from '../core/transport.ts';
import { codecOf, type MessageCodec } from './codec/codec.ts';
import type { ProtoLock } from './proto/lock.ts';
import { protoOf } from './proto/build.ts';
import type { ProtoMessage } from './proto/proto.ts';

/** How one operation goes over the wire. */
export interface OperationWire {
  /** `/blog.v1.UserService/GetUser`. */
  readonly path: string;
  encodeInput(input: unknown): Buffer;
  /** Throws INVALID_ARGUMENT. */
  decodeInput(bytes: Uint8Array): unknown;
  encodeOutput(output: unknown): Buffer;
  /** Throws INVALID_ARGUMENT: the caller knows that it is DATA_LOSS. */
  decodeOutput(bytes: Uint8Array): unknown;
}

/** What asks for an event. */
export interface EventRequest {
  readonly lastEventId: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One message of an event's stream: an event, or the notice that some may have been missed. */
export type StreamItem = { readonly gap: true } | { readonly gap: false; readonly event: EventMessage };

/** How one event goes over the wire. */
export interface EventWire {
  readonly path: string;
  /** True where someone else designed the stream: it cannot resume, and its head may come with its first message only. */
  readonly isForeign: boolean;
  encodeRequest(request: EventRequest): Buffer;
  decodeRequest(bytes: Uint8Array): EventRequest;
  encodeItem(item: StreamItem): Buffer;
  /** `undefined` is a message that is none of this event. */
  decodeItem(bytes: Uint8Array): StreamItem | undefined;
}

/** How the plain channel of an event goes over the wire. */
export interface ChannelWire {
  readonly path: string;
  readonly operation: string;
  decodeInput(bytes: Uint8Array): unknown;
  encodeData(data: unknown): Buffer;
}

export interface Wire {
  readonly operations: ReadonlyMap<string, OperationWire>;
  readonly events: ReadonlyMap<string, EventWire>;
  readonly channels: ReadonlyMap<string, ChannelWire>;
}

const EMPTY: MessageCodec = { encode: () => Buffer.alloc(0), decode: () => undefined };

/** Compiles what a contract says goes over the wire, by the names of its operations and events. */
export function compileWire(contract: Contract, lock?: ProtoLock): Wire {
  const file = protoOf(contract, lock);
  const codec = (message: ProtoMessage | undefined): MessageCodec => (message ? codecOf(message) : EMPTY);
  const operations = [...file.operations].map(([name, method]): [string, OperationWire] => {
    const request = method.view.input ? codec(method.request) : EMPTY;
    const response = codec(method.response);
    return [
      name,
      {
        path: method.path,
        encodeInput: (input) => request.encode(input ?? {}),
        decodeInput: (bytes) => request.decode(bytes),
        encodeOutput: (output) => response.encode(output),
        decodeOutput: (bytes) => response.decode(bytes),
      },
    ];
  });
  const events = [...file.events].map(([name, method]): [string, EventWire] => [
    name,
    { path: method.path, ...compileEvent(codec(method.request), codec(method.response), method.view) },
  ]);
  const channels = [...file.channels].map(([name, method]): [string, ChannelWire] => {
    const request = codec(method.request);
    const payload = codec(method.payload);
    return [
      name,
      {
        path: method.path,
        operation: method.operation.operation.name,
        decodeInput: (bytes) => request.decode(bytes),
        encodeData: (data) => payload.encode(data),
      },
    ];
  });
  return { operations: new Map(operations), events: new Map(events), channels: new Map(channels) };
}

function compileEvent(request: MessageCodec, item: MessageCodec, { event, payload }: EventView): Omit<EventWire, 'path'> {
  const fields = payload.fields.filter(({ name }) => event.params.includes(name));
  const readers = fields.map((field) => [field.name, compileTextReader(field)] as const);
  return {
    isForeign: false,
    encodeRequest({ lastEventId = '', params }) {
      const values: Record<string, unknown> = { lastEventId };
      for (const [name, read] of readers) {
        const value = params[name];
        // A gateway has them as text.
        values[name] = typeof value === 'string' ? read(value) : value;
      }
      return request.encode(values);
    },
    decodeRequest(bytes) {
      const { lastEventId, ...params } = request.decode(bytes) as Record<string, unknown>;
      return { lastEventId: lastEventId === '' ? undefined : String(lastEventId), params };
    },
    encodeItem: (it) => item.encode(it.gap ? { gap: true } : { id: it.event.id, time: it.event.time, data: it.event.data }),
    decodeItem(bytes) {
      const { gap, id, time, data } = item.decode(bytes) as Record<string, unknown>;
      if (gap === true) return { gap };
      // Servers not written here may leave these out.
      return {
        gap: false,
        event: {
          id: typeof id === 'string' && id !== '' ? id : localId(),
          time: typeof time === 'string' ? time : new Date().toISOString(),
          data,
        },
      };
    },
  };
}
