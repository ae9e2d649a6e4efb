/** What happens when a consumer of events falls behind its buffer. */
export type Overflow = 'resume' | 'drop-oldest' | 'drop-newest' | 'error';

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** An async iterator over pushed values with a bounded buffer. Leaving the loop calls `onReturn`. */
export class PushStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #buffer: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #ended = false;
  #error: unknown;

  readonly size: number;
  private readonly hooks: { readonly onReturn: () => void; readonly onDrained?: () => void };

  constructor(size: number, hooks: { readonly onReturn: () => void; readonly onDrained?: () => void }) {
    this.size = size;
    this.hooks = hooks;
  }

  get full(): boolean {
    return this.#buffer.length >= this.size;
  }

  /** Adds a value, also beyond the size: the producer decides by `full`. */
  push(value: T): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter) waiter.resolve({ value, done: false });
    else this.#buffer.push(value);
  }

  dropOldest(): void {
    this.#buffer.shift();
  }

  /** No more values: the consumer gets what is buffered, then the error, if any, once. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const [first, ...others] = this.#waiters.splice(0);
    if (error === undefined) first?.resolve(DONE);
    else if (first) first.reject(error);
    else this.#error = error;
    for (const waiter of others) waiter.resolve(DONE);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#buffer.length > 0) {
      const value = this.#buffer.shift() as T;
      if (this.#buffer.length === 0) this.hooks.onDrained?.();
      return Promise.resolve({ value, done: false });
    }
    if (this.#error !== undefined) {
      const error = this.#error as Error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#buffer.length = 0;
    this.#error = undefined;
    this.end();
    this.hooks.onReturn();
    return Promise.resolve(DONE);
  }

  async throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

// Node 20 lacks the symbol in places; where it is there, `await using` ends the stream.
if (Symbol.asyncDispose) {
  Object.defineProperty(PushStream.prototype, Symbol.asyncDispose, {
    value(this: PushStream<unknown>) {
      return this.return().then(() => {});
    },
  });
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };
