import { localId } from '../events/event-id.ts';
import type { OutlinedEvent } from '../schema/outline/outline.ts';
import type { ReadContext } from '../guard/mapped-sink.ts';
import { compileTextReader } from '../schema/text.ts';
import type { EventMessage } from '../core/transport.ts';
import type { MessageCodec } from './codec/codec.ts';
import type { ProtoFile, ProtoMessage } from './proto/proto.ts';

/** How one operation goes over the wire: as bytes of gRPC, or as another form of the same messages. */
export interface OperationWire<Out = Buffer, In = Uint8Array> {
  /** `/blog.v1.UserService/GetUser`. */
  readonly path: string;
  encodeInput(input: unknown): Out;
  /** Throws INVALID_ARGUMENT. */
  decodeInput(message: In, maxItems?: number): unknown;
  encodeOutput(output: unknown): Out;
  /** Throws INVALID_ARGUMENT: the caller knows that it is DATA_LOSS. */
  decodeOutput(message: In, context?: ReadContext): unknown;
  /** True if someone else designed it. */
  readonly isForeign?: boolean;
}

/** The request for an event. */
export interface EventRequest {
  readonly lastEventId: string | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One message of an event's stream: an event, or the notice that some may have been missed. */
export type StreamItem = { readonly gap: true } | { readonly gap: false; readonly event: EventMessage };

/** How one event goes over the wire. */
export interface EventWire<Out = Buffer, In = Uint8Array> {
  readonly path: string;
  /** True if someone else designed the stream: it cannot resume, and its head may come with its first message only. */
  readonly isForeign: boolean;
  encodeRequest(request: EventRequest): Out;
  decodeRequest(message: In): EventRequest;
  encodeItem(item: StreamItem): Out;
  /** `undefined` is a message that is none of this event. */
  decodeItem(message: In, context?: ReadContext): StreamItem | undefined;
}

/** How the plain channel of an event goes over the wire. */
export interface ChannelWire<Out = Buffer, In = Uint8Array> {
  readonly path: string;
  readonly operation: string;
  decodeInput(message: In, maxItems?: number): unknown;
  encodeData(data: unknown): Out;
}

export interface Wire<Out = Buffer, In = Uint8Array> {
  readonly operations: ReadonlyMap<string, OperationWire<Out, In>>;
  readonly events: ReadonlyMap<string, EventWire<Out, In>>;
  readonly channels: ReadonlyMap<string, ChannelWire<Out, In>>;
}

/** Makes the codec of a message, or of the empty one for `undefined`. */
export interface Form<Out, In> {
  (message: ProtoMessage | undefined): MessageCodec<Out, In>;
}

/** Compiles what a contract's .proto file says goes over the wire in one form, by the names of its operations and events. */
export function compileWire<Out, In>(file: ProtoFile, codec: Form<Out, In>): Wire<Out, In> {
  const operations = [...file.operations].map(([name, method]): [string, OperationWire<Out, In>] => {
    const request = codec(method.view.input ? method.request : undefined);
    const response = codec(method.response);
    return [
      name,
      {
        path: method.path,
        encodeInput: (input) => request.encode(input ?? {}),
        decodeInput: (message, maxItems) => request.decode(message, maxItems),
        encodeOutput: (output) => response.encode(output),
        decodeOutput: (message) => response.decode(message),
      },
    ];
  });
  const events = [...file.events].map(([name, method]): [string, EventWire<Out, In>] => [
    name,
    { path: method.path, ...compileEvent(codec(method.request), codec(method.response), method.view) },
  ]);
  const channels = [...file.channels].map(([name, method]): [string, ChannelWire<Out, In>] => {
    const request = codec(method.request);
    const payload = codec(method.payload);
    return [
      name,
      {
        path: method.path,
        operation: method.operation.operation.name,
        decodeInput: (message, maxItems) => request.decode(message, maxItems),
        encodeData: (data) => payload.encode(data),
      },
    ];
  });
  return { operations: new Map(operations), events: new Map(events), channels: new Map(channels) };
}

/** Compiles an event of this library's form: the request for it, and its items with id, time and gaps. */
export function compileEvent<Out, In>(
  request: MessageCodec<Out, In>,
  item: MessageCodec<Out, In>,
  { event, payload }: OutlinedEvent,
): Omit<EventWire<Out, In>, 'path'> {
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
    decodeRequest(message) {
      const { lastEventId, ...params } = request.decode(message) as Record<string, unknown>;
      return { lastEventId: lastEventId === '' ? undefined : String(lastEventId), params };
    },
    encodeItem: (it) => item.encode(it.gap ? { gap: true } : it.event),
    decodeItem(message) {
      const { gap, id, time, data, traceparent } = item.decode(message) as Record<string, unknown>;
      if (gap === true) return { gap };
      // Servers not written here may leave these out.
      return {
        gap: false,
        event: {
          id: typeof id === 'string' && id !== '' ? id : localId(),
          time: typeof time === 'string' ? time : new Date().toISOString(),
          data,
          traceparent: (traceparent as string) || undefined,
        },
      };
    },
  };
}
