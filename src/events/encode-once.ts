import type { EventMessage } from '../core/transport.ts';

/** Encodes each event once, not once per subscriber: a hub hands the same message to all of them in a row. */
export function encodeOnce<T>(encode: (message: EventMessage) => T): (message: EventMessage) => T {
  let last: { readonly message: EventMessage; readonly encoded: T } | undefined;
  return (message) => {
    if (last?.message !== message) last = { message, encoded: encode(message) };
    return last.encoded;
  };
}
