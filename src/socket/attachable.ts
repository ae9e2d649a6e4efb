import type { IncomingMessage, Server } from 'node:http';
import { type Closable } from '../life/closable.ts';

/** Options of `attach`. */
export interface AttachOptions {
  /**
   * The caller as the host knows it, such as the user of a session: `(request) => userOf(request.headers.cookie)`. Middleware of frameworks
   * does not see upgrades. It may be async; `context` gets what it returns as `peer.caller`. An `ApiError` that it throws refuses the
   * socket.
   */
  readonly caller?: ((request: IncomingMessage) => unknown) | undefined;
}

/** Takes WebSockets of an HTTP server: the same for every protocol that has them. */
export interface Attachable extends Closable {
  /** Takes a server's upgrades of its own paths, and leaves the others to those who are attached too. Returns how to detach. */
  attach(server: Server, options?: AttachOptions): () => void;
  /**
   * Ends the sockets and takes no more: calls in flight finish, each socket is closed with 1001, and those that are left after `graceMs`
   * are cut. Idempotent. @default graceMs 10_000
   */
  close(graceMs?: number): Promise<void>;
}
