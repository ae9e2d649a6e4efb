// A proxy of TCP: each connection goes to the next process, and to the one after it if that does not answer. Any other does as well.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** Starts a proxy in front of the processes at the ports. */
export async function startProxy(ports: readonly number[]): Promise<{ readonly url: string; close(): void }> {
  let next = 0;
  const proxy = createServer((socket) => {
    const tryProcess = (tries: number) => {
      const upstream = connect(ports[next++ % ports.length] ?? 0, '127.0.0.1');
      const failed = () => (tries > 1 ? tryProcess(tries - 1) : socket.destroy());
      upstream.once('error', failed);
      upstream.once('connect', () => {
        upstream.off('error', failed);
        for (const [from, to] of [[socket, upstream], [upstream, socket]] as const) from.on('error', () => {}).on('close', () => to.destroy()).pipe(to); // prettier-ignore
      });
    };
    tryProcess(ports.length);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close: () => void proxy.close() };
}
