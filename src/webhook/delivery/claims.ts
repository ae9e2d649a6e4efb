import { ApiError } from '../../core/errors.ts';
import { backoffMs } from '../../life/backoff.ts';
import { delay, onAbort } from '../../life/lifetime.ts';
import { now } from '../../life/now.ts';
import { RepeatedReport } from '../../life/repeated.ts';
import { after, every, type StopTimer } from '../../life/timers.ts';
import type { WebhookClaim, WebhookSharing } from '../store/store.ts';

export interface ClaimsInit {
  readonly sharing: WebhookSharing;
  readonly worker: string;
  /** How long the subscriptions stay with a dispatcher that gives no sign of life, in milliseconds; `Infinity` if it is the only one. */
  readonly leaseMs: number;
  /** After how long callers are told that the store is still being read, in milliseconds. */
  readonly storeTimeoutMs: number;
  /** Versions of the subscriptions that are held. */
  readonly known: () => ReadonlyMap<string, number>;
  /** Takes up what a claim brings. `isFirst` until one was taken up. */
  readonly take: (claim: WebhookClaim, isFirst: boolean) => Promise<void>;
  /** Whether requests may begin. */
  readonly gate: { isOpen: boolean };
  readonly onOpen: () => void;
  readonly signal: AbortSignal;
  readonly report: (error: unknown) => void;
}

/** How many times the lease is renewed while it lasts. */
const RENEWALS = 5;
const UNREAD = 'the webhook store cannot be read: no webhooks are delivered';
const SLOW = 'the webhook store has not been read yet: no webhooks are delivered';
const LOST = 'the webhook store does not answer: this process may no longer deliver webhooks';

/** Claims subscriptions for a dispatcher, and renews its lease on them for as long as it lives. */
export class Claims {
  #problem: string | undefined;
  #isRead = false;
  #onTried = () => {};
  /** Resolves when claiming was tried once, whatever came of it. */
  readonly tried: Promise<void>;
  readonly #failures: RepeatedReport;
  #stopLease: StopTimer = () => {};
  #stopRenewals: StopTimer | undefined;
  #isRenewing = false;
  /** How many claims renewed the lease since it was over last. */
  #renewed = 0;
  #claiming: Promise<unknown> = Promise.resolve();

  private readonly init: ClaimsInit;

  constructor(init: ClaimsInit) {
    this.init = init;
    this.#failures = new RepeatedReport(init.report);
    this.tried = new Promise((resolve) => (this.#onTried = resolve));
    onAbort(init.signal, () => {
      this.#stopRenewals?.();
      this.#stopLease();
    });
  }

  /** The reason why the dispatcher does not work, for a check of health. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves with `ready` unless the store could not be read, which throws UNAVAILABLE: a full disk may last, and callers wait. */
  async readable(ready: Promise<void>): Promise<void> {
    await Promise.race([ready, this.tried]);
    if (this.#isRead || this.#problem === undefined) return ready;
    throw new ApiError('UNAVAILABLE', 'the webhook subscriptions cannot be read now', { retryAfterMs: 1000 });
  }

  /** Resolves when the store has answered the last claim; it never rejects. */
  get answered(): Promise<unknown> {
    return this.#claiming;
  }

  /** Resolves when the first claim is taken up; renews it by itself. A store that cannot be read now may be read later: a full disk, a database that is away. */
  async start(): Promise<void> {
    const { signal, leaseMs, storeTimeoutMs, take } = this.init;
    const stopWaiting = after(storeTimeoutMs, () => this.#isSlow(), { holds: false });
    onAbort(signal, stopWaiting);
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const claim = await this.#claim();
        if (claim) {
          // Taking it up may last longer than the lease.
          this.#stopRenewals ??= every(leaseMs / RENEWALS, () => void this.#renew(), { holds: false });
          await take(claim, true);
        }
        stopWaiting();
        this.#problem = undefined;
        this.#isRead = true;
        this.#onTried();
        return;
      } catch (error) {
        this.#failures.add(error);
        this.#onTried();
        this.#problem = UNREAD;
        await delay(backoffMs(attempt, { baseDelayMs: 500, maxDelayMs: 10_000 }), signal).catch(() => {});
      }
    }
  }

  /** A store may need long to be read, or never answer. */
  #isSlow(): void {
    if (this.#problem !== undefined) return;
    this.#problem = SLOW;
    this.#failures.add(new Error(SLOW));
    this.#onTried();
  }

  async #renew(): Promise<void> {
    const { signal, take, gate, onOpen } = this.init;
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      const claim = await this.#claim();
      if (!claim) return;
      await take(claim, false);
      // Another dispatcher may be about to take what this one lost: only a second claim shows it.
      if (this.#renewed > 1 && !gate.isOpen) {
        gate.isOpen = true;
        onOpen();
      }
      this.#problem = gate.isOpen ? undefined : LOST;
    } catch (error) {
      if (!signal.aborted) this.#failures.add(error);
    } finally {
      this.#isRenewing = false;
    }
  }

  /** Gives nothing if the dispatcher has ended meanwhile. */
  async #claim(): Promise<WebhookClaim | undefined> {
    const { sharing, worker, leaseMs, known, gate, signal } = this.init;
    const begun = now();
    const claiming = sharing.claim(worker, leaseMs, known());
    this.#claiming = claiming.catch(() => {});
    const claim = await claiming;
    if (signal.aborted) return undefined;
    this.#stopLease();
    this.#renewed++;
    const lapse = () => {
      gate.isOpen = false;
      this.#problem = LOST;
      this.#renewed = 0;
    };
    const leftMs = begun + leaseMs - now();
    if (leftMs > 0) this.#stopLease = after(leftMs, lapse, { holds: false });
    else lapse();
    return claim;
  }
}
