import { HttpError } from './error.ts';

/** Throws 415 if a body is compressed otherwise than in `taken`. Nothing here inflates, so nothing can be blown up. */
export function checkEncoding(encoding: string | undefined, taken: readonly string[] = []): void {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return;
  if (taken.includes(encoding.trim().toLowerCase())) return;
  // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
  throw new HttpError(415, `the body's content-encoding '${encoding}' is not supported: send it uncompressed`, {
    'accept-encoding': taken.length > 0 ? taken.join(', ') : 'identity',
  });
}

export function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body is larger than ${maxBytes} bytes`);
}

export function tooSlow(timeoutMs: number): HttpError {
  return new HttpError(408, `the body took longer than ${timeoutMs} ms`);
}

export function cutOff(): HttpError {
  return new HttpError(400, 'the body was cut off');
}

export function notUtf8(): HttpError {
  return new HttpError(400, 'the body is not UTF-8');
}

/** A handler asks twice. */
export function readTwice(): TypeError {
  return new TypeError('the body of a request can be read once');
}

/** Somebody else has read the body, which can be read once: a mistake in how a handler is mounted. It is reported, and the caller learns nothing of it. */
export function readBefore(advice: string): Error {
  return new Error(`the body was read before it came here: ${advice}`);
}
