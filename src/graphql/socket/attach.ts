import type { Server } from 'node:http';
import { attachUpgrade, refuseUpgrade } from '../../socket/upgrade.ts';
import { UpgradeGate } from '../../socket/gate.ts';
import type { Engine } from '../engine/engine.ts';
import type { SocketOptions } from './options.ts';
import type { SocketServer } from './server.ts';

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
  const loading = import('./server.ts').then((loaded) => (sockets = new loaded.SocketServer(engine, options)));
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
