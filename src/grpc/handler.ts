import {
  Metadata, type handleBidiStreamingCall, type handleServerStreamingCall, type handleUnaryCall, type Server, type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'; // prettier-ignore
import type { EventDefinition, Operation } from '../core/contract.ts';
import { ApiError, serverStopping } from '../core/errors.ts';
import { bytes, count, readOptions } from '../core/options.ts';
import { checkTransport } from '../core/check-transport.ts';
import { deadlineExceeded, onAbort } from '../life/lifetime.ts';
import { reporter } from '../life/report.ts';
import { acceptHeaders, serveCall, serveStream, type RawHeaders } from '../guard/serve-call.ts';
import type { Headers, Peer, Transport } from '../core/transport.ts';
import { encodeOnce } from '../events/encode-once.ts';
import { EventStream, type EventStreamOptions } from './streams/event-stream.ts';
import { askedInterval, PING_INTERVAL } from './streams/pulse.ts';
import { ItemStream } from './streams/item-stream.ts';
import { buffersOf } from './codec/buffers.ts';
import { failure } from './failure.ts';
import type { ProtoLock } from './proto/lock.ts';
import { sizeOf, toMetadata, toRawHeaders } from './metadata.ts';
import { protoOf } from './proto/described.ts';
import { rawMethod } from './raw-method.ts';
import { compileWire, type ChannelWire, type EventWire, type OperationWire } from './wire.ts';
import { now, fromEpochMs } from '../life/now.ts';
import { MAX_ITEMS } from '../guard/max-items.ts';

/** Options of `grpcHandler`. */
export interface GrpcHandlerOptions {
  /** How many bytes may wait for the reader of a stream. Beyond it the stream ends with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number | undefined;
  /** Calls with more metadata than this, names and values together, get INVALID_ARGUMENT. @default 16_384 (16 KiB) */
  readonly maxMetadataBytes?: number | undefined;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number | undefined;
  /** The lock of the published .proto file, if the contract has changed since its first version. */
  readonly lock?: ProtoLock | undefined;
  /** Gets failures that callers see as a neutral INTERNAL. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A transport as services for a grpc-js server. */
export interface GrpcHandler {
  /** The services' full names: `blog.v1.UserService`. */
  readonly services: readonly string[];
  /** Adds the services to a server, which may have others. */
  addTo(server: Pick<Server, 'addService'>): void;
  /** Ends the event streams with UNAVAILABLE, so the server can stop. Clients resume elsewhere. */
  stop(): void;
}

type Unary = handleUnaryCall<Buffer, Buffer>;
type ServerStream = handleServerStreamingCall<Buffer, Buffer>;
type Bidi = handleBidiStreamingCall<Buffer, Buffer>;

/** Serves a transport as gRPC services on a server of grpc-js that you have made. Formats: docs/protocols/grpc.md. */
export function grpcHandler(transport: Transport, options: GrpcHandlerOptions = {}): GrpcHandler {
  checkTransport('grpcHandler', transport);
  return makeHandler(transport, readOptions('grpcHandler', options, HANDLER_READERS, HANDLER_OPTIONS));
}

/** The reader of a handler's options, also for code that has more of them. */
export const HANDLER_READERS = { maxBufferedBytes: bytes(1_048_576), maxMetadataBytes: bytes(16_384), maxItems: count(MAX_ITEMS) };
export const HANDLER_OPTIONS = ['lock', 'onError'] as const;

/** With every number in force. */
type Options = GrpcHandlerOptions & { readonly [N in keyof typeof HANDLER_READERS]: number };

/** A handler of options that have been read. */
export function makeHandler(transport: Transport, options: Options): GrpcHandler {
  const { contract } = transport;
  const file = protoOf(contract, options.lock);
  const wire = compileWire(file, buffersOf);
  const serving = new Serving(transport, file.package, options);
  const handlers = new Map<string, Unary | ServerStream | Bidi>();
  for (const [name, each] of wire.operations) {
    const operation = contract.operations[name];
    if (operation) handlers.set(each.path, operation.item ? serving.stream(operation, each) : serving.unary(operation, each));
  }
  for (const [name, each] of wire.events) {
    const event = contract.events[name];
    if (event) handlers.set(each.path, serving.events(event, each));
  }
  for (const [name, each] of wire.channels) {
    const event = contract.events[name];
    const operation = contract.operations[each.operation];
    if (event && operation) handlers.set(each.path, serving.channel(event, operation, each));
  }
  return {
    services: file.services.map(({ name }) => `${file.package}.${name}`),
    addTo(server) {
      for (const { methods } of file.services) {
        const definition: ServiceDefinition = Object.fromEntries(
          methods.map(({ name, path, requestStream, responseStream }) => [
            name,
            rawMethod(path, { in: requestStream, out: responseStream }),
          ]),
        );
        const implementation = Object.fromEntries(methods.map(({ name, path }) => [name, handlers.get(path)]));
        server.addService(definition, implementation as UntypedServiceImplementation);
      }
    },
    stop: () => serving.stop(),
  };
}

/** The common state of all calls of one handler. */
class Serving {
  readonly #streams = new Set<EventStream>();
  readonly #onError: (error: unknown) => void;
  readonly #maxBufferedBytes: number;
  readonly #maxMetadataBytes: number;
  readonly #maxItems: number;

  private readonly transport: Transport;
  private readonly domain: string;

  constructor(transport: Transport, domain: string, options: Options) {
    this.transport = transport;
    this.domain = domain;
    this.#onError = reporter(options.onError);
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#maxMetadataBytes = options.maxMetadataBytes;
    this.#maxItems = options.maxItems;
  }

  stop(): void {
    for (const stream of this.#streams) stream.end(serverStopping());
  }

  unary(operation: Operation, wire: OperationWire): Unary {
    const { transport } = this;
    return (call, callback) => {
      const raw = toRawHeaders(call.metadata);
      const headers = acceptHeaders(raw);
      const requestId = headers['x-request-id'];
      let isDone = false;
      let said: Headers | undefined;
      const fail = (error: unknown) => {
        isDone = true;
        if (said) call.sendMetadata(headOf(requestId, said));
        callback(failure(error, requestId, this.domain, this.#onError));
      };
      try {
        this.#checkSize(raw);
        const deadline = deadlineOf(call);
        serveCall(transport, {
          operation,
          input: wire.decodeInput(call.request, this.#maxItems),
          headers,
          deadline,
          peer: peerOf(call),
          endsInTime: true,
          onResponse: ({ headers: set }) => (said = set),
          // grpc-js says so at the end of every call, and when it has answered at the deadline.
          onLeave: (listener) => call.on('cancelled', () => isDone || listener(lateness(deadline))),
        }).then((output) => {
          isDone = true;
          try {
            const bytes = wire.encodeOutput(output);
            call.sendMetadata(headOf(requestId, said));
            callback(null, bytes);
          } catch (error) {
            fail(error);
          }
        }, fail);
      } catch (error) {
        fail(error);
      }
    };
  }

  stream(operation: Operation, wire: OperationWire): ServerStream {
    return (call) => {
      const { raw, beatMs } = asked(call);
      const headers = acceptHeaders(raw);
      const requestId = headers['x-request-id'];
      const fail = (error: unknown) => failure(error, requestId, this.domain, this.#onError);
      let said: Headers | undefined;
      const stream = new ItemStream(call, {
        head: () => headOf(requestId, said, beatMs),
        encode: (item) => wire.encodeOutput(item),
        fail,
        beatMs,
      });
      const serve = async () => {
        this.#checkSize(raw);
        const deadline = deadlineOf(call);
        await serveStream(
          this.transport,
          {
            operation,
            input: wire.decodeInput(call.request, this.#maxItems),
            headers,
            deadline,
            peer: peerOf(call),
            onLeave: (listener) => stream.onLeave(() => listener(lateness(deadline))),
            onResponse: ({ headers: set }) => (said = set),
          },
          stream,
        );
        stream.open();
      };
      serve().catch((error: unknown) => stream.refuse(error));
    };
  }

  events(event: EventDefinition, wire: EventWire): ServerStream {
    const encode = encodeOnce((message) => wire.encodeItem({ gap: false, event: message }));
    const gap = wire.encodeItem({ gap: true });
    return (call) => {
      const { raw, beatMs } = asked(call);
      const headers = acceptHeaders(raw);
      const requestId = headers['x-request-id'];
      const fail = (error: unknown) => failure(error, requestId, this.domain, this.#onError);
      const stream = this.#stream(call, { encode, gap, fail, maxBufferedBytes: this.#maxBufferedBytes });
      const subscribe = async () => {
        this.#checkSize(raw);
        const { params, lastEventId } = wire.decodeRequest(call.request);
        const fixed = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
        const request = { event, params: fixed, signal: stream.signal, headers, lastEventId, peer: peerOf(call) };
        await stream.subscribe(() => this.transport.subscribe(request, stream));
        stream.open(headOf(requestId, undefined, beatMs));
        if (beatMs !== undefined && !stream.hasEnded) stream.beat(beatMs);
      };
      subscribe().catch((error: unknown) => call.emit('error', fail(error)));
    };
  }

  /** A caller that sends on a channel calls its operation, and hears all messages of the channel. */
  channel(event: EventDefinition, operation: Operation, wire: ChannelWire): Bidi {
    const { transport } = this;
    const encode = encodeOnce((message) => wire.encodeData(message.data));
    return (call) => {
      const raw = toRawHeaders(call.metadata);
      const headers = acceptHeaders(raw);
      const requestId = headers['x-request-id'];
      const fail = (error: unknown) => failure(error, requestId, this.domain, this.#onError);
      const stream = this.#stream(call, { encode, gap: undefined, fail, maxBufferedBytes: this.#maxBufferedBytes });
      const { signal } = stream;
      const refuse = (error: unknown) => {
        if (!signal.aborted) call.emit('error', fail(error));
      };
      // Each message is a call of its own; an idempotency key would make them all one.
      const { 'idempotency-key': _, ...own } = headers;
      const serveOne = async (bytes: Buffer): Promise<void> => {
        const input = wire.decodeInput(bytes, this.#maxItems);
        let forget = () => {};
        const onLeave = (listener: () => void) => void (forget = onAbort(signal, listener));
        await serveCall(transport, { operation, input, headers: { ...own }, deadline: undefined, peer: peerOf(call), onLeave }).finally(
          () => forget(),
        );
      };
      const open = async () => {
        this.#checkSize(raw);
        await stream.subscribe(() => transport.subscribe({ event, params: {}, signal, headers, peer: peerOf(call) }, stream));
        stream.open(headOf(requestId));
        // One after the other, in the sender's order. Not by iterating, which would destroy the stream at its end, before the status is sent.
        call.on('data', (bytes: Buffer) => {
          call.pause();
          serveOne(bytes).then(() => call.resume(), refuse);
        });
        call.on('end', () => stream.end());
      };
      open().catch(refuse);
    };
  }

  #checkSize(raw: RawHeaders): void {
    if (sizeOf(raw) > this.#maxMetadataBytes)
      throw new ApiError('INVALID_ARGUMENT', `the metadata are larger than ${this.#maxMetadataBytes} bytes`);
  }

  #stream(call: ConstructorParameters<typeof EventStream>[0], options: EventStreamOptions): EventStream {
    const stream = new EventStream(call, options);
    this.#streams.add(stream);
    call.on('cancelled', () => this.#streams.delete(stream));
    return stream;
  }
}

/** The metadata of a request for a stream, and how often its reader wants a sign of life. */
function asked(call: { readonly metadata: Metadata }): { readonly raw: RawHeaders; readonly beatMs: number | undefined } {
  const { [PING_INTERVAL]: interval, ...raw } = toRawHeaders(call.metadata);
  return { raw, beatMs: askedInterval(interval?.[0]) };
}

function headOf(requestId: string | undefined, said?: Headers, beatMs?: number): Metadata {
  const metadata = said ? toMetadata(said) : new Metadata();
  if (beatMs !== undefined) metadata.set(PING_INTERVAL, String(beatMs));
  if (requestId !== undefined) metadata.set('x-request-id', requestId);
  return metadata;
}

function peerOf(call: { getPeer(): string }): Peer {
  // `127.0.0.1:50123`, `::1:50123`, or `unknown`: the port is after the last colon.
  const peer = call.getPeer();
  const colon = peer.lastIndexOf(':');
  return { protocol: 'grpc', address: colon === -1 ? undefined : peer.slice(0, colon) };
}

/** The reason why a call that nobody waits for any more is over, if it is its deadline. Timers may be a millisecond early. */
function lateness(deadline: number | undefined): ApiError | undefined {
  return deadline !== undefined && now() >= deadline - 1 ? deadlineExceeded() : undefined;
}

function deadlineOf(call: { getDeadline(): Date | number }): number | undefined {
  const deadline = Number(call.getDeadline());
  return Number.isFinite(deadline) ? fromEpochMs(deadline) : undefined;
}
