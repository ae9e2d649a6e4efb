import { Latch } from '../life/latch.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { after, every, type StopTimer } from '../life/timers.ts';
import { rowsOf, type Queryable } from './database.ts';
import { RELAY, TRIM } from './hub-sql.ts';

export interface TickerInit {
  readonly pool: Queryable;
  readonly pollMs: number;
  readonly historyTtlMs: number;
  /** Reads new events; tells whether there may be more at once. */
  readonly read: () => Promise<boolean>;
  readonly report: (error: unknown) => void;
}

const TRIM_EVERY_MS = 60_000;
/** Rows of one statement, so that none holds its locks for long. */
const TRIM_ROWS = 5000;
const RELAY_ROWS = 500;
const SWEEP = `
delete from multi_api_sdk.keys where (kind, key) in (
  select kind, key from multi_api_sdk.keys where until < clock_timestamp() limit $1 for update skip locked
)
returning 1`;

/** The standing work of a process: it relays events of committed transactions, reads new ones, and deletes what is old. */
export class Ticker {
  #isBusy = false;
  #isRung = false;
  #isClosed = false;
  #stopPoll: StopTimer = () => {};
  readonly #stopTrim: StopTimer;
  readonly #failures: RepeatedReport;
  readonly #idle = new Latch();

  private readonly init: TickerInit;

  constructor(init: TickerInit) {
    this.init = init;
    this.#failures = new RepeatedReport(init.report);
    this.#stopTrim = every(TRIM_EVERY_MS, () => void this.#trim(), { holds: false });
    this.#wait();
  }

  /** There is something to do: does it at once. */
  readonly ring = (): void => {
    if (this.#isBusy) this.#isRung = true;
    else void this.#tick();
  };

  /** Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopPoll();
    this.#stopTrim();
    if (this.#isBusy) await this.#idle.wait();
  }

  #wait(): void {
    this.#stopPoll = after(this.init.pollMs, () => void this.#tick(), { holds: false });
  }

  async #tick(): Promise<void> {
    if (this.#isClosed) return;
    this.#isBusy = true;
    this.#stopPoll();
    try {
      let isMore = true;
      while (isMore && !this.#isClosed) {
        this.#isRung = false;
        const isRelayFull = Number((await rowsOf(this.init.pool, RELAY, [RELAY_ROWS]))[0]?.['count']) >= RELAY_ROWS;
        const isPageFull = await this.init.read();
        isMore = isRelayFull || isPageFull || this.#isRung;
      }
    } catch (error) {
      if (!this.#isClosed) this.#failures.add(error);
    } finally {
      this.#isBusy = false;
      this.#idle.release();
      if (!this.#isClosed) this.#wait();
    }
  }

  async #trim(): Promise<void> {
    const { pool, historyTtlMs } = this.init;
    try {
      const work: readonly (() => Promise<readonly unknown[]>)[] = [() => rowsOf(pool, SWEEP, [TRIM_ROWS])];
      for (const each of work) while (!this.#isClosed && (await each()).length >= TRIM_ROWS);
      while (!this.#isClosed && Number((await rowsOf(pool, TRIM, [historyTtlMs, TRIM_ROWS]))[0]?.['count']) >= TRIM_ROWS);
    } catch (error) {
      if (!this.#isClosed) this.#failures.add(error);
    }
  }
}
