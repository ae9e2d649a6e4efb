import { retrace, traced } from '../life/traced.ts';

/** The behaviour when a consumer of events falls behind its buffer. */
export type Overflow = 'resume' | 'drop-oldest' | 'drop-newest' | 'error';

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** An async iterator over pushed values. Its buffer has no bound of its own: the producer looks at `waiting`, or waits with `give`. */
export class PushStream<T> implements AsyncIterableIterator<T> {
  readonly #buffer: T[] = [];
  /** Of values that were given, until they are taken. */
  readonly #taken: (() => void)[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #ended = false;
  #error: unknown;
  /** Called when the last value has left the buffer. */
  onDrained: (() => void) | undefined;

  private readonly onReturn: () => void;

  /** `onReturn` is called when the loop is left. */
  constructor(onReturn: () => void) {
    this.onReturn = onReturn;
  }

  /** How many values no loop has taken yet. */
  get waiting(): number {
    return this.#buffer.length;
  }

  /** Adds a value; tells whether it waits in the buffer. */
  push(value: T): boolean {
    if (this.#ended) return false;
    const waiter = this.#waiters.shift();
    if (waiter) waiter.resolve({ value, done: false });
    else this.#buffer.push(value);
    return !waiter;
  }

  /** As `push`, but says by a promise when the loop has taken the value. For streams whose values are all given. */
  give(value: T): void | Promise<void> {
    if (this.push(value)) return new Promise((taken) => this.#taken.push(taken));
  }

  dropOldest(): void {
    this.#buffer.shift();
  }

  /** No more values: the consumer gets those in the buffer, then the error, if any, once. */
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
      this.#taken.shift()?.();
      if (this.#buffer.length === 0) this.onDrained?.();
      return Promise.resolve({ value, done: false });
    }
    if (this.#error !== undefined) {
      const error = traced(this.#error) as Error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve(DONE);
    return new Promise<IteratorResult<T, undefined>>((resolve, reject) => this.#waiters.push({ resolve, reject })).catch(retrace);
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#buffer.length = 0;
    for (const taken of this.#taken.splice(0)) taken();
    this.#error = undefined;
    this.end();
    this.onReturn();
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

// Some versions of Node 20 lack the symbol. If it is there, `await using` ends the stream.
if (Symbol.asyncDispose) {
  Object.defineProperty(PushStream.prototype, Symbol.asyncDispose, {
    value(this: PushStream<unknown>) {
      return this.return().then(() => {});
    },
  });
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };
