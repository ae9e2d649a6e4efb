/** What a `Request` does not tell of its caller. */
export interface FetchCaller {
  /** The caller's network address. */
  readonly address?: string | undefined;
  /** What the host knows of the caller, such as the user of its session: `context` gets it as `peer.caller`. */
  readonly caller?: unknown;
}
