/**
 * Serves a transport at an MQTT broker.
 *
 * @module multi-api-sdk/mqtt/server
 * @group Servers
 */

import { ApiError, isApiError } from '../core/errors.ts';
import { bytes, count, kept, ms, readOptions } from '../core/options.ts';
import { checkTransport } from '../core/check-transport.ts';
import type { MqttBroker, MqttBrokerOptions } from './broker.ts';
import type { CloudEventsOption } from '../events/cloud/cloud-event.ts';
import { compileCloudEvents } from '../events/cloud/cloud-events-option.ts';
import { backoffMs } from '../life/backoff.ts';
import { now } from '../life/now.ts';
import { within } from '../life/timers.ts';
import type { HeadersOption } from '../peer/headers.ts';
import { reporter, reportToConsole } from '../life/report.ts';
import { Connection } from './connection/connection.ts';
import { EventPublisher } from './events/publisher.ts';
import { textOf } from './events/decoder.ts';
import { checkUrl } from './check.ts';
import type { Link } from './connection/link.ts';
import { CONNECTION_NAMES, CONNECTION_READERS, type MqttConnectionOptions } from './options.ts';
import { RequestHandler } from './calls/request-handler.ts';
import { SelfProbe } from './calls/self-probe.ts';
import { ownBroker } from './access/own-brokers.ts';
import { compileTopics } from './topics.ts';
import type { Transport } from '../core/transport.ts';
import { MAX_ITEMS } from '../guard/max-items.ts';
import { closable, type BeforeClosable, type Closable } from '../life/closable.ts';

export type { CloudEventsMode, CloudEventsOption, CloudEventsOptions } from '../events/cloud/cloud-event.ts';
export type { MqttBroker, MqttBrokerOptions } from './broker.ts';
export type { ClientTls } from '../http/client/fetch-like.ts';
export type { MqttConnectionOptions, MqttCredentials, WebSocketFactory } from './options.ts';
export { mqttProtocol, type MqttProtocolOptions } from './schema.ts';
export type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';

/**
 * As `mqttBroker` of `multi-api-sdk/mqtt/broker`, which the first call loads, because a server at a foreign broker needs no broker of its
 * own.
 */
export async function mqttBroker(options?: MqttBrokerOptions): Promise<MqttBroker> {
  return (await import('./broker.ts')).mqttBroker(options);
}

