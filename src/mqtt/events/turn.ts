import type { HubLease } from '../../core/transport.ts';
import { every, type StopTimer } from '../../life/timers.ts';
import { now } from '../../life/now.ts';

/** How often a lease is renewed, or asked for, while it lasts. */
const TRIES_PER_LEASE = 3;

/** The work that is done while it is this process's turn. */
export interface TurnInit {
  /** Takes the lease; `undefined` if another process has it. */
  readonly take: (leaseMs: number) => Promise<HubLease | undefined>;
  readonly leaseMs: number;
  /** Begins at the last holder's end. */
  readonly begin: (cursor: string | undefined) => Promise<void>;
  readonly end: () => void;
  /** The place at which the next holder goes on. */
  readonly cursor: () => string;
  /** The last cursor is kept. */
  readonly kept: () => void;
  readonly onError: (error: unknown) => void;
}

/** The turn of one of the processes that share a hub: takes a lease, renews it, and is ready to take it over. */
export class Turn {
  #lease: HubLease | undefined;
  #until = 0;
  #isBusy = false;
  /** Whether the cursor is to be kept again at once. */
  #isWanted = false;
  #isClosed = false;
  #stop: StopTimer = () => {};

  private readonly init: TurnInit;

  constructor(init: TurnInit) {
    this.init = init;
  }

  /** Resolves when it is this process's turn and all has begun, or once it is another's. */
  async start(): Promise<void> {
    await this.#tick();
    if (!this.#isClosed) this.#stop = every(this.init.leaseMs / TRIES_PER_LEASE, () => void this.#tick(), { holds: false });
  }

  /** Keeps the cursor now, not at the next renewal. */
  async keep(): Promise<void> {
    if (!this.#lease) return;
    this.#isWanted = this.#isBusy;
    await this.#tick();
  }

  /** Lets the next process go on. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    const lease = this.#lease;
    this.#lease = undefined;
    if (!lease) return;
    this.init.end();
    await lease.release(this.init.cursor()).catch(this.init.onError);
  }

  async #tick(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (this.#lease) await this.#renew(this.#lease);
      else await this.#take();
    } catch (error) {
      this.init.onError(error);
      // A store that does not answer cannot keep another process from taking the lease.
      if (this.#lease && now() >= this.#until) this.#lose();
    } finally {
      this.#isBusy = false;
    }
    if (!this.#isWanted) return;
    this.#isWanted = false;
    await this.keep();
  }

  async #take(): Promise<void> {
    const { take, leaseMs, begin } = this.init;
    const until = now() + leaseMs;
    const lease = await take(leaseMs);
    if (!lease) return;
    if (this.#isClosed) return lease.release();
    this.#lease = lease;
    this.#until = until;
    await begin(lease.cursor);
    // There is a place now.
    if (lease.cursor === undefined) this.#isWanted = true;
  }

  async #renew(lease: HubLease): Promise<void> {
    const { leaseMs, cursor, kept } = this.init;
    const until = now() + leaseMs;
    if (!(await lease.renew(leaseMs, cursor()))) {
      if (this.#lease === lease) this.#lose();
    } else if (this.#lease === lease) {
      this.#until = until;
      kept();
    }
  }

  #lose(): void {
    this.#lease = undefined;
    this.init.end();
  }
}
