import type { IPublishPacket } from 'mqtt';
import type { Contract, EventDefinition } from '../core/contract.ts';
import { type ApiError, noMember } from '../core/errors.ts';
import type { CallRequest, EventSink, Headers, StreamRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { backoffMs } from '../life/backoff.ts';
import type { Part } from '../life/lazy.ts';
import { delay } from '../life/lifetime.ts';
import { reporter } from '../life/report.ts';
import { joinHeaders, makeRequestId } from '../peer/headers.ts';
import { Calls } from './calls/calls.ts';
import type { OptionsInForce } from './client-options.ts';
import { Connection } from './connection/connection.ts';
import { credentialsFrom } from './connection/credentials.ts';
import type { Feed } from './events/feed.ts';
import type * as feeds from './events/feed.ts';
import { Marks } from './events/marks.ts';
import type { ForeignCalls } from './foreign/calls.ts';
import type * as devices from './foreign/devices.ts';
import type { CompiledMappings } from './foreign/mapping.ts';
import { compileTopics, type Topics } from './topics.ts';
import { checkHeaderSize } from './wire.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** The transport of a contract over a broker. Pages load it, and mqtt.js with it, after the client was made. */
export class MqttTransport implements Transport {
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
  private readonly options: OptionsInForce;
  private readonly feeding: Part<typeof feeds>;
  private readonly foreign: typeof devices | undefined;

  /** `feeding` is what reads events, which a program that only calls does not load. */
  constructor(contract: Contract, options: OptionsInForce, feeding: Part<typeof feeds>, foreign: typeof devices | undefined) {
    this.contract = contract;
    this.options = options;
    this.feeding = feeding;
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
      throw noMember('operation', request.operation.name);
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
    if (!known) throw noMember('event', event.name);
    const headers = await this.#headers(request.headers);
    const part = this.feeding();
    const { Feed } = isPromiseLike(part) ? await part : part;
    await this.#feed(Feed, known).subscribe(request, sink, headers);
    if (!this.#mappings?.event(known)) this.#marks.listen(this.#topics);
  }

  async #stream(request: StreamRequest, sink: EventSink): Promise<void> {
    const { name } = request.operation;
    if (!Object.hasOwn(this.contract.operations, name)) throw noMember('operation', name);
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
    this.#ownHeaders = isPromiseLike(joined) ? await joined : joined;
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
      // If filters overlap, the broker may send a message for each: the number tells for which. Else the topic does.
      if (mapped && (mapped.identifier === undefined || (identifiers?.includes(mapped.identifier) ?? true)))
        feed.take(topic, payload, packet);
    }
  }

  #feed(Feed: typeof feeds.Feed, event: EventDefinition): Feed {
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