/** Options of `serveMqtt`. */
export interface ServeMqttOptions extends MqttConnectionOptions {
  /**
   * Publishes the transport's events to their topics. Events that an `mqttHub` brought are never published again, whatever this says;
   * false saves the subscriptions. @default true
   */
  readonly publishEvents?: boolean;
  /**
   * Headers with which the events are read from the transport, if its `context` wants to know who asks. Every reader of the broker hears
   * them. A function is asked again for each subscription. @default none
   */
  readonly eventHeaders?: HeadersOption;
  /**
   * Publishes events as CloudEvents 1.0. `binary` puts the attributes into user properties, over MQTT 3.1.1 events are structured then, too;
   * `structured` makes one JSON object of attributes and payload. Clients of this library read both without an option. @default no CloudEvents
   */
  readonly cloudEvents?: CloudEventsOption;
  /**
   * Of processes whose services share a hub with leases one publishes the events; another takes over once it has given no sign of life for so long, in
   * milliseconds. @default 15_000
   */
  readonly leaseMs?: number;
  /** Larger requests are refused, in bytes. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number;
  /** How many requests may run; others are answered RESOURCE_EXHAUSTED. @default 10_000 */
  readonly maxCalls?: number;
  /**
   * How many of them may be one caller's. At the embedded broker that is the caller that the service's `context` names, elsewhere the client to whose
   * reply topic the answer goes. @default 1000
   */
  readonly maxCallsPerCaller?: number;
  /** How often the reader of a stream is asked for a sign of life, in milliseconds. After two unanswered questions the stream ends. @default 15_000 */
  readonly heartbeatMs?: number;
  /** The topics to which replies may go. The contract's own topics are always refused. @default all */
  readonly mayReply?: (topic: string) => boolean;
  /** Gets requests that nobody can be answered, and failures of the connection. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** A transport that is being served. */
export interface ServedMqtt extends Closable {
  /**
   * Takes no more requests and answers those that it took, those that the broker holds for it included; then says `offline`.
   * Events are still published. Idempotent. @default graceMs 10_000
   */
  stopCalls(graceMs?: number): Promise<void>;
  /** Stops the calls, then publishes no more events and leaves the broker. Idempotent. @default graceMs 10_000 */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves a transport at an MQTT broker: operations at `<contract>/v<major>/<operation>`, shared with other processes if the broker can,
 * events at their channels, and `<contract>/v<major>/status`. It comes back by itself when the connection is lost. Rejects if the first
 * connection fails. Formats: docs/protocols/mqtt.md.
 */
export async function serveMqtt(transport: Transport, options: ServeMqttOptions): Promise<ServedMqtt> {
  checkTransport('serveMqtt', transport);
  const read = readOptions(
    'serveMqtt',
    options,
    {
      ...CONNECTION_READERS,
      maxMessageBytes: bytes(1_048_576),
      maxItems: count(MAX_ITEMS),
      maxCalls: count(10_000),
      maxCallsPerCaller: count(1000),
      heartbeatMs: ms(15_000),
      leaseMs: kept(15_000),
    },
    [...CONNECTION_NAMES, 'publishEvents', 'eventHeaders', 'cloudEvents', 'mayReply', 'onError'],
  );
  checkUrl(read.url, 'serveMqtt');
  const server = new MqttServer(transport, read);
  await server.start();
  return closable(server);
}

class MqttServer implements BeforeClosable<ServedMqtt> {
  readonly #topics;
  readonly #connection: Connection;
  readonly #requests: RequestHandler;
  readonly #events: EventPublisher | undefined;
  readonly #onError: (error: unknown) => void;
  readonly #probe: SelfProbe;
  /** Lets no more callers in, if the broker is one of this process. */
  readonly #leaveBroker: (() => void) | undefined;
  /** The connection through which the requests come. */
  #filter = '';
  /** How often this process said `online` and has not heard it yet, if every process gets every request. */
  #echoes: number | undefined;
  #ready: Promise<void> | undefined;
  #isStarted = false;
  #stopping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(transport: Transport, options: ServeMqttOptions) {
    const {
      qos = 1,
      maxMessageBytes = 1_048_576,
      maxItems = MAX_ITEMS,
      maxCalls = 10_000,
      maxCallsPerCaller = 1000,
      heartbeatMs = 15_000,
    } = options;
    // An error whose message says what to do needs no stack.
    this.#onError = reporter(options.onError ?? ((error) => reportToConsole(isApiError(error) ? error.message : error)));
    this.#topics = compileTopics(transport.contract, options.topicPrefix);
    const own = ownBroker(options.url);
    this.#leaveBroker = own?.admit(transport, options.topicPrefix);
    const { status, cancel, more } = this.#topics;
    this.#connection = new Connection({
      ...(own && { credentials: own.credentials }),
      ...options,
      // Requests that were queued for an absent server are taken by others, or have expired.
      sessionExpiryMs: options.sessionExpiryMs ?? 0,
      isStanding: true,
      will: { topic: status, payload: 'offline', retain: true },
      onUp: (link) => {
        this.#requests.onUp(link.sessionPresent);
        if (this.#stopping) return;
        this.#ready = this.#takeUp(link);
        this.#ready.catch((error: unknown) => this.#takeUpAgain(link, error));
      },
      onMessage: (topic, payload, packet) => {
        if (this.#probe.take(topic)) return;
        if (topic === cancel) this.#requests.cancel(payload, packet);
        else if (topic === more) this.#requests.more(payload, packet);
        else if (topic === status) this.#onStatus(textOf(payload), packet.retain);
        else {
          const operation = this.#topics.operationOf(topic);
          if (operation !== undefined) this.#requests.take(operation, payload, packet);
        }
      },
      onError: this.#onError,
    });
    this.#probe = new SelfProbe(this.#connection, this.#topics);
    this.#requests = new RequestHandler(transport, {
      publish: (message, options) => this.#connection.publish(message, { ...options, isKept: true }),
      mayReply: (topic) => this.#topics.mayReply(topic) && (options.mayReply?.(topic) ?? true),
      callerOf: (replyTo) => {
        const client = this.#topics.clientOf(replyTo);
        // Any client may have any number of reply topics below its own one.
        if (client === undefined) return { share: replyTo };
        const known = own?.callerOf(client);
        return { share: known?.caller ? `caller ${known.caller}` : `client ${client}`, headers: known?.headers };
      },
      maxMessageBytes,
      maxItems,
      maxCalls,
      maxCallsPerCaller,
      heartbeatMs,
      onError: this.#onError,
    });
    if (options.publishEvents !== false) {
      const source = { transport, headers: options.eventHeaders, leaseMs: options.leaseMs ?? 15_000 };
      const cloud =
        options.cloudEvents && compileCloudEvents('serveMqtt', transport.contract, options.cloudEvents, ['binary', 'structured']);
      this.#events = new EventPublisher(source, this.#connection, this.#topics, qos, this.#onError, cloud);
    }
  }

  async start(): Promise<void> {
    try {
      // Before a request is taken: the caller of the first one finds its event published.
      await this.#events?.start();
      await this.#connection.open();
      await this.#ready;
      this.#isStarted = true;
    } catch (error) {
      this.#leaveBroker?.();
      await this.#events?.close();
      await this.#connection.close();
      throw error;
    }
  }

  stopCalls(graceMs = 10_000): Promise<void> {
    return (this.#stopping ??= this.#stopCalls(graceMs));
  }

  close(graceMs = 10_000): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #stopCalls(graceMs: number): Promise<void> {
    const start = now();
    const left = this.#connection.unsubscribe(this.#filter);
    // A request that the broker took for this process before may come after its acknowledgement, and no other process gets it.
    if (graceMs > 0) await this.#probe.flush(left, graceMs);
    await this.#requests.drain(Math.max(0, graceMs - (now() - start)));
    await this.#say('offline').catch(() => {});
  }

  async #close(graceMs: number): Promise<void> {
    await this.stopCalls(graceMs);
    await this.#events?.close();
    await this.#connection.close();
    this.#leaveBroker?.();
  }

  async #takeUp({ version }: Link): Promise<void> {
    const { requests, cancel, more, status } = this.#topics;
    const isShared = await this.#share(version);
    this.#echoes = isShared ? undefined : 0;
    if (!isShared) this.#filter = requests;
    // `+` has the others in it.
    const own = more === undefined ? [cancel, status] : [cancel, more, status];
    await Promise.all((isShared ? own : [requests]).map((filter) => this.#connection.subscribe(filter, 1)));
    await this.#say('online');
  }

  /** A broker that refuses may take the subscriptions later: a server that is up and deaf would be no use. */
  async #takeUpAgain(link: Link, failure: unknown): Promise<void> {
    let error = failure;
    for (let attempt = 0; this.#isStarted && this.#connection.link === link; attempt++) {
      this.#onError(error);
      await within(backoffMs(attempt, {}), link.lost);
      if (this.#stopping || this.#connection.link !== link) return;
      try {
        return await this.#takeUp(link);
      } catch (again) {
        error = again;
      }
    }
  }

  /** Subscribes to the requests together with the other processes; false if the broker does not share. */
  async #share(version: 4 | 5): Promise<boolean> {
    if (version === 4 && !(await this.#probe.run())) return false;
    this.#filter = this.#topics.shared(this.#topics.requests);
    try {
      await this.#connection.subscribe(this.#filter, 1);
      return true;
    } catch (error) {
      if (isApiError(error) && NOT_SHARED.includes(error.details?.['reasonCode'])) return false;
      throw error;
    }
  }

  /** Another process of the service stopped, or the broker tells of an earlier end of this one: the service is up all the same. */
  #onStatus(text: string, isRetained: boolean): void {
    if (text === 'offline' && !this.#stopping) this.#say('online').catch(this.#onError);
    if (text !== 'online' || isRetained || this.#echoes === undefined) return;
    this.#echoes -= 1;
    if (this.#echoes >= 0) return;
    this.#echoes = undefined;
    this.#onError(new Error(NOT_ALONE));
  }

  async #say(status: 'online' | 'offline'): Promise<void> {
    const { link } = this.#connection;
    if (!link) throw new ApiError('UNAVAILABLE', 'there is no connection to the broker');
    if (status === 'online' && this.#echoes !== undefined) this.#echoes++;
    const message = { topic: this.#topics.status, payload: status, qos: 1, retain: true } as const;
    await within(SAY_MS, this.#connection.publish(message));
  }
}

/** How long saying the status may take, in milliseconds. */
const SAY_MS = 2000;

/** A broker of MQTT 5 does not share subscriptions, or refuses the filter. */
const NOT_SHARED: readonly unknown[] = [0x9e, 0x8f];

const NOT_ALONE =
  'another process serves this contract at the same broker, which does not share subscriptions: each of them runs every request. Run one, or use a broker that shares';
