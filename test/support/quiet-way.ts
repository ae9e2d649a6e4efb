import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a server whose connections can fall silent without an end, or be spoiled. */
export async function quietWay(port: number) {
  const sockets = new Set<Socket>();
  const quiet = new Set<Socket>();
  let spoil: ((chunk: Buffer) => void) | undefined;
  const way = createServer({ allowHalfOpen: true }, (socket) => {
    const onward = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.add(socket);
    socket.on('close', () => (sockets.delete(socket), onward.destroy()));
    for (const [from, to] of [[socket, onward], [onward, socket]] as const) {
      from.on('error', () => {});
      from.on('data', (chunk: Buffer) => {
        if (quiet.has(socket)) return;
        if (from === onward) spoil?.(chunk);
        to.write(chunk);
      });
      from.on('end', () => (quiet.has(socket) ? socket.destroy() : to.end()));
    } // prettier-ignore
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    way.close();
  });
  return {
    url: `127.0.0.1:${(way.address() as AddressInfo).port}`,
    sockets,
    fallSilent: () => sockets.forEach((socket) => quiet.add(socket)),
    spoil: (how: typeof spoil) => (spoil = how),
  };
}
