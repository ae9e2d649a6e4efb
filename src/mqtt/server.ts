import { ApiError } from '../errors.js';
import { reportToConsole } from '../internal/report.js';
import { Connection } from './connection.js';
import { EventPublisher } from './event-publisher.js';
import { checkUrl, type Link } from './link.js';
import type { MqttConnectionOptions } from './options.js';
import { RequestHandler } from './request-handler.js';
import { compileTopics } from './topics.js';
import type { Transport } from '../transport.js';

export type { MqttConnectionOptions, MqttCredentials, MqttTls, WebSocketFactory } from './options.js';
export { mqttBroker, type MqttBroker, type MqttBrokerOptions } from './broker.js';
export { mqttProtocol, type MqttProtocolOptions } from './schema.js';

/** Options of `serveMqtt`. */
export interface ServeMqttOptions extends MqttConnectionOptions {
  /**
   * Publishes the transport's events to their topics. Events that an `mqttHub` brought are never published again, whatever this says;
   * false saves the subscriptions. @default true
   */
  readonly publishEvents?: boolean;
  /** Larger requests are refused, in bytes. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** Where callers may have their replies, beside topics that the contract uses itself. @default everywhere */
  readonly mayReply?: (topic: string) => boolean;
  /** Gets requests that nobody can be answered, and failures of the connection. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** A transport that is being served. */
export interface ServedMqtt {
  /** Takes no more requests, lets those in flight finish, says `offline` and leaves the broker. Idempotent. @default graceMs 10_000 */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves a transport at an MQTT broker: operations at `<contract>/v<major>/<operation>`, shared with other processes over MQTT 5, events at their
 * channels, and `<contract>/v<major>/status`. It comes back by itself when the connection is lost. Rejects where the first connection fails.
 * Formats: docs/protocols/mqtt.md.
 */
export async function serveMqtt(transport: Transport, options: ServeMqttOptions): Promise<ServedMqtt> {
  checkUrl(options.url, 'serveMqtt');
  const server = new MqttServer(transport, options);
  await server.start();
  return server;
}

class MqttServer implements ServedMqtt {
  readonly #topics;
  readonly #connection: Connection;
  readonly #requests: RequestHandler;
  readonly #events: EventPublisher | undefined;
  readonly #onError: (error: unknown) => void;
  #ready: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(transport: Transport, options: ServeMqttOptions) {
    const { qos = 1, maxMessageBytes = 1_048_576 } = options;
    this.#onError = options.onError ?? reportToConsole;
    this.#topics = compileTopics(transport.contract, options.topicPrefix);
    const { status, cancel } = this.#topics;
    this.#connection = new Connection({
      ...options,
      // What was queued for a server that was away is taken by others, or has expired.
      sessionExpiryMs: options.sessionExpiryMs ?? 0,
      isStanding: true,
      will: { topic: status, payload: 'offline' },
      onUp: (link) => {
        this.#ready = this.#takeUp(link);
        this.#ready.catch((error: unknown) => this.#connection.link === link && this.#onError(error));
      },
      onMessage: (topic, payload, packet) => {
        if (topic === cancel) this.#requests.cancel(payload, packet);
        else if (topic === status) this.#onStatus(new TextDecoder().decode(payload));
        else {
          const operation = this.#topics.operationOf(topic);
          if (operation !== undefined) this.#requests.take(operation, payload, packet);
        }
      },
      onError: this.#onError,
    });
    this.#requests = new RequestHandler(transport, {
      publish: (message) => this.#connection.publish(message, { isKept: true }),
      mayReply: (topic) => this.#topics.mayReply(topic) && (options.mayReply?.(topic) ?? true),
      maxMessageBytes,
      onError: this.#onError,
    });
    if (options.publishEvents !== false) this.#events = new EventPublisher(transport, this.#connection, this.#topics, qos, this.#onError);
  }

  async start(): Promise<void> {
    try {
      await this.#connection.open();
      await this.#ready;
      await this.#events?.start();
    } catch (error) {
      this.#events?.close();
      await this.#connection.close();
      throw error;
    }
  }

  close(graceMs = 10_000): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    this.#events?.close();
    const filter = this.#connection.link?.version === 5 ? this.#topics.sharedRequests : this.#topics.requests;
    this.#connection.unsubscribe(filter);
    await this.#requests.drain(graceMs);
    await this.#say('offline').catch(() => {});
    await this.#connection.close();
  }

  async #takeUp({ version }: Link): Promise<void> {
    const { sharedRequests, requests, cancel, status } = this.#topics;
    const subscribe = (filter: string) => this.#connection.subscribe(filter, 1);
    // Brokers of MQTT 3.1.1 take `$share` literally, and `+` has the two others in it.
    if (version === 5) await Promise.all([sharedRequests, cancel, status].map(subscribe));
    else await subscribe(requests);
    await this.#say('online');
  }

  /** Another process of the service stopped, or the broker tells of an earlier end of this one: the service is up all the same. */
  #onStatus(text: string): void {
    if (text === 'offline' && !this.#closing) this.#say('online').catch(this.#onError);
  }

  async #say(status: 'online' | 'offline'): Promise<void> {
    const { link } = this.#connection;
    if (!link) throw new ApiError('UNAVAILABLE', 'there is no connection to the broker');
    const message = { topic: this.#topics.status, payload: status, qos: 1, retain: true } as const;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, 2000)));
    await Promise.race([this.#connection.publish(message), late]).finally(() => clearTimeout(timer));
  }
}
