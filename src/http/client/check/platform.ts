import type { HttpClientOptions } from '../options.ts';

/** Throws a `TypeError` for options that only Node's carrier has. */
export function checkPlatform({ tls, dispatcher }: Pick<HttpClientOptions, 'tls' | 'dispatcher'>): void {
  if (tls || dispatcher) throw new TypeError("'tls' and 'dispatcher' need Node: elsewhere give a 'fetch' of your own");
}
