import type { Scripts } from './commands.ts';
import { ARCHIVE } from './hub-scripts.ts';

export interface ArchiveInit {
  readonly scripts: Scripts;
  readonly stream: string;
  readonly prefix: string;
  readonly history: number;
  readonly maxEvents: number;
  readonly historyTtlMs: number;
  /** How many entries are moved at a time. */
  readonly page: number;
  readonly report: (error: unknown) => void;
}

/** As many of the newest are always in the stream, so a reader that got fewer at once has missed nothing by trimming. */
export const ALWAYS_HELD = 100;

/** Keeps the stream of all events short: older entries move to the streams of the channels, many at a time. */
export class Archive {
  readonly #every: number;
  #published: number;
  #isMoving = false;
  #isClosed = false;

  private readonly init: ArchiveInit;

  constructor(init: ArchiveInit) {
    this.init = init;
    this.#every = Math.min(init.page, Math.max(1, Math.ceil(init.maxEvents / 16)));
    // Programs that publish little and end move some too, once in a while.
    this.#published = Math.floor(Math.random() * this.#every);
  }

  /** Counts events that were published, and moves the oldest after some. */
  count(events: number): void {
    this.#published += events;
    if (this.#published < this.#every || this.#isMoving) return;
    this.#published = 0;
    this.#isMoving = true;
    this.#move()
      .catch((error: unknown) => {
        if (!this.#isClosed) this.init.report(error);
      })
      .finally(() => (this.#isMoving = false));
  }

  /** Older entries stay until another process publishes. */
  close(): void {
    this.#isClosed = true;
  }

  async #move(): Promise<void> {
    const { scripts, stream, prefix, history, maxEvents, historyTtlMs, page } = this.init;
    const args = [Math.max(maxEvents, ALWAYS_HELD), history, historyTtlMs, page].map(String);
    while (!this.#isClosed && Number(await scripts.run(ARCHIVE, [stream, prefix, ...args])) > 0);
  }
}
