/** Where failures go that callers must not see, unless an `onError` option says otherwise. */
export function reportToConsole(...what: unknown[]): void {
  // eslint-disable-next-line no-console -- the one default reporter: silent failures would be worse
  console.error(...what);
}

/** Where reports go: to `onError`, whose own failure must not take a server down, or to the console. */
export function reporter(onError: ((error: unknown) => void) | undefined): (error: unknown) => void {
  if (!onError) return reportToConsole;
  return (error) => {
    try {
      onError(error);
    } catch (failure) {
      reportToConsole(failure);
    }
  };
}
