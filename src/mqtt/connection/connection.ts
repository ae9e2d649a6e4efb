import { recording } from '#mqtt-parts';
import mqtt, { type IPublishPacket, type IStore, type MqttClient } from 'mqtt';
import { ApiError, clientClosed, isApiError } from '../../core/errors.ts';
import { backoffMs, STABLE_MS } from '../../life/backoff.ts';
import { withPart } from '../../life/lazy.ts';
import { delay } from '../../life/lifetime.ts';
import { guardOnWire } from '../../peer/on-wire.ts';
import { printable } from '../../peer/text/printable.ts';
import { ClosedUnanswered, connectLink, OlderVersionNeeded, type Link } from './link.ts';
import type { MqttConnectionOptions, MqttWill } from '../options.ts';
import { Outbox, type PublishOptions } from './outbox.ts';
import { refusal } from '../status.ts';
import type { Message, Qos } from '../wire.ts';
import { now } from '../../life/now.ts';
import { attempt } from '../../life/report.ts';
import { after, type StopTimer } from '../../life/timers.ts';

/** The purpose of a connection. */
export interface ConnectionInit extends MqttConnectionOptions {
  /** Whether it comes back by itself; else it is made when it is needed. @default false */
  readonly isStanding?: boolean;
  readonly will?: MqttWill | undefined;
  /** A new connection: before any message of it. */
  readonly onUp?: (link: Link) => void;
  readonly onDown?: (error: ApiError) => void;
  readonly onMessage: (topic: string, payload: Uint8Array, packet: IPublishPacket) => void;
  /** Gets what nobody waits for: messages that were given up, connections that cannot be made again. */
  readonly onError: (error: unknown) => void;
}

/** The options of a subscription. */
export interface SubscribeOptions {
  /** User properties of MQTT 5, at least one. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A number that comes with its messages, if the broker can. */
  readonly identifier?: number | undefined;
  /** A filter that this one takes the place of. */
  readonly instead?: string | undefined;
}

/** A connection to a broker that outlives its links. */
export class Connection {
  readonly clientId: string;
  readonly #outbox: Outbox;
  readonly #ids = new mqtt.DefaultMessageIdProvider();
  #unreleased = unreleasedStore();
  readonly #controller = new AbortController();
  /** The subscriptions of this client. */
  readonly #filters = new Set<string>();
  /** Filters whose end the broker has not acknowledged. */
  readonly #leaving = new Map<string, Promise<void>>();
  #version: 4 | 5;
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  /** Whether the older version was chosen because the broker closed without an answer. */
  #isVersionGuessed = false;
  /** Connections in a row that were lost soon. */
  #shortLives = 0;
  #isReturning = false;
  /** Tries since the last connection that proved stable. */
  #attempt = 0;
  #since = 0;

  private readonly init: ConnectionInit;

