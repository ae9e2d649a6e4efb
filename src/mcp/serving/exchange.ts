import type { ApiError, JsonObject } from '../../core/errors.ts';
import type { OnResponse, Peer } from '../../core/transport.ts';
import type { Era } from '../wire.ts';
import type { Subscriptions } from './subscriptions.ts';

/** One request and its answer, apart from what carries them. */
export interface Exchange {
  readonly era: Era;
  readonly headers: Record<string, string>;
  readonly peer: Peer;
  /** On the monotonic clock, if the peer set one. */
  readonly deadline: number | undefined;
  /** Registers what to do when the peer leaves, or cancels: with the reason then. */
  readonly onLeave: (listener: (reason?: ApiError) => void) => void;
  /** Registers what to do when the server stops, for answers that would not end by themselves. */
  readonly onStop: (listener: () => void) => void;
  readonly onResponse: OnResponse;
  /** Sends a notification before the answer; a promise while the peer is behind. Absent if the peer takes none. */
  readonly notify?: ((method: string, params: JsonObject) => void | Promise<void>) | undefined;
  /** The subscriptions of a session of an older revision; `undefined` if nothing can be told to it. Absent if there is no session. */
  readonly subscriptions?: (() => Promise<Subscriptions | undefined>) | undefined;
}
