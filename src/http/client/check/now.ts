import type { HttpClientOptions } from '../options.ts';

/** Does nothing: the carrier is made with the client, and checks its options itself. */
export function checkCarrier(_options: HttpClientOptions): void {}
