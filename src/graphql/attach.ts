import type { Server } from 'node:http';
import { attachUpgrade, refuseUpgrade } from '../http/upgrade.js';
import { UpgradeGate, type UpgradeGateOptions } from '../http/upgrade-gate.js';
import type { Engine } from './engine.js';
import type { SocketServer } from './socket.js';

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

/**
 * Ends the sockets and takes no more: calls in flight finish, each socket is closed with 1001, and what is left after `graceMs` is cut.
 * Idempotent. @default graceMs 10_000
 */
export type CloseSockets = (graceMs?: number) => Promise<void>;

/**
 * Takes a server's upgrades of a path; returns what ends the sockets and stops taking more. What sockets need is loaded here and not
 * before: who serves HTTP alone, as on an edge runtime, needs none of it. Upgrades that come meanwhile wait.
 */
export function attachSockets(server: Server, path: string, engine: Engine, options: SocketOptions): CloseSockets {
  const gate = new UpgradeGate('graphqlHandler', options, (error) => engine.present(error));
  let sockets: SocketServer | undefined;
  const loading = import('./socket.js').then((loaded) => (sockets = new loaded.SocketServer(engine, options)));
  loading.catch((error: unknown) => engine.present(error));
  const detach = attachUpgrade(server, (request, socket, head) => {
    if ((request.url ?? '').split('?', 1)[0] !== path) return false;
    if (!gate.admits(request, socket)) return true;
    if (sockets) sockets.accept(request, socket, head);
    else {
      const onError = () => {};
      socket.on('error', onError);
      loading.then(
        (ready) => {
          socket.off('error', onError);
          ready.accept(request, socket, head);
        },
        () => refuseUpgrade(socket, 503, 'this server cannot take sockets now'),
      );
    }
    return true;
  });
  let closing: Promise<void> | undefined;
  return (graceMs = 10_000) => {
    gate.stop();
    return (closing ??= loading
      .then((ready) => ready.close(graceMs))
      .catch(() => {})
      .finally(detach));
  };
}
