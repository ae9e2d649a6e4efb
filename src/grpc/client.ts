/**
 * The client of gRPC services.
 *
 * @module multi-api-sdk/grpc
 * @group Clients
 */

import {
  Channel,
  credentials,
  status as Status,
  type ChannelCredentials,
  type Client,
  type Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Contract } from '../core/contract.ts';
import { ApiError, clientClosed, noMember } from '../core/errors.ts';
import { bytes, ms, readOptions } from '../core/options.ts';
import { cancelled, onAbort, throwIfCancelled } from '../life/lifetime.ts';
import { endingOf } from '../life/call.ts';
import { defineAdapter } from '../guard/guard.ts';
import { readContext, takerOfMapped } from '../guard/mapped-sink.ts';
import type { HeadersOption } from '../peer/headers.ts';
import { guardOnWire, type OnWire } from '../peer/on-wire.ts';
import type { ClientTls } from '../http/client/fetch-like.ts';
import type {
  Adapter,
  CallRequest,
  EventRequest,
  EventSink,
  OnResponse,
  StreamRequest,
  SubscribeRequest,
  Transport,
} from '../core/transport.ts';
import { isoNow } from '../life/now.ts';
import { reporter } from '../life/report.ts';
import { targetOf, type Target } from './address.ts';
import { buffersOf } from './codec/buffers.ts';
import { unreadable } from './codec/value.ts';
import { noneIfEndless } from './endless.ts';
import { ChannelCarrier, ClientCarrier, type Carrier, type OpenCall, type Outgoing } from './carrier.ts';
import { compileForeign, type ForeignOptions } from './foreign/foreign.ts';
import { encodeInput } from './codec/encode-input.ts';
import type { ProtoLock } from './proto/lock.ts';
import { OwnMetadata, receivedBeside, shown } from './metadata.ts';
import { errorOf } from './received-status.ts';
import { Sockets } from './streams/sockets.ts';
import { isBeat, Pulse, PING_INTERVAL } from './streams/pulse.ts';
import { protoOf } from './proto/described.ts';
import { compileWire, type EventWire, type OperationWire, type StreamItem } from './wire.ts';
import { isPromiseLike } from '../life/maybe.ts';

export type {
  DescriptorSource,
  FileLike,
  ForeignDefinition,
  ForeignOptions,
  ForeignRpc,
  GrpcEvent,
  GrpcOperation,
  LoadedPackage,
  ServiceLike,
} from './foreign/foreign.ts';
export type { ReadContext } from '../guard/mapped-sink.ts';
export type { LockedField, LockedType, ProtoLock } from './proto/lock.ts';
export type { ClientTls } from '../http/client/fetch-like.ts';
export type { OnWire, WireRecord } from '../peer/on-wire.ts';
export type { ChannelCredentials, Client } from '@grpc/grpc-js';

/** Options of `grpc`. */
export interface GrpcOptions extends ForeignOptions {
  /**
   * The address of the API: `127.0.0.1:50051`, `http://localhost:50051`, with TLS `https://example.com`; or several IP addresses, which take turns (round robin).
   */
  readonly url: string | readonly string[];
  /** Metadata of every call. A function is asked again for each call and each reconnect, so tokens can refresh.
   * Names that end with `-bin` have base64 values and are sent as bytes. */
  readonly headers?: HeadersOption;
  /** Sees what really went over the wire, credentials redacted; bodies as base64. */
  readonly onWire?: OnWire;
  /** TLS beyond what an `https://` url means. */
  readonly tls?: ClientTls;
  /** grpc-js's own credentials instead of `tls`. */
  readonly credentials?: ChannelCredentials;
  /** A larger answer or event ends its call or subscription with DATA_LOSS. @default 4_194_304 (4 MiB, as in every gRPC library) */
  readonly maxResponseBytes?: number;
  /**
   * How often a connection with calls on it is checked, in milliseconds; servers close connections that ping more often than every 5 minutes,
   * unless they are told otherwise. @default 330_000
   */
  readonly keepAliveMs?: number;
  /**
   * How often a service of this library gives a sign of life on each stream of events or items, in milliseconds: without one for twice as long the stream is
   * taken for lost. A subscription resumes then, and a streamed operation ends with UNAVAILABLE. A connection on which nothing comes for so long between two calls that passed their deadline is left too.
   * `Infinity` for never. @default 30_000
   */
  readonly pingIntervalMs?: number;
  /** Gets messages of a foreign service's streams that are not the event of their mapping; they end nothing. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** The lock of the .proto file from which the server was built, if the contract has changed since its first version. */
  readonly lock?: ProtoLock;
  /** Carries the calls, with its interceptors: one of grpc-js, which is not closed with this adapter. @default a channel made from the options above */
  readonly client?: Client;
}

