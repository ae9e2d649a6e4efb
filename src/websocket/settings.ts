import type { HeadersOption } from '../internal/headers.js';
import type { OnWire } from '../internal/wire-record.js';
import type { OnState } from './link.js';
import type { WebSocketConstructor } from './socket.js';

/** The options of a client with their defaults filled in. */
export interface ClientSettings {
  /** With the scheme `ws:` or `wss:`. */
  readonly url: string;
  readonly constructor: WebSocketConstructor;
  readonly headers: HeadersOption | undefined;
  readonly onWire: OnWire | undefined;
  readonly onState: OnState | undefined;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxRequestBytes: number;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
}
