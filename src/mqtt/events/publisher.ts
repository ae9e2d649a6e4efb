import type { EventDefinition } from '../../core/contract.ts';
import { ApiError, isApiError } from '../../core/errors.ts';
import { connect } from '../../guard/guard.ts';
import { joinHeaders, type HeadersOption } from '../../peer/headers.ts';
import { Subscription } from '../../events/reconnect.ts';
import type { EventMessage, Transport } from '../../core/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { Publications } from './lineage.ts';
import { BrokerEvent } from './origin.ts';
import type { Topics } from '../topics.ts';
import { encodeEvent, type Qos } from '../wire.ts';

/** Where the events come from. */
export interface EventSource {
  readonly transport: Transport;
  /** Sent with each subscription. */
  readonly headers: HeadersOption | undefined;
}

/** Publishes a transport's events to their topics, each once. */
export class EventPublisher {
  readonly #controller = new AbortController();
  readonly #publications: Publications;

  private readonly source: EventSource;
  private readonly connection: Connection;
  private readonly topics: Topics;
  private readonly qos: Qos;
  private readonly onError: (error: unknown) => void;

  constructor(source: EventSource, connection: Connection, topics: Topics, qos: Qos, onError: (error: unknown) => void) {
    this.source = source;
    this.connection = connection;
    this.topics = topics;
    this.qos = qos;
    this.onError = onError;
    this.#publications = new Publications(topics.marks, (mark) => {
      if (connection.hasMarks) connection.publish(mark).catch(() => {});
    });
  }

  /** Resolves once every event is subscribed to, or cannot be. */
  async start(): Promise<void> {
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

  close(): void {
    this.#publications.close();
    this.#controller.abort(new ApiError('CANCELLED', 'the server is stopping'));
  }

  /** Gives what failed, if it did. */
  async #subscribe(transport: Transport, event: EventDefinition): Promise<Failure | undefined> {
    const subscription = new Subscription({
      transport,
      event,
      params: {},
      headers: {},
      lastEventId: undefined,
      signal: this.#controller.signal,
      reconnect: {},
      sink: {
        next: (message) => this.#publish(event, message),
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
      if (this.#controller.signal.aborted || (isApiError(error) && error.code === 'UNIMPLEMENTED')) return undefined;
      return { event, error: ApiError.from(error, 'UNKNOWN', 'subscribing failed') };
    }
  }

  #publish(event: EventDefinition, message: EventMessage): void {
    if (BrokerEvent.cameFrom(message, this.connection.url)) return;
    try {
      const topic = this.topics.event(event, message.data as Record<string, unknown>);
      this.connection
        .publish(encodeEvent(event, topic, message, this.qos, this.#publications.next(topic, message.id)), { isKept: true })
        .catch(this.onError);
    } catch (error) {
      this.onError(error);
    }
  }
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
