import type { Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';
/** Where the status begins in `HTTP/1.1 100 Continue`. */
const STATUS_AT = 9;
const DIGIT = { zero: 0x30, one: 0x31, two: 0x32 } as const;

/**
 * Makes a socket for undici, which takes interim responses but gives up on a `100 Continue` that it did not ask for. A client must be able to
 * read those too, so that undici is shown a 102, which it passes over. Where an interim response comes in several pieces nothing is changed.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#section-15.2
 */
export function acceptContinue<S extends Socket>(socket: S): S {
  let awaitsResponse = false;
  const { read, write } = socket;
  // Requests follow each other: what is written is one, and what is read next begins its response.
  socket.write = function (this: S, ...args: Parameters<Socket['write']>) {
    awaitsResponse = true;
    return write.apply(this, args);
  } as Socket['write'];
  socket.read = function (this: S, size?: number) {
    const chunk = read.call(this, size) as Buffer | null;
    if (awaitsResponse && chunk !== null) awaitsResponse = passInterim(chunk);
    return chunk;
  };
  return socket;
}

/** Makes a 102 of each 100 that the chunk begins with; tells whether the response itself is still to come. */
function passInterim(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length;) {
    const status = at + STATUS_AT;
    if (chunk[status] !== DIGIT.one) return false;
    if (chunk[status + 1] === DIGIT.zero && chunk[status + 2] === DIGIT.zero) chunk[status + 2] = DIGIT.two;
    const end = chunk.indexOf(HEAD_END, status, 'latin1');
    if (end === -1) return true;
    at = end + HEAD_END.length;
  }
  return true;
}
