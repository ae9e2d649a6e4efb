import type { EventMessage } from '../../core/transport.ts';

/** For a hub's events: there the same broker may have another url, and publishing them again would never end. */
export const ANY_BROKER = '*';

/** An event that a broker brought. It remembers the broker's url, so that none of our servers publishes it there again. */
export class BrokerEvent implements EventMessage {
  // Private, so that it does not go over anyone's wire.
  readonly #origin: string;

  declare readonly id: string;
  declare readonly time: string;
  declare readonly data: unknown;
  declare readonly after?: string | undefined;
  declare readonly traceparent?: string | undefined;

  constructor(event: EventMessage, origin: string) {
    Object.assign(this, event);
    this.#origin = origin;
  }

  static cameFrom(message: EventMessage, url: string): boolean {
    return #origin in message && (message.#origin === url || message.#origin === ANY_BROKER);
  }
}
