import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** A server that writes whatever bytes it is told to. */
export interface RawServer {
  readonly url: string;
  readonly port: number;
  /** Heads of the requests so far. */
  readonly heads: readonly string[];
  /** Connections that are open now. */
  readonly open: number;
  /** Resolves once the caller has closed all its connections. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one: `reply` is called each time a request's head has come. */
export async function startRawServer(reply: (socket: Socket, head: string) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  let whenEmpty: (() => void)[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        text = text.slice(end + 4 + length);
        heads.push(head);
        reply(socket, head);
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size > 0) return;
      for (const resolve of whenEmpty) resolve();
      whenEmpty = [];
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    heads,
    get open() {
      return sockets.size;
    },
    allClosed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => whenEmpty.push(resolve))),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
