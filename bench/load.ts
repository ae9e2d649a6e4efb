import { connect, type Socket } from 'node:net';
import type { PeerProcess } from './peer.ts';

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
  const timer = setTimeout(() => (stop = true), durationMs);
  const drive = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      let pending = '';
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        pending += chunk.toString('latin1');
        const head = pending.indexOf('\r\n\r\n');
        if (head === -1) return;
        const length = Number(/content-length: (\d+)/i.exec(pending)?.[1]);
        if (Number.isNaN(length) || !pending.startsWith('HTTP/1.1 2'))
          return reject(new Error(`not a response to measure: ${pending.slice(0, 300)}`));
        if (pending.length < head + 4 + length) return;
        pending = '';
        done++;
        if (!stop) return void socket.write(bytes);
        socket.destroy();
        resolve();
      });
      socket.write(bytes);
    });
  await Promise.all(sockets.map(drive));
  clearTimeout(timer);
  return (done * 1000) / durationMs;
}

/** Requests per second, and microseconds of the server's CPU per request. */
export async function loadPeer(peer: PeerProcess, given: Omit<Load, 'port'>): Promise<{ rate: number; cpu: number }> {
  const before = await peer.cpu();
  const rate = await load({ ...given, port: peer.port });
  return { rate, cpu: ((await peer.cpu()) - before) / ((rate * given.durationMs) / 1000) };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
    socket.setNoDelay(true);
  });
}
