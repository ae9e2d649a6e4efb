/** A request that HTTP itself refuses: a body too large, a path that cannot be decoded. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}
