import { printable } from '../peer/text/printable.ts';

/** Colours and styles, as select graphic rendition codes of ECMA-48. */
const CODES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], cyan: [36, 39] } as const;

export type Style = keyof typeof CODES;

/** Styles text, or leaves it as it is if the stream shows no colour. */
export type Paint = (style: Style, text: string) => string;

/** A painter for a stream: colour only on a terminal, and not if `NO_COLOR` (https://no-color.org) is set. */
export function painter(stream: NodeJS.WriteStream): Paint {
  const { NO_COLOR, TERM } = process.env;
  if (!stream.isTTY || (NO_COLOR !== undefined && NO_COLOR !== '') || TERM === 'dumb') return (_style, text) => text;
  return (style, text) => `\u001b[${CODES[style][0]}m${text}\u001b[${CODES[style][1]}m`;
}

/** Text of others as it may stand on a terminal: control characters would move its cursor, set its title or answer for its user. */
export function printableLines(text: string): string {
  return text.replace(/[^\n]+/g, (line) => printable(line, Infinity));
}

/** A value as JSON: indented on a terminal, one line for programs. JSON itself leaves DEL and the C1 control characters as they are. */
export function printJson(stream: NodeJS.WriteStream, value: unknown, isForPrograms: boolean): void {
  stream.write(`${printableLines(JSON.stringify(value, null, stream.isTTY && !isForPrograms ? 2 : 0))}\n`);
}

/** Ends the process if its output cannot be written: quietly if nobody reads it (`multi-api-sdk watch … | head -1`), or with one line. */
export function endWithOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      if (stream !== process.stderr) process.stderr.write(`error: the output cannot be written: ${error.message}\n`);
      process.exit(1);
    });
  }
}

/**
 * Runs `stop` at the first SIGINT or SIGTERM; a second one ends the process at once, with the code that shells give it.
 * Returns what takes the listeners off again.
 */
export function onStopSignal(stop: () => void): () => void {
  let isStopping = false;
  const listeners = (
    [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const
  ).map(([signal, code]) => {
    const listener = () => {
      if (isStopping) process.exit(code);
      isStopping = true;
      stop();
    };
    process.on(signal, listener);
    return [signal, listener] as const;
  });
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/** One line that says what is being done, replaced by the next; only on a terminal. */
export function progress(stream: NodeJS.WriteStream, isWanted: boolean): { say(text: string): void; end(): void } {
  const isShown = isWanted && stream.isTTY;
  const clear = () => stream.write('\r\u001b[K');
  return {
    say(text) {
      if (!isShown) return;
      clear();
      stream.write(text.slice(0, Math.max(20, (stream.columns ?? 80) - 1)));
    },
    end() {
      if (isShown) clear();
    },
  };
}

/** `1 event`, `2 events`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
