import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket as Peer } from 'ws';
import { onEnd } from './support.ts';

/** A frame of any shape. */
export type Frame = any;

/** A service; `said` are the frames that it got, parsed if they are JSON. */
export async function serveFeed(hear: (frame: Frame, peer: Peer, said: Frame[]) => void, greet?: (peer: Peer, url: string) => void, protocol?: string) {
  const said: Frame[] = [];
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (offered) => protocol !== undefined && offered.has(protocol) && protocol });
  await once(server, 'listening');
  onEnd(server, (each) => {
    for (const peer of each.clients) peer.terminate();
    each.close();
  });
  let connections = 0;
  server.on('connection', (peer, { url = '' }) => {
    connections++;
    peer.on('message', (data: Buffer) => {
      let frame: Frame = String(data);
      try {
        frame = JSON.parse(frame as string);
      } catch {
        // Text.
      }
      said.push(frame);
      hear(frame, peer, said);
    });
    greet?.(peer, url);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, said, connections: () => connections, drop: () => server.clients.forEach((peer) => peer.close(1000)) };
} // prettier-ignore

/** Sends frames: text as it is, anything else as JSON. */
export const say = (peer: Peer, ...frames: unknown[]) => {
  for (const frame of frames) peer.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
};

/** For tests that lose connections. */
export const reconnect = { baseDelayMs: 1, maxDelayMs: 5 };
