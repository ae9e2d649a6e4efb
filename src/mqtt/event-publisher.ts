import type { EventDefinition } from '../contract.js';
import { ApiError, isApiError } from '../errors.js';
import { connect } from '../internal/guard.js';
import { Subscription } from '../internal/subscription.js';
import type { EventMessage, Transport } from '../transport.js';
import type { Connection } from './connection.js';
import { BrokerEvent } from './origin.js';
import type { Topics } from './topics.js';
import { encodeEvent, type Qos } from './wire.js';

/** Publishes a transport's events to their topics, each once. */
export class EventPublisher {
  readonly #controller = new AbortController();

  constructor(
    private readonly transport: Transport,
    private readonly connection: Connection,
    private readonly topics: Topics,
    private readonly qos: Qos,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Resolves once every event is subscribed to, or cannot be. */
  async start(): Promise<void> {
    const source = connect(this.transport, this.transport.contract);
    await Promise.all(Object.values(this.transport.contract.events).map((event) => this.#subscribe(source, event)));
  }

  close(): void {
    this.#controller.abort(new ApiError('CANCELLED', 'the server is stopping'));
  }

  async #subscribe(transport: Transport, event: EventDefinition): Promise<void> {
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
        end: (error) => error && this.onError(error),
      },
    });
    try {
      await subscription.open();
    } catch (error) {
      // A transport without events is served without them.
      if (this.#controller.signal.aborted || (isApiError(error) && error.code === 'UNIMPLEMENTED')) return;
      this.onError(error);
    }
  }

  #publish(event: EventDefinition, message: EventMessage): void {
    if (BrokerEvent.cameFrom(message, this.connection.url)) return;
    try {
      const topic = this.topics.event(event, message.data as Record<string, unknown>);
      this.connection.publish(encodeEvent(event, topic, message, this.qos), { isKept: true }).catch(this.onError);
    } catch (error) {
      this.onError(error);
    }
  }
}