  constructor(init: ConnectionInit) {
    this.init = guardOnWire(init, init.onError);
    this.clientId = init.clientId ?? `multi-api-sdk-${crypto.randomUUID().slice(0, 13)}`;
    this.#version = init.version ?? 5;
    this.#outbox = new Outbox(
      init.maxQueued ?? 10_000,
      (message) => this.#onWire('out', message.topic, message.properties, message.payload),
      init.onError,
    );
  }

  /** Whether marks are published and heard on this connection. */
  get hasMarks(): boolean {
    return this.init.marks !== false && this.#link?.version === 5;
  }

  get url(): string {
    return this.init.url;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** The link, made if there is none. Rejects if one attempt fails. */
  open(): Promise<Link> {
    if (this.#link) return Promise.resolve(this.#link);
    return (this.#opening ??= this.#open().finally(() => (this.#opening = undefined)));
  }

  /** Connects again and again until there is a link, or the connection is closed. */
  keepOpen(): void {
    if (this.#isReturning || this.#link) return;
    this.#isReturning = true;
    void this.#return().finally(() => (this.#isReturning = false));
  }

  /**
   * Publishes; resolves when the broker has the message (QoS 0: once it is written). Rejects with UNAVAILABLE if the connection is lost
   * before, unless the message waits for the next.
   */
  publish(message: Message, options?: PublishOptions): Promise<void> {
    return this.#outbox.publish(message, options);
  }

  /** Rejects with the meaning of the broker's reason code, or with UNAVAILABLE if the connection is lost. */
  async subscribe(filter: string, qos: Qos, { headers, identifier, instead }: SubscribeOptions = {}): Promise<void> {
    const { client, version, hasIdentifiers, lost } = await this.open();
    const failed = (cause: Error) => new ApiError('UNAVAILABLE', `subscribing to ${printable(filter)} failed: ${cause.message}`, { cause });
    let stop: StopTimer = () => {};
    const late = new Promise<Error>((resolve) => {
      stop = after(this.init.connectTimeoutMs ?? 10_000, () => resolve(new Error('no answer in time')));
    });
    // A broker may never acknowledge it.
    const ended = Promise.race([late.then(failed), lost]);
    // Some brokers do the two at the same time, and the end of the one takes the other with it.
    await Promise.race([this.#leaving.get(filter), ended]);
    const sent = {
      ...(headers && { userProperties: { ...headers } }),
      ...(identifier !== undefined && hasIdentifiers && { subscriptionIdentifier: identifier }),
    };
    const properties = version === 5 ? sent : undefined;
    this.#onWire('out', `SUBSCRIBE ${filter}`, properties);
    const granted = new Promise<void>((resolve, reject) => {
      client.subscribe(filter, { qos, ...(properties && { properties }) }, (error, _, packet) => {
        const codes = (packet?.granted ?? []) as readonly (number | { readonly qos: number })[];
        const refused = codes.map((code) => (typeof code === 'number' ? code : code.qos)).find((code) => code >= 0x80);
        if (refused !== undefined) reject(refusal(`the subscription to ${printable(filter)}`, refused, true));
        else if (error) reject(failed(error));
        else resolve();
      });
    });
    granted.catch(() => {});
    this.#filters.add(filter);
    // At once: between the two, messages that fit both filters come twice.
    const left = instead === undefined ? undefined : this.unsubscribe(instead);
    await Promise.race([Promise.all([granted, left]), ended.then((error) => Promise.reject(error))]).finally(stop);
  }

  /** Settles when the broker has acknowledged it, or the connection is lost. */
  unsubscribe(filter: string): Promise<void> {
    this.#filters.delete(filter);
    if (!this.#link) return Promise.resolve();
    this.#onWire('out', `UNSUBSCRIBE ${filter}`);
    const { client, lost } = this.#link;
    const left = new Promise<void>((resolve) => client.unsubscribe(filter, () => resolve()));
    const done = Promise.race([left, lost]).then(() => {
      if (this.#leaving.get(filter) === done) this.#leaving.delete(filter);
    });
    this.#leaving.set(filter, done);
    return done;
  }

  /** Gives up the connection, as if it were lost. */
  drop(reason: ApiError): void {
    const link = this.#link;
    if (!link) return;
    link.client.end(true);
    this.#onDown(link, reason);
  }

  /** Says goodbye, so that no last will is published and no session stays behind. Idempotent. */
  async close(): Promise<void> {
    if (this.#controller.signal.aborted) return;
    const { client, version, lost } = this.#link ?? {};
    this.#outbox.close(clientClosed());
    if (client && lost) {
      this.#link = undefined;
      // MQTT 3.1.1 has no word for the end of a session, for which the broker would collect messages for ever.
      if (version === 4 && this.init.clientId !== undefined && this.#filters.size > 0) client.unsubscribe([...this.#filters]);
      await endClient(client, version === 5);
    }
    this.#controller.abort(clientClosed(false));
    await this.#opening?.catch(() => {});
  }

  async #open(): Promise<Link> {
    const { signal } = this.#controller;
    if (signal.aborted) throw signal.reason as Error;
    const { init } = this;
    const connect = () =>
      connectLink({
        options: init,
        clientId: this.clientId,
        version: this.#version,
        will: init.will,
        ids: this.#ids,
        unreleased: this.#unreleased,
        signal,
        events: { onMessage: this.#onMessage, onNobody: (id) => this.#outbox.onNobody(id) },
        onOpen: (link) => this.#onUp(link),
      });
    try {
      return await connect();
    } catch (error) {
      const isGuess = error instanceof ClosedUnanswered;
      if (!isGuess && !(error instanceof OlderVersionNeeded)) throw error;
      this.#version = 4;
      try {
        const link = await connect();
        // Another try with MQTT 5 when this connection is lost: perhaps the broker was only about to stop.
        this.#isVersionGuessed = isGuess;
        return link;
      } catch (failure) {
        if (!isGuess) throw failure;
        this.#version = 5;
        throw isApiError(failure) ? failure : error.failure;
      }
    }
  }

  #onUp(link: Link): void {
    this.#link = link;
    this.#since = now();
    if (!link.sessionPresent) {
      // The broker has forgotten them.
      link.client.incomingStore = this.#unreleased = unreleasedStore();
      this.#filters.clear();
    }
    void link.lost.then((error) => this.#onDown(link, error));
    this.init.onUp?.(link);
    this.#outbox.onUp(link);
  }

  #onDown(link: Link, error: ApiError): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    // Two clients with one name, which throw each other out, would come back at once for ever.
    if (now() - this.#since >= STABLE_MS) this.#attempt = 0;
    this.#outbox.onDown(error);
    this.init.onDown?.(error);
    if (this.#isVersionGuessed) this.#version = 5;
    this.#isVersionGuessed = false;
    this.#watchTakeover(error);
    if (this.init.isStanding || this.#outbox.isWaiting) this.keepOpen();
  }

  /** Two clients with one name throw each other out, again and again. Brokers of MQTT 5 say so, others just close. */
  #watchTakeover(error: ApiError): void {
    if (error.code === 'ABORTED') return this.init.onError(error);
    this.#shortLives = now() - this.#since < STABLE_MS ? this.#shortLives + 1 : 0;
    if (this.init.clientId === undefined || this.#shortLives !== TAKEOVER_SIGNS) return;
    const name = printable(this.init.clientId);
    const text = `the broker closes each connection soon after it is made: does another client use the client id '${name}' too?`;
    this.init.onError(new ApiError('ABORTED', text, { remote: true, cause: error }));
  }

  async #return(): Promise<void> {
    const { signal } = this.#controller;
    for (; !signal.aborted && !this.#link; this.#attempt++) {
      if (this.#attempt > 0) await delay(backoffMs(this.#attempt - 1, { maxDelayMs: 5000 }), signal).catch(() => {});
      try {
        await this.open();
      } catch (error) {
        if (signal.aborted) return;
        // A broker that refuses for good is worth a word, and another try: an operator may mend it.
        if ((error as ApiError).code !== 'UNAVAILABLE') this.init.onError(error);
      }
    }
  }

  readonly #onMessage = (topic: string, payload: Uint8Array, packet: IPublishPacket): void => {
    this.#onWire('in', topic, packet.properties, payload);
    try {
      this.init.onMessage(topic, payload, packet);
    } catch (error) {
      this.init.onError(error);
    }
  };

  #onWire(direction: 'in' | 'out', start: string, properties?: Message['properties'], payload?: string | Uint8Array): void {
    const { onWire, onError } = this.init;
    if (!onWire) return;
    attempt(() => withPart(recording, ({ recordOf }) => onWire(recordOf(direction, start, properties, payload))), onError);
  }
}

/** Connections in a row that were lost soon, which are not an accident. */
const TAKEOVER_SIGNS = 2;

/** Outlives the clients that use it, which close it with themselves. */
function unreleasedStore(): IStore {
  return new mqtt.Store({ clean: false });
}

const GOODBYE_MS = 1000;

/** Ends with DISCONNECT; a broker that does not take it is left. */
function endClient(client: MqttClient, isVersion5: boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = after(GOODBYE_MS, () => client.end(true, () => resolve()));
    client.end(false, isVersion5 ? { reasonCode: 0, properties: { sessionExpiryInterval: 0 } } : {}, () => {
      stop();
      resolve();
    });
  });
}
