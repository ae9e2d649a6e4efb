/** How many refused origins or hosts are told of: a flood of made-up ones must not fill a log. */
const MAX_TOLD = 100;
const SHOWN_CHARS = 200;

/** Makes what tells `onError` of something that was refused, once for each value. The value is quoted, so that it cannot forge lines of a log. */
export function reportOnce(onError: (error: unknown) => void): (value: string, message: (shown: string) => string) => void {
  const told = new Set<string>();
  return (value, message) => {
    const shown = JSON.stringify(value.slice(0, SHOWN_CHARS));
    if (told.size >= MAX_TOLD || told.has(shown)) return;
    told.add(shown);
    const error = new Error(message(shown));
    // It is the configuration's fault, and the place of its discovery says nothing, so it is one line for the log.
    error.stack = `Error: ${error.message}`;
    onError(error);
  };
}
