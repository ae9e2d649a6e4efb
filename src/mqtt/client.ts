/**
 * The client of services and devices at an MQTT broker.
 *
 * @module multi-api-sdk/mqtt
 * @group Clients
 */

import type { IPublishPacket } from 'mqtt';
import type { Contract, EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { backoffMs } from '../life/backoff.ts';
import { delay } from '../life/lifetime.ts';
import { defineAdapter, guard, markGuarded } from '../guard/guard.ts';
import { joinHeaders, makeRequestId, type HeadersOption } from '../peer/headers.ts';
import { checkSubscription } from '../events/check.ts';
import type { Adapter, CallRequest, EventSink, SubscribeRequest, Transport } from '../core/transport.ts';
import { Calls } from './calls/calls.ts';
import { reporter } from '../life/report.ts';
import { Connection } from './connection/connection.ts';
import { credentialsFrom } from './connection/credentials.ts';
import { Feed } from './events/feed.ts';
import { checkUrl } from './connection/link.ts';
import type { MqttConnectionOptions } from './options.ts';
import { compileTopics, type Topics } from './topics.ts';
import { checkHeaderSize } from './wire.ts';

export type { MqttConnectionOptions, MqttCredentials, MqttTls, WebSocketFactory } from './options.ts';
export type { EventMeta, Qos } from './wire.ts';

/** Options of `mqtt`. */
export interface MqttOptions extends MqttConnectionOptions {
  /** Sent with every call, and with subscriptions over MQTT 5; a function is asked again for each call and each subscription. */
  readonly headers?: HeadersOption;
  /**
   * What becomes of calls while the broker is away: `fail` tries to connect once and rejects with UNAVAILABLE, `queue` waits for it as
   * long as the call's deadline allows. @default 'fail'
   */
  readonly offline?: 'queue' | 'fail';
  /** How many of the last events of each channel are held for loops that fall behind. @default 1000 */
  readonly history?: number;
  /** Larger messages on the topics of events are reported and dropped, in bytes. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** Gets what was dropped: messages that are no events of the contract. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/**
 * A client over an MQTT broker: events from their topics, calls by request and response.
 * It speaks MQTT 5, and MQTT 3.1.1 where the broker does not. Formats: docs/protocols/mqtt.md.
 */
export function mqtt(options: MqttOptions): Adapter {
  checkUrl(options.url, 'mqtt');
  return defineAdapter((contract) => {
    const transport = new MqttTransport(contract, options);
    const checked = guard(transport, 'DATA_LOSS');
    // Events are checked by the feed, once for all subscribers: what does not fit is dropped here, and ends nothing.
    return markGuarded({
      contract,
      name: transport.name,
      call: (request) => checked.call(request),
      subscribe(request, sink) {
        checkSubscription(request);
        return transport.subscribe(request, sink);
      },
      close: () => transport.close(),
    });
  });
}

class MqttTransport implements Transport {
  readonly name = 'mqtt';
  readonly #topics: Topics;
  readonly #connection: Connection;
  readonly #calls: Calls;
  readonly #feeds = new Map<EventDefinition, Feed>();
  readonly #onError: (error: unknown) => void;

  readonly contract: Contract;
  private readonly options: MqttOptions;

  constructor(contract: Contract, options: MqttOptions) {
    this.contract = contract;
    this.options = options;
    this.#topics = compileTopics(contract, options.topicPrefix);
    this.#onError = reporter(options.onError);
    this.#connection = new Connection({
      ...(options.headers && { credentials: credentialsFrom(options.headers) }),
      ...options,
      onMessage: (topic, payload, packet) => this.#take(topic, payload, packet),
      onUp: ({ sessionPresent }) => this.#feeds.forEach((feed) => feed.onUp(sessionPresent)),
      onDown: (error) => {
        this.#calls.onDown(error);
        this.#feeds.forEach((feed) => feed.onDown(error));
      },
      onError: this.#onError,
    });
    this.#calls = new Calls(this.#connection, this.#topics, options.qos ?? 1, options.offline === 'queue');
  }

  async call(request: CallRequest): Promise<unknown> {
    if (!Object.hasOwn(this.contract.operations, request.operation.name)) {
      throw new ApiError('UNIMPLEMENTED', `the contract has no operation '${request.operation.name}'`, { sent: false });
    }
    const joined = joinHeaders(this.options.headers, request.headers);
    const headers = joined instanceof Promise ? await joined : joined;
    checkHeaderSize(headers);
    if (this.options.offline === 'queue') await this.#awaitBroker(request.signal);
    return this.#calls.call(request, headers);
  }

  async subscribe(request: SubscribeRequest, sink: EventSink): Promise<void> {
    const { event } = request;
    const known = this.contract.events[event.name];
    if (!known) throw new ApiError('UNIMPLEMENTED', `the contract has no event '${event.name}'`, { sent: false });
    const joined = joinHeaders(this.options.headers, request.headers);
    const headers = joined instanceof Promise ? await joined : joined;
    checkHeaderSize(headers);
    await this.#feed(known).subscribe(request, sink, headers);
  }

  async close(): Promise<void> {
    this.#calls.close();
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

  #take(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    if (this.#calls.isReply(topic)) return this.#calls.take(payload, packet);
    const event = this.#topics.eventOf(topic);
    if (event) this.#feeds.get(event)?.take(topic, payload, packet);
  }

  #feed(event: EventDefinition): Feed {
    let feed = this.#feeds.get(event);
    if (!feed) {
      const { qos = 1, history = 1000, maxMessageBytes = 1_048_576 } = this.options;
      feed = new Feed(event, {
        connection: this.#connection,
        topics: this.#topics,
        qos,
        history,
        maxMessageBytes,
        makeId: makeRequestId,
        origin: this.options.url,
        isStanding: false,
        onError: this.#onError,
      });
      this.#feeds.set(event, feed);
    }
    return feed;
  }
}
