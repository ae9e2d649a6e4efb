import type { Readable } from 'node:stream';

/** The receiver of a stream's lines. */
export interface LineTaker {
  line(text: string): void;
  /** A line was over the limit: it is dropped. */
  tooLong(): void;
}

const NEWLINE = 0x0a;

/** Reads lines of UTF-8, each within a limit in bytes; returns what stops it. An empty line is none. */
export function readLines(input: Readable, maxBytes: number, taker: LineTaker): () => void {
  let parts: Buffer[] = [];
  let size = 0;
  let isDropping = false;
  const add = (part: Buffer): void => {
    size += part.length;
    if (size > maxBytes) {
      isDropping = true;
      parts = [];
    } else parts.push(part);
  };
  const end = (): void => {
    const text = isDropping ? '' : Buffer.concat(parts).toString('utf8').trim();
    const wasDropped = isDropping;
    parts = [];
    size = 0;
    isDropping = false;
    if (wasDropped) taker.tooLong();
    else if (text !== '') taker.line(text);
  };
  const onData = (chunk: Buffer | string): void => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
      add(bytes.subarray(from, at));
      end();
      from = at + 1;
    }
    if (from < bytes.length) add(bytes.subarray(from));
  };
  input.on('data', onData);
  // Text after the last line end is a line, too.
  input.on('end', end);
  return () => {
    input.off('data', onData);
    input.off('end', end);
    input.pause();
  };
}
