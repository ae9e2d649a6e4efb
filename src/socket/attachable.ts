import type { Server } from 'node:http';

/** Takes WebSockets of an HTTP server: the same for every protocol that has them. */
export interface Attachable {
  /** Takes a server's upgrades of its own paths, and leaves the others to those who are attached too. Returns how to detach. */
  attach(server: Server): () => void;
  /**
   * Ends the sockets and takes no more: calls in flight finish, each socket is closed with 1001, and those that are left after `graceMs`
   * are cut. Idempotent. @default graceMs 10_000
   */
  close(graceMs?: number): Promise<void>;
}
