/** Facts about a caller that a `Request` does not contain. */
export interface FetchCaller {
  /** The caller's network address. */
  readonly address?: string | undefined;
  /** The caller as the host knows it, such as the user of its session. `context` gets it as `peer.caller`. */
  readonly caller?: unknown;
}
