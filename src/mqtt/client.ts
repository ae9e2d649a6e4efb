/**
 * The client of services and devices at an MQTT broker.
 *
 * @module multi-api-sdk/mqtt
 * @group Clients
 */

import { foreign } from '#mqtt-parts';
import type { IPublishPacket } from 'mqtt';
import type { Contract, EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { bytes, count, readOptions } from '../core/options.ts';
import { backoffMs } from '../life/backoff.ts';
import { delay } from '../life/lifetime.ts';
import { defineAdapter, guard, markGuarded } from '../guard/guard.ts';
import { laterTransport } from '../peer/later-transport.ts';
import { joinHeaders, makeRequestId, type HeadersOption } from '../peer/headers.ts';
import { checkSubscription } from '../events/check.ts';
import type { Adapter, CallRequest, EventSink, Headers, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { Calls } from './calls/calls.ts';
import { withPart } from '../life/lazy.ts';
import { reporter } from '../life/report.ts';
import { Connection } from './connection/connection.ts';
import { credentialsFrom } from './connection/credentials.ts';
import { Feed } from './events/feed.ts';
import { Marks } from './events/marks.ts';
import { checkUrl } from './connection/link.ts';
import type { ForeignCalls } from './foreign/calls.ts';
import type * as devices from './foreign/devices.ts';
import type { CompiledMappings, MqttEventMapping, MqttOperationMapping } from './foreign/mapping.ts';
import { CONNECTION_NAMES, CONNECTION_READERS, type MqttConnectionOptions, type MqttWill } from './options.ts';
import { compileTopics, type Topics } from './topics.ts';
import { checkHeaderSize } from './wire.ts';

export type { MqttConnectionOptions, MqttCredentials, MqttTls, MqttWill, WebSocketFactory } from './options.ts';
export type { MqttEventMapping, MqttOperationMapping } from './foreign/mapping.ts';
export type { ForeignMessage } from './foreign/message.ts';
export type { EventMeta, Qos } from './wire.ts';

/** Options of `mqtt`. */
export interface MqttOptions extends MqttConnectionOptions {
  /** Sent with every call, and with subscriptions over MQTT 5; a function is asked again for each call and each subscription. */
  readonly headers?: HeadersOption;
  /**
   * How calls behave while the broker is away: `fail` tries to connect once and rejects with UNAVAILABLE, `queue` waits for it as
   * long as the call's deadline allows. @default 'fail'
   */
  readonly offline?: 'queue' | 'fail';
  /**
   * Maps events of the contract to topics of a foreign broker: `{ temperature: { topic: 'zigbee2mqtt/{device}' } }`. A message that does not fit is reported and ends
   * nothing. @default as this library's services publish them
   */
  readonly events?: Readonly<Record<string, MqttEventMapping>>;
  /** How foreign devices take operations of the contract: `{ setLamp: { topic: 'zigbee2mqtt/{device}/set' } }`. @default requests to a service of this library */
  readonly operations?: Readonly<Record<string, MqttOperationMapping>>;
  /** The message that the broker publishes if this client ends without a DISCONNECT. @default none */
  readonly will?: MqttWill;
  /** A larger reply fails its call with DATA_LOSS, in bytes. @default 8_388_608 (8 MiB) */
  readonly maxResponseBytes?: number;
  /** How many of the last events of each event of the contract are held for loops that fall behind, those of all its channels together. @default 1000 */
  readonly history?: number;
  /**
   * A larger event ends its subscription with DATA_LOSS, because it would come again; a larger message of a foreign device is reported and dropped.
   * In bytes. @default 8_388_608 (8 MiB)
   */
  readonly maxMessageBytes?: number;
  /** Is called for dropped messages, which are not events of the contract. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/**
 * A client over an MQTT broker: events from their topics, calls and streams by request and response.
 * It speaks MQTT 5, and MQTT 3.1.1 if the broker does not. Formats: docs/protocols/mqtt.md.
 */
export function mqtt(options: MqttOptions): Adapter<'call' | 'subscribe' | 'stream'> {
  const read = readOptions(
    'mqtt',
    options,
    {
      ...CONNECTION_READERS,
      history: count(1000, { zero: true }),
      maxMessageBytes: bytes(8_388_608),
      maxResponseBytes: bytes(8_388_608),
    },
    [...CONNECTION_NAMES, 'headers', 'offline', 'events', 'operations', 'will', 'onError'],
  );
  checkUrl(read.url, 'mqtt');
  return defineAdapter<'call' | 'subscribe' | 'stream'>((contract) => {
    const make = (foreign?: typeof devices): Transport => new MqttTransport(contract, read, foreign);
    const isForeign = read.events !== undefined || read.operations !== undefined;
    const transport = isForeign ? laterTransport(contract, 'mqtt', () => withPart(foreign, make)) : make();
    const checked = guard(transport, 'DATA_LOSS');
    // Events are checked by the feed, once for all subscribers: what does not fit is dropped here, and ends nothing.
    return markGuarded({
      contract,
      name: transport.name,
      call: (request) => checked.call(request),
      subscribe(request, sink) {
        if (request.operation) return checked.subscribe(request, sink);
        checkSubscription(request);
        return transport.subscribe(request, sink);
      },
      close: () => transport.close(),
    });
  });
}

/** The options in force: those that are numbers have their defaults. */
type ReadOptions = MqttOptions & Required<Pick<MqttOptions, 'history' | 'maxMessageBytes' | 'maxResponseBytes'>>;

class MqttTransport implements Transport {
  readonly name = 'mqtt';
  readonly #topics: Topics;
  readonly #connection: Connection;
  readonly #calls: Calls;
  #ownHeaders: Headers = {};
  readonly #mappings: CompiledMappings | undefined;
  readonly #foreignCalls: ForeignCalls | undefined;
  readonly #feeds = new Map<EventDefinition, Feed>();
  readonly #marks: Marks;
  readonly #onError: (error: unknown) => void;

  readonly contract: Contract;
  private readonly options: ReadOptions;
  private readonly foreign: typeof devices | undefined;

  constructor(contract: Contract, options: ReadOptions, foreign: typeof devices | undefined) {
    this.contract = contract;
    this.options = options;
    this.foreign = foreign;
    this.#mappings = foreign && new foreign.CompiledMappings(contract, options);
    this.#topics = compileTopics(this.#mappings?.withoutMapped(contract) ?? contract, options.topicPrefix);
    this.#onError = reporter(options.onError);
    this.#connection = new Connection({
      ...(options.headers && { credentials: () => credentialsFrom(this.#ownHeaders) }),
      ...options,
      onMessage: (topic, payload, packet) => this.#take(topic, payload, packet),
      onUp: (link) => {
        this.#marks.onUp(link);
        this.#feeds.forEach((feed) => feed.onUp(link.sessionPresent));
        if (this.#feeds.size > 0) this.#marks.listen(this.#topics);
      },
      onDown: (error) => {
        this.#calls.onDown(error);
        this.#foreignCalls?.onDown(error);
        this.#feeds.forEach((feed) => feed.onDown(error));
      },
      onError: this.#onError,
    });
    this.#marks = new Marks(this.#connection);
    const mayWait = options.offline === 'queue';
    this.#calls = new Calls(this.#connection, this.#topics, options.qos ?? 1, mayWait, options.maxResponseBytes);
    this.#foreignCalls = foreign && new foreign.ForeignCalls(this.#connection, options.qos ?? 1, mayWait, options.maxResponseBytes);
  }

  async call(request: CallRequest): Promise<unknown> {
    if (!Object.hasOwn(this.contract.operations, request.operation.name)) {
      throw new ApiError('UNIMPLEMENTED', `the contract has no operation '${request.operation.name}'`, { sent: false });
    }
    const mapped = this.#mappings?.operation(request.operation);
    if (mapped && this.#foreignCalls) {
      if (this.options.offline === 'queue') await this.#awaitBroker(request.signal);
      return this.#foreignCalls.call(request, mapped);
    }
    const headers = await this.#headers(request.headers);
    if (this.options.offline === 'queue') await this.#awaitBroker(request.signal);
    return this.#calls.call(request, headers);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    if (request.operation) return this.#stream(request, sink);
    const { event } = request;
    const known = this.contract.events[event.name];
    if (!known) throw new ApiError('UNIMPLEMENTED', `the contract has no event '${event.name}'`, { sent: false });
    const headers = await this.#headers(request.headers);
    await this.#feed(known).subscribe(request, sink, headers);
    if (!this.#mappings?.event(known)) this.#marks.listen(this.#topics);
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { name } = request.operation;
    if (!Object.hasOwn(this.contract.operations, name))
      throw new ApiError('UNIMPLEMENTED', `the contract has no operation '${name}'`, { sent: false });
    const headers = await this.#headers(request.headers);
    if (this.options.offline === 'queue') await this.#awaitBroker(request.signal);
    await this.#calls.open(request, sink, headers);
  }

  async close(): Promise<void> {
    this.#calls.close();
    this.#foreignCalls?.close();
    for (const feed of this.#feeds.values()) feed.close();
    await this.#connection.close();
  }

  /** Connects again and again for as long as the caller waits. */
  async #awaitBroker(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !this.#connection.link; attempt++) {
      try {
        await this.#connection.open();
      } catch (error) {
        if ((error as ApiError).code !== 'UNAVAILABLE') throw error;
        await delay(backoffMs(attempt, { maxDelayMs: 5000 }), signal);
      }
    }
  }

  /** The headers of a request. The function that gives the adapter's own is asked once for it; a connection that it makes says the same. */
  async #headers(given: Headers): Promise<Headers> {
    const joined = joinHeaders(this.options.headers, {});
    this.#ownHeaders = joined instanceof Promise ? await joined : joined;
    const headers = { ...this.#ownHeaders, ...given };
    checkHeaderSize(headers);
    return headers;
  }

  #take(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    if (this.#calls.isReply(topic)) return this.#calls.take(payload, packet);
    if (this.#marks.take(this.#topics, this.#feeds, topic, payload)) return;
    const event = this.#topics.eventOf(topic);
    if (event) this.#feeds.get(event)?.take(topic, payload, packet);
    if (!this.#mappings) return event ? undefined : this.#marks.stray(this.#feeds);
    this.#foreignCalls?.take(topic, payload, packet);
    const { subscriptionIdentifier: given } = packet.properties ?? {};
    const identifiers = given === undefined ? undefined : [given].flat();
    for (const [event, feed] of this.#feeds) {
      const mapped = this.#mappings.event(event);
      // Where filters overlap, the broker may send a message for each: the number tells for which. Else the topic does.
      if (mapped && (mapped.identifier === undefined || (identifiers?.includes(mapped.identifier) ?? true)))
        feed.take(topic, payload, packet);
    }
  }

  #feed(event: EventDefinition): Feed {
    let feed = this.#feeds.get(event);
    if (!feed) {
      const { qos = 1, history, maxMessageBytes } = this.options;
      const mapped = this.#mappings?.event(event);
      const init = {
        connection: this.#connection,
        topics: this.#topics,
        qos,
        holes: this.#marks.holes,
        mapped,
        history,
        maxMessageBytes,
        makeId: makeRequestId,
        origin: this.options.url,
        isStanding: false,
        onError: this.#onError,
      };
      feed = new Feed(event, init, mapped && this.foreign?.compileForeignDecoder(event, mapped, init));
      this.#feeds.set(event, feed);
    }
    return feed;
  }
}
