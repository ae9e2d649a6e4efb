/** Takes failures that callers must not see, unless an `onError` option says otherwise. */
export function reportToConsole(...what: unknown[]): void {
  // eslint-disable-next-line no-console -- the one default reporter: silent failures would be worse
  console.error(...what);
}

/**
 * Calls a function of the program's, such as a listener. If it throws, or is async and rejects, `fail` is told. It must end neither what it listens
 * to nor the process.
 */
export function attempt(work: () => unknown, fail: (error: unknown) => void): void {
  try {
    Promise.resolve(work()).catch(fail);
  } catch (error) {
    fail(error);
  }
}

/** Reports a failure; a reporter that fails must not take down what it reports of. */
export function report<T>(failure: T, onError: (failure: T) => unknown): void {
  attempt(() => onError(failure), reportToConsole);
}

/** Makes the function that reports errors: to `onError`, or to the console. */
export function reporter(onError: ((error: unknown) => void) | undefined): (error: unknown) => void {
  return onError ? (error) => report(error, onError) : reportToConsole;
}

/** Makes the failure of a caller's own function that nobody watches visible, as the runtime does with a rejected promise. */
export function unhandled(error: unknown): void {
  void Promise.reject(error);
}
