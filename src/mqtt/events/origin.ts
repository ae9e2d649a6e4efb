import type { EventMessage } from '../../core/transport.ts';

/** For a hub's events: there the same broker may have another url, and publishing them again would never end. */
export const ANY_BROKER = '*';

/** An event that a broker brought. It remembers the broker's url, so that none of our servers publishes it there again. */
export class BrokerEvent implements EventMessage {
  // Private, so that it does not go over anyone's wire.
  readonly #origin: string;

  readonly id: string;
  readonly time: string;
  readonly data: unknown;
  readonly after: string | undefined;

  constructor(id: string, time: string, data: unknown, origin: string, after?: string) {
    this.id = id;
    this.time = time;
    this.data = data;
    this.#origin = origin;
    this.after = after;
  }

  static cameFrom(message: EventMessage, url: string): boolean {
    return #origin in message && (message.#origin === url || message.#origin === ANY_BROKER);
  }
}
