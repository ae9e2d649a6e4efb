import type { EventDefinition } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import { connect } from '../../guard/guard.ts';
import { isObject } from '../../peer/error-body.ts';
import { joinHeaders, type HeadersOption } from '../../peer/headers.ts';
import { tryParseJson } from '../../peer/json.ts';
import type { CloudEventWriter } from '../../events/cloud/cloud-event.ts';
import { Subscription } from '../../events/reconnect.ts';
import type { EventMessage, Transport } from '../../core/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { Publications } from './lineage.ts';
import { BrokerEvent } from './origin.ts';
import type { Topics } from '../topics.ts';
import { Pace } from './pace.ts';
import { Turn } from './turn.ts';
import { encodeEvent, type Qos } from '../wire.ts';

/** The source of the events. */
export interface EventSource {
  readonly transport: Transport;
  /** Sent with each subscription. */
  readonly headers: HeadersOption | undefined;
  /** For how long one process of several takes it on to publish them, in milliseconds. */
  readonly leaseMs: number;
}

/** Publishes a transport's events to their topics, each once: of the processes that share a hub one publishes, under a lease. */
export class EventPublisher {
  #controller = new AbortController();
  readonly #turn: Turn | undefined;
  /** By event, the id of the last one that the broker has. */
  #places: Record<string, string> = {};
  readonly #publications: Publications;
  readonly #pace: Pace | undefined;

  private readonly source: EventSource;
  private readonly connection: Connection;
  private readonly topics: Topics;
  private readonly qos: Qos;
  private readonly cloud: CloudEventWriter | undefined;
  private readonly onError: (error: unknown) => void;

  constructor(
    source: EventSource,
    connection: Connection,
    topics: Topics,
    qos: Qos,
    onError: (error: unknown) => void,
    cloud?: CloudEventWriter,
  ) {
    this.source = source;
    this.connection = connection;
    this.topics = topics;
    this.qos = qos;
    this.onError = onError;
    this.cloud = cloud;
    this.#publications = new Publications(topics.marks, (mark) => {
      if (connection.hasMarks) connection.publish(mark).catch(() => {});
    });
    const lease = source.transport.lease?.bind(source.transport);
    this.#turn =
      lease &&
      new Turn({
        // At another broker another process may publish.
        take: (leaseMs) => lease(`publish:mqtt ${brokerOf(connection.url)}${topics.marks}`, leaseMs),
        leaseMs: source.leaseMs,
        begin: (cursor) => this.#begin(placesOf(cursor)),
        end: () => this.#end(),
        cursor: () => {
          this.#pace?.tell();
          return JSON.stringify(this.#places);
        },
        kept: () => this.#pace?.kept(),
        onError,
      });
    this.#pace = this.#turn && new Pace(() => void this.#turn?.keep());
  }

  /** Resolves when every event is subscribed to, or cannot be, or is published by another process. */
  start(): Promise<void> {
    return this.#turn ? this.#turn.start() : this.#begin({});
  }

  async close(): Promise<void> {
    if (this.#turn) await this.#turn.close();
    else this.#end();
    this.#publications.close();
  }

  async #begin(places: Record<string, string>): Promise<void> {
    this.#controller = new AbortController();
    this.#places = { ...places };
    const { transport, headers } = this.source;
    const inner = connect(transport, transport.contract);
    const source: Transport = {
      contract: inner.contract,
      name: inner.name,
      call: (request) => inner.call(request),
      subscribe: async (request, sink) => inner.subscribe({ ...request, headers: await joinHeaders(headers, request.headers) }, sink),
      close: () => inner.close(),
    };
    const failures = await Promise.all(Object.values(transport.contract.events).map((event) => this.#subscribe(source, event)));
    const refused = failures.flatMap((failure) => failure ?? []);
    // A service that refuses does so for all of its events: that is one report.
    for (const text of new Set(refused.map(({ error }) => error.message))) {
      const alike = refused.filter(({ error }) => error.message === text);
      const [first] = alike;
      if (first) this.onError(notPublished(alike.map(({ event }) => event.name), first.error)); // prettier-ignore
    }
  }

  #end(): void {
    this.#pace?.clear();
    this.#controller.abort(new ApiError('CANCELLED', 'this process publishes no events any more'));
  }

  /** Gives what failed, if it did. */
  async #subscribe(transport: Transport, event: EventDefinition): Promise<Failure | undefined> {
    const { signal } = this.#controller;
    const subscription = new Subscription({
      transport,
      event,
      params: {},
      headers: {},
      lastEventId: this.#places[event.name],
      signal,
      reconnect: {},
      sink: {
        next: (message) => {
          const publish = () => this.#publish(event, message);
          if (this.#pace) this.#pace.run(publish);
          else publish();
        },
        // Else the next holder would miss what comes before the first event is kept.
        place: (id) => void (this.#places[event.name] ??= id),
        // A topic has no word for what is missing in it.
        gap: () => {},
        end: (error) => error && this.onError(notPublished([event.name], error)),
      },
    });
    try {
      await subscription.open();
      return undefined;
    } catch (error) {
      // A transport without events is served without them.
      if (signal.aborted || (isApiError(error) && error.code === 'UNIMPLEMENTED')) return undefined;
      return { event, error: ApiError.from(error, 'UNKNOWN', 'subscribing failed') };
    }
  }

  #publish(event: EventDefinition, message: EventMessage): void {
    if (BrokerEvent.cameFrom(message, this.connection.url)) return this.#pace?.dropped();
    const fail = (error: unknown): void => {
      this.#pace?.dropped();
      this.onError(error);
    };
    try {
      const topic = this.topics.event(event, message.data as Record<string, unknown>);
      const lineage = this.#publications.next(topic, message.id);
      const published = this.connection.publish(encodeEvent(event, topic, message, this.qos, lineage, this.cloud), { isKept: true });
      published.then(() => {
        // Without a connection it waits: the broker does not have it yet.
        if (!this.connection.link) return this.#pace?.dropped();
        const isFirst = this.#places[event.name] === undefined;
        this.#places[event.name] = message.id;
        this.#pace?.acknowledged(isFirst);
      }, fail);
    } catch (error) {
      fail(error);
    }
  }
}

/** Host and port of a broker, without credentials. */
function brokerOf(url: string): string {
  return `${new URL(url).host}/`;
}

/** The state that the last holder of the lease kept. */
function placesOf(cursor: string | undefined): Record<string, string> {
  const kept = cursor === undefined ? undefined : tryParseJson(cursor);
  if (!isObject(kept)) return {};
  return Object.fromEntries(Object.entries(kept).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

interface Failure {
  readonly event: EventDefinition;
  readonly error: ApiError;
}

/** Why events do not reach the broker, and what to do if the service asks who wants them. */
function notPublished(events: readonly string[], error: ApiError): ApiError {
  const { code, text } = error;
  const advice =
    code === 'UNAUTHENTICATED' || code === 'PERMISSION_DENIED'
      ? ": give 'eventHeaders' that the service's context takes (for serve 'mqttEventHeaders', for the command --mqtt-event-header), or switch 'publishEvents' off"
      : '';
  const which = events.length === 1 ? `the event '${events[0]}' is` : `the events ${events.map((name) => `'${name}'`).join(', ')} are`;
  return new ApiError(code, `${which} not published on MQTT: ${text}${advice}`, { cause: error });
}
