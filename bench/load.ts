import { connect, type Socket } from 'node:net';

export interface Load {
  readonly port: number;
  /** The whole request, head and body; every response to it must have the same length, give or take the request id. */
  readonly request: string;
  readonly connections: number;
  readonly durationMs: number;
}

/**
 * Sends one request again and again over keep-alive connections and counts the responses. It reads no more of a
 * response than the end of its head and its content length, so that on two cores the server is what is measured.
 */
export async function load({ port, request, connections, durationMs }: Load): Promise<number> {
  const bytes = Buffer.from(request);
  let done = 0;
  let stop = false;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let pending = '';
          socket.on('error', reject);
          socket.on('data', (chunk: Buffer) => {
            pending = pending === '' ? chunk.toString('latin1') : pending + chunk.toString('latin1');
            const head = pending.indexOf('\r\n\r\n');
            if (head === -1) return;
            const length = Number(/content-length: (\d+)/i.exec(pending.slice(0, head))?.[1] ?? NaN);
            if (Number.isNaN(length)) return reject(new Error(`a response without content-length: ${pending.slice(0, 200)}`));
            if (pending.length < head + 4 + length) return;
            if (!pending.startsWith('HTTP/1.1 2')) return reject(new Error(pending.slice(0, 300)));
            pending = '';
            done++;
            if (stop) {
              socket.destroy();
              resolve();
            } else socket.write(bytes);
          });
          socket.write(bytes);
        }),
    ).concat(new Promise((resolve) => setTimeout(() => resolve((stop = true) as never), durationMs))),
  );
  return (done * 1000) / durationMs;
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    socket.setNoDelay(true);
  });
}