/**
 * A client for gRPC services on Node: calls as unary rpcs, events as server streams, errors with `google.rpc` details.
 * With `definition`, `operations` and `events` it calls services that someone else designed. Formats: docs/protocols/grpc.md.
 */
export function grpc(options: GrpcOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const inForce = readOptions(
    'grpc',
    options,
    { maxResponseBytes: bytes(4_194_304), keepAliveMs: ms(330_000), pingIntervalMs: ms(30_000) },
    ['url', 'headers', 'onWire', 'tls', 'credentials', 'lock', 'client', 'definition', 'descriptors', 'operations', 'events', 'onError'],
  );
  const target = targetOf(options.url);
  const guarded = guardOnWire(inForce);
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => new GrpcTransport(contract, target, guarded));
}

/** With every number in force. */
type Options = GrpcOptions & Required<Pick<GrpcOptions, 'maxResponseBytes' | 'keepAliveMs' | 'pingIntervalMs'>>;

/** A stream of messages, and its reader. */
interface Listening {
  /** Of the operation or event, for messages. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly sink: EventSink;
  /** Takes a message; no more is read while a promise is pending. */
  readonly take: (bytes: Buffer) => void | Promise<void>;
  readonly isForeign: boolean;
  readonly isEvent: boolean;
  readonly onResponse?: OnResponse | undefined;
}

class GrpcTransport implements Transport {
  readonly name = 'grpc';
  readonly #operations: ReadonlyMap<string, OperationWire>;
  readonly #events: ReadonlyMap<string, EventWire>;
  readonly #carrier: Carrier;
  readonly #own: OwnMetadata;
  readonly #open = new Set<OpenCall>();
  #isClosed = false;

  readonly contract: Contract;
  private readonly options: Options;

  constructor(contract: Contract, target: Target, options: Options) {
    this.contract = contract;
    this.options = options;
    this.#own = new OwnMetadata(options.headers);
    const wire = compileWire(protoOf(contract, options.lock), buffersOf);
    const { operations, events } = compileForeign(contract, wire, options);
    this.#operations = operations;
    this.#events = events;
    this.#carrier = options.client ? new ClientCarrier(options.client) : channelCarrier(target, options);
  }

