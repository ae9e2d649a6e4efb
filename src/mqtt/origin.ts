import type { EventMessage } from '../transport.js';

/** The url of the broker that an event came from. */
const origins = new WeakMap<EventMessage, string>();

/** For a hub's events: there the same broker may have another url, and publishing them again would never end. */
export const ANY_BROKER = '*';

/** Remembers where an event came from, so that none of our servers publishes it there again. */
export function markOrigin(message: EventMessage, url: string): void {
  origins.set(message, url);
}

export function cameFrom(message: EventMessage, url: string): boolean {
  const origin = origins.get(message);
  return origin === url || origin === ANY_BROKER;
}
