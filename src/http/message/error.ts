/** A request that HTTP itself refuses: a body too large, a path that cannot be decoded. Its message is sent to the caller. */
export class HttpError extends Error {
  override readonly name = 'HttpError';

  readonly status: number;
  /** More headers of the answer, names in lower case: `{ allow: 'GET, HEAD' }`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
