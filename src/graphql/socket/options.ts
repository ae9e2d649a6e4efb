import { bytes, count, ms, type OptionsInForce } from '../../core/options.ts';
import { MAX_ITEMS } from '../../guard/max-items.ts';
import { GATE_NAMES, GATE_READERS, type UpgradeGateOptions } from '../../socket/gate.ts';

/** Readers and names of these options. */
export const SOCKET_READERS = {
  ...GATE_READERS,
  maxMessageBytes: bytes(1_048_576),
  maxItems: count(MAX_ITEMS),
  maxBufferedBytes: bytes(1_048_576),
  maxCalls: count(1000),
  maxSubscriptions: count(1000),
  initializeTimeoutMs: ms(10_000),
  pingIntervalMs: ms(30_000),
  maxStallMs: ms(10_000),
};
export const SOCKET_NAMES = GATE_NAMES;
export type SocketOptionsInForce = OptionsInForce<SocketOptions, typeof SOCKET_READERS>;

/** Options of sockets. */
export interface SocketOptions extends UpgradeGateOptions {
  /** A larger message is refused by its id, and the socket goes on; one of eight times as much closes it with 1009. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number;
  /** How many bytes of events may wait for a reader. Beyond it the subscription ends with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** Queries and mutations in flight on one socket. More are RESOURCE_EXHAUSTED. @default 1_000 */
  readonly maxCalls?: number;
  /** Subscriptions on one socket. More are RESOURCE_EXHAUSTED. @default 1_000 */
  readonly maxSubscriptions?: number;
  /** How long `connection_init` may take, in milliseconds; then 4408. @default 10_000 */
  readonly initializeTimeoutMs?: number;
  /** How often each peer is asked for a sign of life, in milliseconds; one that misses two is dropped. `Infinity` asks for none. @default 30_000 */
  readonly pingIntervalMs?: number;
  /** How long a stream waits for a reader that takes nothing, in milliseconds; then it ends with RESOURCE_EXHAUSTED. @default 10_000 */
  readonly maxStallMs?: number;
}
