import { HttpError } from './error.js';

/** Throws 415 where a body is compressed: nothing here inflates, so that nothing can be blown up. */
export function checkEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return;
  // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
  throw new HttpError(415, `the body's content-encoding '${encoding}' is not supported: send it uncompressed`, {
    'accept-encoding': 'identity',
  });
}

export function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, `the body is larger than ${maxBytes} bytes`);
}
