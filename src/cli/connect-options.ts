import type { OnWire } from '../peer/on-wire.ts';

/** What a protocol is given to make its adapter. */
export interface ConnectOptions {
  readonly url: string;
  readonly onWire?: OnWire;
}
