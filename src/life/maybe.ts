/** A value, or the promise of one. */
export type Maybe<T> = T | PromiseLike<T>;

/** Goes on with a value at once, or with a promise's value when it is there. If nothing waits, no promise is made. */
export function chain<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

/** Any thenable counts, as it does for `await`, because query builders are not real promises. */
export function isPromiseLike<T>(value: Maybe<T>): value is PromiseLike<T> {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
