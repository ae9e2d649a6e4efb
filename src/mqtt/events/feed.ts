import type { IPublishPacket } from 'mqtt';
import type { EventDefinition } from '../../core/contract.ts';
import { ApiError, transportClosed } from '../../core/errors.ts';
import { compileMatch } from '../../events/hub.ts';
import { Recent } from '../../life/recent.ts';
import { onAbort } from '../../life/lifetime.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import { PAUSED } from '../../life/mending.ts';
import type { EventMessage, EventSink, Headers, EventRequest } from '../../core/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { compileDecoder, TooLarge, type Decoded, type DecodeEvent, type EventDecoderInit } from './decoder.ts';
import { readContext } from '../../guard/mapped-sink.ts';
import { overlap } from '../filters.ts';
import type { MappedEvent } from '../foreign/mapping.ts';
import { History } from './history.ts';
import { eventInfo, eventMeta, lineageOf, type Qos } from '../wire.ts';
import type { Holes } from './lineage.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** How long messages are still taken for a subscriber that paused or lost its connection, in milliseconds. */
const LINGER_MS = 60_000;

/** Topics of which the last message is remembered. */
const MAX_TOPICS = 10_000;

export interface FeedInit extends EventDecoderInit {
  readonly connection: Connection;
  readonly qos: Qos;
  /** Notices what is missing; shared by the feeds of a connection. */
  readonly holes: Holes;
  /** How a foreign broker has the event; ours without. */
  readonly mapped?: MappedEvent | undefined;
  /** How many of the last events are held for subscribers that resume. */
  readonly history: number;
  /** Whether subscribers outlive a lost connection; else they are ended with UNAVAILABLE and come back by themselves. */
  readonly isStanding: boolean;
  readonly onError: (error: unknown) => void;
}

interface Subscriber {
  readonly sink: EventSink;
  readonly matches: (message: EventMessage) => boolean;
  /** The filter that it would subscribe to if it were the only one. */
  readonly filter: string;
  /** How many messages had come when it subscribed. */
  readonly since: number;
  /** Messages that came before the acknowledgement; `undefined` is a gap. */
  early: (EventMessage | undefined)[] | undefined;
  /** Bytes that more of them may have; -Infinity if some were dropped. */
  room: number;
  /** How it was ended before the acknowledgement. */
  ended?: readonly [error: ApiError | undefined];
}

/** Bytes that a broker may send before it acknowledges a subscription; each message counts for one KiB more. */
const EARLY_BYTES = 8_388_608;

/** One event as it comes from the broker, for all subscribers of a connection: one subscription there, validated once. */
export class Feed {
  readonly #subscribers = new Set<Subscriber>();
  readonly #history: History;
  readonly #decode: DecodeEvent;
  /** The subscriptions at the broker. */
  #filter: string | undefined;
  #subscribing: Promise<void> | undefined;
  #stopLinger: StopTimer | undefined;
  #last: Promise<unknown> | undefined;
  /** The topic of the message that is being read. */
  #topic = '';
  /** For mappings. A gap or an end is for those who hear the topic. */
  readonly #reads = readContext({ gap: () => this.tellGap(this.#topic), end: (error) => this.#endTopic(this.#topic, error) });
  #count = 0;
  /** Which message was the last on a topic: a retained one is for those who have seen none there since they subscribed. */
  readonly #lastOn = new Recent<string, number>(MAX_TOPICS);

  private readonly event: EventDefinition;
  private readonly init: FeedInit;

  /** `decode` reads the messages of foreign devices. */
  constructor(event: EventDefinition, init: FeedInit, decode?: DecodeEvent) {
    this.event = event;
    this.init = init;
    this.#history = new History(init.history);
    this.#decode = decode ?? compileDecoder(event, init);
  }

  async subscribe(request: EventRequest, sink: EventSink, headers: Headers): Promise<void> {
    const { signal, params, lastEventId } = request;
    if (signal.aborted) return;
    this.#stopLinger?.();
    const filter = this.#filterFor(this.init.isStanding ? {} : params);
    const subscriber: Subscriber = { sink, matches: compileMatch(request), filter, since: this.#count, early: [], room: EARLY_BYTES };
    this.#subscribers.add(subscriber);
    // A broker may never acknowledge it.
    const stopWatching = onAbort(signal, () => void this.#subscribers.delete(subscriber));
    try {
      // One that resumes has seen what is retained.
      await this.#ensure(filter, headers, lastEventId === undefined && this.#mayBeRetained);
    } catch (error) {
      // The session at the broker may still be there for the next try.
      this.#leave(subscriber, true);
      throw error;
    } finally {
      stopWatching();
    }
    if (signal.aborted) return this.init.isStanding ? undefined : this.#release();
    const { ended } = subscriber;
    if (ended) this.#release();
    if (ended?.[0]) throw ended[0];
    onAbort(signal, () => this.#leave(subscriber, signal.reason === PAUSED));
    const missed = lastEventId === undefined ? undefined : this.#history.after(lastEventId);
    const early = subscriber.early ?? [];
    subscriber.early = undefined;
    if (lastEventId !== undefined && (!missed || this.#history.isBeforeGap(lastEventId))) sink.gap();
    for (const message of missed ?? early) {
      if (signal.aborted) break;
      if (!message) {
        sink.gap();
        continue;
      }
      if (subscriber.matches(message)) void sink.next(message);
      if (missed && this.#history.isBeforeGap(message.id) && !signal.aborted) sink.gap();
    }
    if (!missed && subscriber.room === -Infinity && !signal.aborted) sink.gap();
    if (ended) sink.end();
  }

  /** Takes a message of the event's topics. */
  take(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    try {
      // Asynchronous checks are chained, so that events keep their order.
      const decode = () => {
        this.#topic = topic;
        return this.#decode(topic, payload, packet, this.#reads.context);
      };
      const decoded = this.#last ? this.#last.then(decode) : decode();
      if (!isPromiseLike(decoded)) return this.#emit(decoded, topic, packet);
      const mine: Promise<void> = decoded
        .then((message) => this.#emit(message, topic, packet))
        .catch((error: unknown) => this.#drop(error, topic, packet))
        .then(() => {
          if (this.#last === mine) this.#last = undefined;
        });
      this.#last = mine;
    } catch (error) {
      this.#drop(error, topic, packet);
    }
  }

  /** Events of a topic are missing here; without one, of any. */
  tellGap(topic?: string): void {
    this.#history.addGap();
    for (const { sink, filter, early } of this.#subscribers) {
      if (topic !== undefined && !overlap(filter, topic)) continue;
      if (!early) sink.gap();
      // Before the first message there is nothing to miss.
      else if (early.at(-1)) early.push(undefined);
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
    this.#reads.context.state.clear();
    if (!this.init.isStanding || filter === undefined) return;
    for (const { sink } of this.#subscribers) sink.gap();
    this.#ensure(filter, {}, false).catch((error: unknown) => {
      this.init.onError(error);
      // If the connection was lost, the next one tries again. If a broker refuses, every subscriber is told.
      if (!this.init.connection.link) this.#filter = filter;
      else this.#endAll(new ApiError('UNAVAILABLE', `the broker did not take the subscription to ${this.event.name}`, { cause: error }));
    });
  }

  onDown(error: ApiError): void {
    this.#subscribing = undefined;
    this.#stopLinger?.();
    if (this.init.isStanding) return;
    this.#endAll(new ApiError('UNAVAILABLE', error.text, { cause: error }));
  }

  close(): void {
    this.#stopLinger?.();
    this.#endAll(transportClosed());
  }

  #endAll(error: ApiError): void {
    this.#end([...this.#subscribers], error);
  }

  #end(ended: readonly Subscriber[], error: ApiError | undefined): void {
    for (const subscriber of ended) this.#subscribers.delete(subscriber);
    for (const subscriber of ended)
      if (subscriber.early) subscriber.ended = [error];
      else subscriber.sink.end(error);
  }

  /**
   * A misfit is reported and ends nothing. On a topic of ours it was an event that its way has spoiled, so its subscriber is told of a gap.
   * One that is too large would come again: there the subscription ends, unless it outlives connections.
   */
  #drop(error: unknown, topic: string, { properties, retain }: IPublishPacket): void {
    const isTooLarge = error instanceof TooLarge;
    // A retained message is not on its way now.
    if (this.init.mapped || (retain && !isTooLarge)) return this.init.onError(error);
    if (!isTooLarge || this.init.isStanding) {
      this.init.onError(error);
      const { id } = eventInfo(properties);
      const lineage = lineageOf(properties);
      // So that the next event does not tell the same gap again.
      if (id !== undefined && lineage) this.init.holes.isBefore(topic, id, lineage);
      return this.tellGap(topic);
    }
    this.#endTopic(topic, new ApiError('DATA_LOSS', error.message));
  }

  #endTopic(topic: string, error: ApiError | undefined): void {
    this.#end(
      [...this.#subscribers].filter(({ filter }) => overlap(filter, topic)),
      error,
    );
    this.#release();
  }

  #emit(decoded: Decoded | undefined, topic: string, packet: IPublishPacket): void {
    if (decoded) this.#emitAll(decoded, topic, packet);
    this.#reads.settle();
  }

  #emitAll(decoded: Decoded, topic: string, packet: IPublishPacket): void {
    const last = this.#lastOn.get(topic) ?? 0;
    this.#lastOn.set(topic, ++this.#count);
    for (const message of isList(decoded) ? decoded : [decoded]) this.#emitOne(message, topic, packet, last);
  }

  #emitOne(message: EventMessage, topic: string, { retain: isRetained, properties, payload }: IPublishPacket, last: number): void {
    const lineage = isRetained ? undefined : lineageOf(properties);
    const isKnown = this.#history.has(message.id);
    if (lineage && isKnown) this.init.holes.repeat(topic, message.id, lineage);
    if (lineage && !isKnown && this.init.holes.isBefore(topic, message.id, lineage)) this.tellGap(topic);
    if (!this.#history.add(message, payload.length) && !isRetained) return;
    let isAsked = !isRetained;
    for (const subscriber of this.#subscribers) {
      if (!subscriber.matches(message) || (isRetained && last > subscriber.since)) continue;
      isAsked = true;
      if (subscriber.early) hold(subscriber, message, payload.length);
      else void subscriber.sink.next(message);
    }
    // Over MQTT 5 the next event says whether this was one.
    if (!isAsked && !this.init.mapped && this.init.connection.link?.version === 4) this.tellGap(topic);
  }

  #filterFor(params: Readonly<Record<string, unknown>>): string {
    return this.init.mapped ? this.init.mapped.pattern.filter(params) : this.init.topics.filter(this.event, params);
  }

  /** Whether a broker may have kept messages for one that subscribes: at a hub by our own rules, elsewhere anyone may have asked it to. */
  get #mayBeRetained(): boolean {
    return !this.init.isStanding || eventMeta(this.event).retain === true;
  }

  /**
   * Subscribes at the broker to `filter`, or to all of the event if others want other parts: two filters that overlap bring messages twice.
   * With `asks`, again if that is subscribed to: the broker then gives the messages that it has retained.
   */
  async #ensure(filter: string, headers: Headers, asks: boolean): Promise<void> {
    const { connection, qos, mapped } = this.init;
    // First, because a new connection without its session forgets the filter.
    await connection.open();
    // Again, because several may have waited for the same one.
    while (this.#subscribing) await this.#subscribing.catch(() => {});
    const all = this.#filterFor({});
    const before = this.#filter;
    const isCovered = before === filter || before === all;
    if (isCovered && !asks) return;
    const wanted = before === undefined ? filter : isCovered ? before : all;
    const wantedQos = mapped?.mapping.qos ?? eventMeta(this.event).qos ?? qos;
    const instead = before === wanted ? undefined : before;
    const own = Object.keys(headers).length > 0 ? headers : undefined;
    const sent = mapped ? { identifier: mapped.identifier, instead } : { headers: own, instead };
    const subscribing = connection.subscribe(wanted, wantedQos, sent);
    this.#subscribing = subscribing;
    try {
      await subscribing;
      this.#filter = wanted;
    } catch (error) {
      // Refused: those who listen already go on as before.
      if (instead !== undefined && connection.link) await connection.subscribe(instead, wantedQos).catch(() => {});
      throw error;
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
    this.#stopLinger?.();
    this.#stopLinger = after(LINGER_MS, () => this.#release(), { holds: false });
  }

  #release(): void {
    if (this.#subscribers.size > 0 || this.#filter === undefined || this.#subscribing) return;
    void this.init.connection.unsubscribe(this.#filter);
    this.#filter = undefined;
    this.#history.clear();
  }
}

function hold(subscriber: Subscriber, message: EventMessage, bytes: number): void {
  if (subscriber.room > 0) subscriber.early?.push(message);
  subscriber.room = subscriber.room > 0 ? subscriber.room - bytes - 1024 : -Infinity;
}

function isList(decoded: Decoded): decoded is readonly EventMessage[] {
  return Array.isArray(decoded);
}
