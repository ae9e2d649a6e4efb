/**
 * An MQTT broker as the event hub of several processes.
 *
 * @module multi-api-sdk/mqtt/hub
 * @group Servers
 */

import type { Contract, EventDefinition } from '../core/contract.ts';
import { isApiError } from '../core/errors.ts';
import { bytes, count, readOptions } from '../core/options.ts';
import type { EventHub, HubEvent } from '../events/hub.ts';
import type { EventMessage, EventSink, EventRequest } from '../core/transport.ts';
import { reporter } from '../life/report.ts';
import { Connection } from './connection/connection.ts';
import { Feed } from './events/feed.ts';
import { Publications } from './events/lineage.ts';
import { Marks } from './events/marks.ts';
import { checkUrl } from './check.ts';
import { CONNECTION_NAMES, CONNECTION_READERS, type MqttConnectionOptions } from './options.ts';
import { ANY_BROKER } from './events/origin.ts';
import { ownBroker } from './access/own-brokers.ts';
import { compileTopics, type Topics } from './topics.ts';
import { encodeEvent, type Qos } from './wire.ts';

export type { ClientTls } from '../http/client/fetch-like.ts';
export type { MqttConnectionOptions, MqttCredentials, WebSocketFactory } from './options.ts';

/** Options of `mqttHub`. */
export interface MqttHubOptions extends MqttConnectionOptions {
  /** How many of the last events of each event of the contract are held for subscribers that resume, those of all its channels together. @default 1000 */
  readonly history?: number;
  /** Larger messages are reported and dropped, in bytes. @default 8_388_608 (8 MiB) */
  readonly maxMessageBytes?: number;
  /** Is called for dropped messages, which are not events of the contract, and for events that the broker never took. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/**
 * An event hub on an MQTT broker: an event's channel is its topic, anyone may publish there, and subscribers see only what comes back from the
 * broker. Several service processes that share a broker see the same events with the same ids (over MQTT 5).
 * While the broker is away, events wait in a bounded outbox, and it comes back by itself.
 */
export function mqttHub(options: MqttHubOptions): EventHub {
  const read = readOptions(
    'mqttHub',
    options,
    { ...CONNECTION_READERS, history: count(1000, { zero: true }), maxMessageBytes: bytes(8_388_608) },
    [...CONNECTION_NAMES, 'onError'],
  );
  checkUrl(read.url, 'mqttHub');
  return new MqttHub(read);
}

class MqttHub implements EventHub {
  readonly #connection: Connection;
  readonly #feeds = new Map<EventDefinition, Feed>();
  readonly #marks: Marks;
  readonly #publications: Publications;
  readonly #instance = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
  readonly #onError: (error: unknown) => void;
  readonly #qos: Qos;
  /** Of the contract whose events come here: known with the first of them. */
  #topics: Topics;
  #count = 0;

  private readonly options: MqttHubOptions;

  constructor(options: MqttHubOptions) {
    this.options = options;
    this.#qos = options.qos ?? 1;
    this.#onError = reporter(options.onError);
    this.#topics = compileTopics(NO_CONTRACT, options.topicPrefix);
    const own = ownBroker(options.url);
    this.#connection = new Connection({
      ...(own && { credentials: own.credentials }),
      ...options,
      isStanding: true,
      onMessage: (topic, payload, packet) => {
        if (this.#marks.take(this.#topics, this.#feeds, topic, payload)) return;
        const event = this.#topics.eventOf(topic);
        if (event) this.#feeds.get(event)?.take(topic, payload, packet);
        else this.#marks.stray(this.#feeds);
      },
      onUp: (link) => {
        this.#marks.onUp(link);
        this.#feeds.forEach((feed) => feed.onUp(link.sessionPresent));
        if (this.#feeds.size > 0) this.#marks.listen(this.#topics);
      },
      onDown: (error) => this.#feeds.forEach((feed) => feed.onDown(error)),
      onError: this.#onError,
    });
    this.#marks = new Marks(this.#connection);
    this.#publications = new Publications(this.#topics.marks, (mark) => {
      if (this.#connection.hasMarks) this.#connection.publish(mark).catch(() => {});
    });
  }

  publish(event: EventDefinition, { key, time, data }: HubEvent): Promise<void> {
    this.#connection.keepOpen();
    try {
      const topic = this.#topics.event(event, data as Record<string, unknown>);
      const message: EventMessage = { id: key, time, data };
      return this.#connection
        .publish(encodeEvent(event, topic, message, this.#qos, this.#publications.next(topic, message.id)), KEPT)
        .catch(this.#drop);
    } catch (error) {
      return Promise.resolve(error).then(this.#drop);
    }
  }

  async subscribe(request: EventRequest, sink: EventSink): Promise<void> {
    const feed = this.#feed(request.event);
    await feed.subscribe(request, sink, {});
    this.#marks.listen(this.#topics);
    this.#connection.keepOpen();
  }

  async close(): Promise<void> {
    this.#publications.close();
    for (const feed of this.#feeds.values()) feed.close();
    await this.#connection.close();
  }

  #feed(event: EventDefinition): Feed {
    let feed = this.#feeds.get(event);
    if (!feed) {
      const { history = 1000, maxMessageBytes = 8_388_608, topicPrefix } = this.options;
      feed = new Feed(event, {
        connection: this.#connection,
        topics: this.#topics,
        qos: this.#qos,
        holes: this.#marks.holes,
        history,
        maxMessageBytes,
        makeId: () => this.#makeId(),
        origin: ANY_BROKER,
        isStanding: true,
        onError: this.#onError,
      });
      this.#feeds.set(event, feed);
      this.#topics = compileTopics(
        { ...NO_CONTRACT, events: Object.fromEntries([...this.#feeds.keys()].map((each) => [each.name, each])) },
        topicPrefix,
      );
    }
    return feed;
  }

  /** A message that rejects is tried again before all later ones, so a message that no broker can take would never go. */
  readonly #drop = (error: unknown): void => {
    if (!isApiError(error) || error.code !== 'INVALID_ARGUMENT') throw error;
    this.#onError(error);
  };

  #makeId(): string {
    return `${this.#instance}-${++this.#count}`;
  }
}

const KEPT = { isKept: true };

const NO_CONTRACT: Contract = { name: 'hub', version: '1.0.0', namespace: '', operations: {}, events: {}, relations: {}, services: [] };
