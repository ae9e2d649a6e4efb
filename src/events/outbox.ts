import { ApiError } from '../core/errors.ts';
import { backoffMs } from '../life/backoff.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { after, type StopTimer } from '../life/timers.ts';

/** How many events may wait that their publishers take for published. */
const MAX_WAITING = 1000;
/** After how many tries the next event is tried too, and how often the hub then refuses the first one until it is dropped. */
const TRIES = 3;
/** The most events that go to the hub at a time when it takes some again, because a hub that batches takes them in one call. */
const MAX_AT_ONCE = 200;

interface Waiting {
  readonly send: () => Promise<void>;
  /** Of a publisher that waits for the hub. */
  readonly settle: ((error?: ApiError) => void) | undefined;
  /** How often the hub refused it right after it took another one. */
  refusals: number;
}

/**
 * Keeps what a hub could not take and tries again in order, so that a broken hub never fails a finished mutation. Once it is full, publishers wait for
 * the hub, for as long as it may take for an answer.
 */
export class Outbox {
  #waiting: Waiting[] = [];
  #timer: StopTimer | undefined;
  #attempt = 0;
  #isClosed = false;
  /** The try that is under way; it never rejects. */
  #draining: Promise<void> | undefined;

  readonly #failures: RepeatedReport;
  readonly #dropped: RepeatedReport;
  private readonly report: (error: unknown) => void;
  private readonly timeoutMs: number;

  constructor(report: (error: unknown) => void, timeoutMs: number) {
    this.report = report;
    this.timeoutMs = timeoutMs;
    this.#failures = new RepeatedReport(report);
    this.#dropped = new RepeatedReport(report);
  }

  /** Resolves when `send` succeeded, or failed and waits for another try. Rejects if it could not wait. */
  send(send: () => Promise<void>): Promise<void> {
    if (this.#waiting.length > 0) return this.#keep(send);
    try {
      return send().catch((error: unknown) => this.#failed(send, error));
    } catch (error) {
      return this.#failed(send, error);
    }
  }

  /** Tries once more at once; resolves when the hub has all, or did not take some. */
  async tryNow(): Promise<void> {
    await this.#draining;
    if (this.#waiting.length === 0) return;
    this.#timer?.();
    await this.#drain();
  }

  /** Gives up what still waits, and what fails from now on. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.();
    this.#failures.tell();
    this.#dropped.tell();
    const left = this.#waiting;
    this.#waiting = [];
    if (left.length > 0)
      this.report(new Error(`${left.length} events were never published: the hub did not take them before the service stopped`));
    for (const { settle } of left) settle?.(stopped());
  }

  #failed(send: () => Promise<void>, error: unknown): Promise<void> {
    this.#failures.add(error);
    return this.#keep(send);
  }

  #keep(send: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.reject(stopped());
    const kept =
      this.#waiting.length < MAX_WAITING
        ? (this.#waiting.push({ send, settle: undefined, refusals: 0 }), Promise.resolve())
        : this.#wait(send);
    if (this.#timer === undefined) this.#schedule();
    return kept;
  }

  /** An event whose publisher is not answered yet: it takes no more memory than a call to a hub that is slow. */
  #wait(send: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        send,
        refusals: 0,
        settle: (error) => {
          stop();
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      const stop = after(this.timeoutMs, () => {
        const at = this.#waiting.indexOf(waiting);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        this.#dropped.add(new Error(`an event was dropped: the hub took none within ${this.timeoutMs} ms while ${MAX_WAITING} waited`));
        reject(new ApiError('UNAVAILABLE', `the event hub took no event within ${this.timeoutMs} ms`));
      });
      this.#waiting.push(waiting);
    });
  }

  #schedule(): void {
    this.#timer = after(backoffMs(this.#attempt++, { maxDelayMs: 5000 }), () => void this.#drain());
  }

  #drain(): Promise<void> {
    this.#draining = this.#drainAll().finally(() => (this.#draining = undefined));
    return this.#draining;
  }

  async #drainAll(): Promise<void> {
    // One first: most tries find the hub still broken.
    for (let count = 1; this.#waiting.length > 0; count = MAX_AT_ONCE) {
      if (await this.#drainSome(this.#waiting.slice(0, count))) continue;
      if (this.#attempt >= TRIES && (await this.#passFirst())) continue;
      if (this.#waiting.length > 0 && !this.#isClosed) this.#schedule();
      return;
    }
    this.#timer = undefined;
    this.#attempt = 0;
  }

  /** Gives the first one up if the hub refuses it and takes the next: nothing else would ever be published. Tells whether it did. */
  async #passFirst(): Promise<boolean> {
    const [first, next] = this.#waiting;
    if (!first || !next || !(await this.#drainSome([next]))) return false;
    // The hub may have come back just now.
    if ((await this.#drainSome([first])) || ++first.refusals < TRIES) return true;
    this.#waiting = this.#waiting.filter((each) => each !== first);
    const error = new ApiError('UNAVAILABLE', 'an event was dropped: the hub refuses it and takes others');
    this.#dropped.add(error);
    first.settle?.(error);
    return true;
  }

  /** Tells whether the hub took all of them. */
  async #drainSome(some: readonly Waiting[]): Promise<boolean> {
    const results = await Promise.allSettled(some.map(async ({ send }) => send()));
    const taken = new Set(some.filter((_, index) => results[index]?.status === 'fulfilled'));
    this.#waiting = this.#waiting.filter((each) => !taken.has(each));
    for (const { settle } of taken) settle?.();
    return taken.size === some.length;
  }
}

function stopped(): ApiError {
  return new ApiError('UNAVAILABLE', 'the service stopped before the hub took the event');
}
