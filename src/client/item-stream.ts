interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

const DONE: IteratorReturnResult<undefined> = { value: undefined, done: true };

/** The items of a stream for a loop. `push` says by a promise when the loop has taken what it was given, so that the far side waits for it. */
export class ItemReader<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: { readonly value: T; readonly taken: () => void }[] = [];
  readonly #waiters: Waiter<T>[] = [];
  #isEnded = false;
  #error: unknown;
  private readonly onReturn: () => void;

  /** `onReturn` is called when the loop is left. */
  constructor(onReturn: () => void) {
    this.onReturn = onReturn;
  }

  push(value: T): void | Promise<void> {
    if (this.#isEnded) return;
    const waiter = this.#waiters.shift();
    if (waiter) return waiter.resolve({ value, done: false });
    return new Promise((taken) => this.#items.push({ value, taken }));
  }

  /** No more items: the loop gets those that are here, then the error, if any, once. */
  end(error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const [first, ...others] = this.#waiters.splice(0);
    if (error === undefined) first?.resolve(DONE);
    else if (first) first.reject(error);
    else this.#error = error;
    for (const waiter of others) waiter.resolve(DONE);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    if (item) {
      item.taken();
      return Promise.resolve({ value: item.value, done: false });
    }
    if (this.#error !== undefined) {
      const error = this.#error as Error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#isEnded) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    for (const { taken } of this.#items.splice(0)) taken();
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

// Node 20 lacks the symbol in places; where it is there, `await using` leaves the stream.
if (Symbol.asyncDispose) {
  Object.defineProperty(ItemReader.prototype, Symbol.asyncDispose, {
    value(this: ItemReader<unknown>) {
      return this.return().then(() => {});
    },
  });
}