  call(request: CallRequest): Promise<unknown> {
    try {
      const { name } = request.operation;
      const wire = this.#operations.get(name);
      if (!wire) throw noMember('operation', name);
      const body = encodeInput(() => wire.encodeInput(request.input));
      const joined = this.#own.join(request.headers);
      if (isPromiseLike(joined)) return joined.then((metadata) => this.#call(request, wire, body, metadata));
      return this.#call(request, wire, body, joined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #call(request: CallRequest, wire: OperationWire, body: Buffer, metadata: Metadata): Promise<unknown> {
    const { operation, deadline } = request;
    const ending = endingOf(request);
    if (ending.reason) throw ending.reason;
    const outgoing = this.#send({ path: wire.path, body, metadata, deadline });
    return new Promise((resolve, reject) => {
      const call = this.#carrier.unary(outgoing, (status, bytes, head) => {
        stop();
        this.#open.delete(call);
        request.onResponse?.({ headers: receivedBeside(head, status.metadata) });
        if (status.code !== Status.OK) return reject(this.#failure(status, head !== undefined, ending.reason));
        try {
          if (!bytes) throw new TypeError('there is not one message');
          this.#onWire('in', '0 OK', undefined, bytes);
          resolve(operation.output ? wire.decodeOutput(bytes) : undefined);
        } catch (cause) {
          reject(unreadable(operation.name, 'the reply', cause));
        }
      });
      this.#open.add(call);
      const stop = ending.listen((reason) => {
        if (reason.code === 'DEADLINE_EXCEEDED') this.#carrier.suspect(this.options.pingIntervalMs);
        call.cancel();
      });
    });
  }

  async subscribe(asked: SubscribeRequest, sink: EventSink): Promise<void> {
    if (asked.operation) return this.#stream(asked, sink);
    const request = asked;
    const { event, params, lastEventId, signal } = request;
    const wire = this.#events.get(event.name);
    if (!wire) throw noMember('event', event.name);
    const body = encodeInput(() => wire.encodeRequest({ lastEventId, params }));
    const metadata = await this.#own.join(request.headers);
    throwIfCancelled(signal, false);
    if (!wire.isForeign) this.#askForPulse(metadata);
    const acknowledged = this.#read(this.#send({ path: wire.path, body, metadata, deadline: undefined }), wire, request, sink);
    if (!wire.isForeign) return acknowledged;
    // Nothing says when such a stream has begun, and what came before cannot be asked for.
    acknowledged.catch(() => {});
    if (lastEventId !== undefined) sink.gap();
  }

  /** Runs a streamed operation: its items are the messages of the answer, of which no more are read than the sink takes. */
  async #stream({ operation: { name }, input, headers, deadline, signal, onResponse }: StreamRequest, sink: EventSink): Promise<void> {
    const wire = this.#operations.get(name);
    if (!wire) throw noMember('operation', name);
    const body = encodeInput(() => wire.encodeInput(input));
    const metadata = await this.#own.join(headers);
    throwIfCancelled(signal, false);
    const isForeign = wire.isForeign === true;
    if (!isForeign) this.#askForPulse(metadata);
    const outgoing = this.#send({ path: wire.path, body, metadata, deadline });
    let number = 0;
    const { context, settle } = readContext(sink);
    const take = (bytes: Buffer): void | Promise<void> => {
      const data = wire.decodeOutput(bytes, context);
      // A message of a foreign stream that `read` takes for no item.
      const taken = data === undefined ? undefined : sink.next({ id: String(++number), time: isoNow(), data });
      if (taken) return taken.then(() => void settle());
      settle();
    };
    await this.#listen(outgoing, { name, signal, sink, take, isForeign, isEvent: false, onResponse });
  }

  #askForPulse(metadata: Metadata): void {
    const { pingIntervalMs } = this.options;
    if (pingIntervalMs !== Infinity) metadata.set(PING_INTERVAL, String(Math.ceil(pingIntervalMs)));
  }

  /** Resolves with the head of the answer, which is the acknowledgement. */
  #read(outgoing: Outgoing, wire: EventWire, { event: { name }, signal }: EventRequest, sink: EventSink): Promise<void> {
    const { isForeign } = wire;
    if (isForeign) {
      const taker = takerOfMapped(name, sink, reporter(this.options.onError), true);
      const dataOf = (item: StreamItem | undefined) => (item?.gap === false ? item.event.data : undefined);
      const mapped = (bytes: Buffer): void => void taker((context) => dataOf(wire.decodeItem(bytes, context)));
      return this.#listen(outgoing, { name, signal, sink, take: mapped, isForeign, isEvent: true });
    }
    const take = (bytes: Buffer): void => {
      const item = wire.decodeItem(bytes);
      if (item?.gap === true) sink.gap();
      else if (item) void sink.next(item.event);
    };
    return this.#listen(outgoing, { name, signal, sink, take, isForeign, isEvent: true });
  }

  #listen(outgoing: Outgoing, { name, signal, sink, take, isForeign, isEvent, onResponse }: Listening): Promise<void> {
    return new Promise((resolve, reject) => {
      let ended = false;
      let hasHead = false;
      let acknowledged = isEvent && isForeign;
      const acknowledge = () => {
        acknowledged = true;
        resolve();
      };
      const end = (error?: ApiError) => {
        if (ended) return;
        ended = true;
        pulse?.stop();
        unlink();
        this.#open.delete(call);
        if (error && !acknowledged) return reject(error);
        acknowledge();
        if (!signal.aborted) sink.end(error);
      };
      const lost = () => {
        end(new ApiError('UNAVAILABLE', 'the server has fallen silent', { remote: true }));
        call.cancel();
      };
      let pulse: Pulse | undefined;
      const { pingIntervalMs } = this.options;
      const begin = () => new Pulse(pingIntervalMs, () => this.#carrier.suspect(pingIntervalMs * 0.9), lost);
      const call = this.#carrier.stream(outgoing, {
        head: (metadata) => {
          hasHead = true;
          const beats = !isForeign && metadata.get(PING_INTERVAL).length > 0;
          if (beats && !ended) pulse ??= begin();
          pulse?.head(beats);
          this.#onWire('in', 'headers', metadata, undefined);
          onResponse?.({ headers: receivedBeside(metadata) });
          acknowledge();
        },
        message: (bytes) => {
          if (ended) return;
          this.#onWire('in', name, undefined, bytes);
          pulse?.message();
          if (pulse && isBeat(bytes)) return;
          try {
            const taken = take(bytes);
            if (taken) pulse?.hold(taken);
            return taken;
          } catch (cause) {
            end(unreadable(name, 'a message', cause));
            call.cancel();
          }
        },
        status: (status) => {
          if (status.code === Status.OK) return end();
          end(this.#failure(status, hasHead, signal.aborted ? cancelled(signal) : undefined));
        },
      });
      this.#open.add(call);
      const unlink = onAbort(signal, () => call.cancel());
      // The handler of a streamed operation may take its time before there is a head.
      if (isEvent && !isForeign && !ended) pulse ??= begin();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const call of this.#open) call.cancel();
    await this.#carrier.close();
  }

  #send(outgoing: Outgoing): Outgoing {
    if (this.#isClosed) throw clientClosed(false);
    this.#onWire('out', outgoing.path, outgoing.metadata, outgoing.body);
    return outgoing;
  }

  #failure(status: StatusObject, hasHead: boolean, reason: ApiError | undefined): ApiError {
    this.#onWire('in', `${status.code} ${Status[status.code] ?? ''}: ${status.details}`, status.metadata, undefined);
    return reason ?? errorOf(status, hasHead);
  }

  #onWire(direction: 'out' | 'in', start: string, metadata: Metadata | undefined, body: Buffer | undefined): void {
    if (!this.options.onWire) return;
    this.options.onWire({ protocol: 'grpc', direction, start, headers: metadata ? shown(metadata) : {}, body: body?.toString('base64') });
  }
}

function channelCarrier({ target, isSecure, isSeveral }: Target, options: Options): Carrier {
  const { tls, maxResponseBytes, keepAliveMs } = options;
  const channelCredentials = options.credentials ?? (isSecure || tls ? secure(tls) : credentials.createInsecure());
  const sockets = new Sockets();
  const channel = new Channel(target, sockets.watch(channelCredentials), {
    // Retrying and reconnecting are the core's.
    'grpc.enable_retries': 0,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1000,
    'grpc.max_receive_message_length': noneIfEndless(maxResponseBytes),
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': noneIfEndless(keepAliveMs),
    'grpc.keepalive_timeout_ms': 20_000,
    // Two clients share no connection, so that closing one closes its own.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config_disable_resolution': 1,
    // Nobody can ask for its figures.
    'grpc.enable_channelz': 0,
    ...(isSeveral && { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) }),
    ...(tls?.servername !== undefined && { 'grpc.ssl_target_name_override': tls.servername, 'grpc.default_authority': tls.servername }),
  });
  return new ChannelCarrier(channel, sockets);
}

function secure({ rejectUnauthorized, servername: _, ...certificates }: ClientTls = {}): ChannelCredentials {
  const verify = rejectUnauthorized === undefined ? {} : { rejectUnauthorized };
  return credentials.createFromSecureContext(createSecureContext(certificates as SecureContextOptions), verify);
}
