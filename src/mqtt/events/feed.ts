import type { IPublishPacket } from 'mqtt';
import type { EventDefinition } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { compileMatch } from '../../events/hub.ts';
import { onAbort } from '../../life/lifetime.ts';
import { isPause } from '../../events/reconnect.ts';
import type { EventMessage, EventSink, Headers, SubscribeRequest } from '../../core/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { compileDecoder, type DecodeEvent, type EventDecoderInit } from './decoder.ts';
import { History } from './history.ts';
import { eventMeta, type Qos } from '../wire.ts';

/** How long messages are still taken for a subscriber that paused or lost its connection, in milliseconds. */
const LINGER_MS = 60_000;

export interface FeedInit extends EventDecoderInit {
  readonly connection: Connection;
  readonly qos: Qos;
  /** How many of the last events are held for subscribers that resume. */
  readonly history: number;
  /** Whether subscribers outlive a lost connection; else they are ended with UNAVAILABLE and come back by themselves. */
  readonly isStanding: boolean;
  readonly onError: (error: unknown) => void;
}

interface Subscriber {
  readonly sink: EventSink;
  readonly matches: (message: EventMessage) => boolean;
  /** What came before the acknowledgement. */
  early: EventMessage[] | undefined;
}

/** One event as it comes from the broker, for all subscribers of a connection: one subscription there, validated once. */
export class Feed {
  readonly #subscribers = new Set<Subscriber>();
  readonly #history: History;
  readonly #decode: DecodeEvent;
  /** What is subscribed to at the broker. */
  #filter: string | undefined;
  #subscribing: Promise<void> | undefined;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #last: Promise<unknown> | undefined;

  private readonly event: EventDefinition;
  private readonly init: FeedInit;

  constructor(event: EventDefinition, init: FeedInit) {
    this.event = event;
    this.init = init;
    this.#history = new History(init.history);
    this.#decode = compileDecoder(event, init);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink, headers: Headers): Promise<void> {
    const { signal, params, lastEventId } = request;
    if (signal.aborted) return;
    clearTimeout(this.#linger);
    const subscriber: Subscriber = { sink, matches: compileMatch(request), early: [] };
    this.#subscribers.add(subscriber);
    try {
      await this.#ensure(this.init.topics.filter(this.event, this.init.isStanding ? {} : params), headers);
    } catch (error) {
      // The session at the broker may still be there for the next try.
      this.#leave(subscriber, true);
      throw error;
    }
    if (signal.aborted || !this.#subscribers.has(subscriber)) {
      this.#leave(subscriber, false);
      if (!signal.aborted) throw new ApiError('UNAVAILABLE', 'the connection to the broker was lost');
      return;
    }
    onAbort(signal, () => this.#leave(subscriber, isPause(signal.reason)));
    const missed = lastEventId === undefined ? undefined : this.#history.after(lastEventId);
    const early = subscriber.early ?? [];
    subscriber.early = undefined;
    if (lastEventId !== undefined && !missed) sink.gap();
    for (const message of missed ?? early) if (subscriber.matches(message) && !signal.aborted) void sink.next(message);
  }

  /** Takes a message of the event's topics. */
  take(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    try {
      // Asynchronous checks are chained, so that events keep their order.
      const decoded = this.#last ? this.#last.then(() => this.#decode(topic, payload, packet)) : this.#decode(topic, payload, packet);
      if (!(decoded instanceof Promise)) return decoded && this.#emit(decoded);
      const mine: Promise<void> = decoded
        .then((message) => message && this.#emit(message))
        .catch(this.init.onError)
        .then(() => {
          if (this.#last === mine) this.#last = undefined;
        });
      this.#last = mine;
    } catch (error) {
      this.init.onError(error);
    }
  }

  /** A new connection. Without its session, what was published in between is lost. */
  onUp(hasSession: boolean): void {
    if (hasSession && this.#filter !== undefined) {
      if (this.#subscribers.size === 0) this.#startLinger();
      return;
    }
    const filter = this.#filter;
    this.#filter = undefined;
    this.#history.clear();
    if (!this.init.isStanding || filter === undefined) return;
    for (const { sink } of this.#subscribers) sink.gap();
    this.#ensure(filter, {}).catch((error: unknown) => {
      this.init.onError(error);
      // Where the connection was lost, the next one tries again; a broker that refuses leaves nobody who believes to be subscribed.
      if (!this.init.connection.link) this.#filter = filter;
      else this.#endAll(new ApiError('UNAVAILABLE', `the broker did not take the subscription to ${this.event.name}`, { cause: error }));
    });
  }

  onDown(error: ApiError): void {
    this.#subscribing = undefined;
    clearTimeout(this.#linger);
    if (this.init.isStanding) return;
    this.#endAll(new ApiError('UNAVAILABLE', error.text, { cause: error }));
  }

  close(): void {
    clearTimeout(this.#linger);
    this.#endAll(new ApiError('CANCELLED', 'the transport was closed'));
  }

  #endAll(error: ApiError): void {
    const ended = [...this.#subscribers];
    this.#subscribers.clear();
    for (const { sink, early } of ended) if (!early) sink.end(error);
  }

  #emit(message: EventMessage): void {
    if (!this.#history.add(message)) return;
    for (const subscriber of this.#subscribers) {
      if (!subscriber.matches(message)) continue;
      if (subscriber.early) subscriber.early.push(message);
      else void subscriber.sink.next(message);
    }
  }

  /** Subscribes at the broker to `filter`, or to all of the event where others want other parts: two filters that overlap bring messages twice. */
  async #ensure(filter: string, headers: Headers): Promise<void> {
    const { connection, topics, qos } = this.init;
    // First, because a new connection without its session forgets the filter.
    await connection.open();
    // Again, because several may have waited for the same one.
    while (this.#subscribing) await this.#subscribing.catch(() => {});
    const all = topics.filter(this.event, {});
    if (this.#filter === filter || this.#filter === all) return;
    const before = this.#filter;
    const wanted = before === undefined ? filter : all;
    const subscribing = connection.subscribe(wanted, eventMeta(this.event).qos ?? qos, headers);
    this.#subscribing = subscribing;
    try {
      await subscribing;
      this.#filter = wanted;
      if (before !== undefined) void connection.unsubscribe(before);
    } finally {
      if (this.#subscribing === subscribing) this.#subscribing = undefined;
    }
  }

  #leave(subscriber: Subscriber, mayComeBack: boolean): void {
    if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0 || this.init.isStanding) return;
    if (mayComeBack) this.#startLinger();
    else this.#release();
  }

  #startLinger(): void {
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => this.#release(), LINGER_MS);
    (this.#linger as { unref?: () => void }).unref?.();
  }

  #release(): void {
    if (this.#subscribers.size > 0 || this.#filter === undefined || this.#subscribing) return;
    void this.init.connection.unsubscribe(this.#filter);
    this.#filter = undefined;
    this.#history.clear();
  }
}
