import type { UpgradeGateOptions } from '../../socket/gate.ts';

/** Options of sockets. */
export interface SocketOptions extends UpgradeGateOptions {
  /** Larger messages close the socket with 1009. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** A reader that is this far behind is ended with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** Queries and mutations in flight on one socket; what comes beyond is RESOURCE_EXHAUSTED. @default 1_000 */
  readonly maxCalls?: number;
  /** Subscriptions on one socket; what comes beyond is RESOURCE_EXHAUSTED. @default 1_000 */
  readonly maxSubscriptions?: number;
  /** How long `connection_init` may take, in milliseconds; then 4408. @default 10_000 */
  readonly initializeTimeoutMs?: number;
  /** How often each peer is asked for a sign of life, in milliseconds; one that misses two is dropped. @default 30_000 */
  readonly pingIntervalMs?: number;
}
