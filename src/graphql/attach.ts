import type { Server } from 'node:http';
import { compileOriginCheck, type Origins } from '../http/origins.js';
import { attachUpgrade, refuseUpgrade } from '../http/upgrade.js';
import type { Engine } from './engine.js';
import type { SocketServer } from './socket.js';

/** Options of sockets. */
export interface SocketOptions {
  /** Pages of other hosts that may connect: their origins (`https://app.example.com`), a function, or `'*'`. @default none */
  readonly origins?: Origins;
  /** Larger messages close the socket with 1009. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** A reader that is this far behind is ended with RESOURCE_EXHAUSTED. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** How many operations may run on one socket. @default 1_000 */
  readonly maxSubscriptions?: number;
  /** How long `connection_init` may take, in milliseconds; then 4408. @default 10_000 */
  readonly initTimeoutMs?: number;
  /** How often sockets are pinged, in milliseconds; one that misses two is cut. @default 30_000 */
  readonly pingMs?: number;
}

/**
 * Takes a server's upgrades of a path; returns what ends the sockets and stops taking more. What sockets need is loaded here and not
 * before: who serves HTTP alone, as on an edge runtime, needs none of it. Upgrades that come meanwhile wait.
 */
export function attachSockets(server: Server, path: string, engine: Engine, options: SocketOptions): () => Promise<void> {
  const isAllowed = compileOriginCheck('graphqlHandler', options.origins, (error) => engine.present(error));
  let sockets: SocketServer | undefined;
  const loading = import('./socket.js').then((loaded) => (sockets = new loaded.SocketServer(engine, options)));
  loading.catch((error: unknown) => engine.present(error));
  const detach = attachUpgrade(server, (request, socket, head) => {
    if ((request.url ?? '').split('?', 1)[0] !== path) return false;
    if (!isAllowed(request)) refuseUpgrade(socket, 403, "this origin may not connect: list it in the option 'origins'");
    else if (sockets) sockets.accept(request, socket, head);
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
  return async () => {
    detach();
    await loading.then(
      (ready) => ready.close(),
      () => {},
    );
  };
}
