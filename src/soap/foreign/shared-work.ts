import { ApiError } from '../../core/errors.ts';
import { Lifetime } from '../../life/lifetime.ts';
import { now } from '../../life/now.ts';

const LEFT = new ApiError('CANCELLED', 'nobody waits for it any more', { sent: false });

interface Work<T> {
  readonly result: Promise<T>;
  readonly lifetime: Lifetime;
  waiting: number;
}

/** Work that calls share: done once, and again by the next call if it failed. It ends early when the last call that waits for it has left. */
export class SharedWork<T> {
  #done: { readonly value: T } | undefined;
  #work: Work<T> | undefined;

  private readonly begin: (signal: AbortSignal) => Promise<T>;
  private readonly timeoutMs: number;
  /** The error of the waiting calls if it takes longer. */
  private readonly late: () => ApiError;

  constructor(begin: (signal: AbortSignal) => Promise<T>, timeoutMs: number, late: () => ApiError) {
    this.begin = begin;
    this.timeoutMs = timeoutMs;
    this.late = late;
  }

  /** Rejects with the signal's reason when the caller leaves. */
  async result(signal: AbortSignal): Promise<T> {
    if (this.#done) return this.#done.value;
    const work = (this.#work ??= this.#start());
    work.waiting++;
    try {
      const value = await new Lifetime(undefined, signal).settle(() => work.result);
      this.#done = { value };
      return value;
    } finally {
      if (--work.waiting === 0) this.#end(work, LEFT);
    }
  }

  /** Ends the work under way; those who wait are told why. */
  close(reason: ApiError): void {
    if (this.#work) this.#end(this.#work, reason);
  }

  #start(): Work<T> {
    const lifetime = new Lifetime();
    lifetime.endAt(now() + this.timeoutMs, this.late);
    // Work that does not hear the signal ends all the same.
    const result = lifetime.settle(() => this.begin(lifetime.signal));
    // Nobody hears it if the first caller had left before it waited.
    result.catch(() => {});
    return { result, lifetime, waiting: 0 };
  }

  #end(work: Work<T>, reason: ApiError): void {
    if (this.#work === work) this.#work = undefined;
    work.lifetime.abort(reason);
  }
}
