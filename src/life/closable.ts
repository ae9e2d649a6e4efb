/** Holds sockets, timers or tasks until it is closed, which `await using` does at the end of a block. */
export interface Closable {
  /** Ends what it holds. Idempotent. */
  close(): Promise<void>;
  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The members of a `T` before `closable` adds its own. */
export type BeforeClosable<T extends Closable> = Omit<T, typeof Symbol.asyncDispose>;

/** Adds the method of `await using` to an object or a prototype with `close`. Some versions of Node 20 lack its symbol. */
export function closable<T extends { close(): Promise<void> }>(made: T): NoInfer<T> & Closable {
  if (Symbol.asyncDispose) {
    Object.defineProperty(made, Symbol.asyncDispose, {
      value(this: T) {
        return this.close();
      },
    });
  }
  return made as NoInfer<T> & Closable;
}
