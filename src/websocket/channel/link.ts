import { after, type StopTimer } from '../../life/timers.ts';
import type { Headers } from '../../core/transport.ts';
import type { ChannelConnection } from './connection.ts';
import { Link, type OnState } from '../../socket/client/link.ts';

/** How long an unused connection is kept for the next writer or reader, in milliseconds. */
const LINGER_MS = 10_000;

/** The connection to one channel with the same headers, for as long as it is in use: the server sends it events all the time. */
export class ChannelLink extends Link<ChannelConnection, Headers> {
  #users = 0;
  #isClosed = false;
  #stopLingering: StopTimer | undefined;

  private readonly onUnused: () => void;

  constructor(
    open: (headers: Headers, signal: AbortSignal) => Promise<ChannelConnection>,
    onState: OnState | undefined,
    onUnused: () => void,
  ) {
    super(open, onState);
    this.onUnused = onUnused;
  }

  /** Keeps the connection until what it returns is called, for the first time: `isOver` says that nobody will come back soon. */
  use(): (isOver: boolean) => void {
    this.#stopLingering?.();
    this.#users++;
    let isUsed = true;
    return (isOver) => {
      if (!isUsed) return;
      isUsed = false;
      if (--this.#users > 0 || this.#isClosed) return;
      if (isOver) this.onUnused();
      else this.#stopLingering = after(LINGER_MS, this.onUnused, { holds: false });
    };
  }

  override close(): Promise<void> {
    this.#isClosed = true;
    this.#stopLingering?.();
    return super.close();
  }
}
