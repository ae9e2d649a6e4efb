import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createService, defineContract, event } from 'multi-api-sdk';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';
import { WebSocketServer, type WebSocket } from 'ws';
import * as z from 'zod/mini';
import { startPeer } from './peer.ts';
import { median, printTable } from './table.ts';

const CONNECTIONS = 1000;
const EVENTS = 120;
const text = 'x'.repeat(200 - JSON.stringify({ n: 1000, text: '' }).length);

const contract = defineContract({
  name: 'drops',
  events: { drop: event({ channel: 'drops', payload: z.object({ n: z.int(), text: z.string() }) }) },
});
const service = createService(contract, {});
const sockets = new Set<WebSocket>();

async function listen(attach: (server: Server) => void): Promise<string> {
  const server = createServer();
  attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve));
  return String((server.address() as AddressInfo).port);
}

const [rawPort, ourPort] = [
  await listen((server) => void new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (ws) => sockets.add(ws))),
  await listen((server) => webSocketHandler(service).attach(server)),
];

/** Kilobytes of this process for each of so many idle connections. */
async function memory(port: string, path: string): Promise<{ kib: number; stop: () => void }> {
  const before = process.memoryUsage().rss;
  const { stop } = await startPeer('websocket-crowd-peer.js', port, path, String(CONNECTIONS));
  return { kib: (process.memoryUsage().rss - before) / 1024 / CONNECTIONS, stop };
}

const idle = await memory(ourPort, '/ws');
idle.stop();
const [raw, ours] = [await memory(rawPort, '/'), await memory(ourPort, '/drops')];

/** Until one event was handed to the kernel for all: milliseconds, and microseconds of this process's CPU for each connection. */
async function timed(send: () => unknown): Promise<{ ms: number; cpu: number }> {
  const [before, begun] = [process.cpuUsage(), performance.now()];
  await send();
  await new Promise((resolve) => setImmediate(resolve));
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(before);
  // The crowd takes what it got before the next one.
  await new Promise((resolve) => setTimeout(resolve, 30));
  return { ms, cpu: (user + system) / CONNECTIONS };
}

const bySocket = (n: number) => {
  const message = JSON.stringify({ n, text });
  for (const ws of sockets) ws.send(message);
};
const results: { raw: Awaited<ReturnType<typeof timed>>; ours: Awaited<ReturnType<typeof timed>> }[] = [];
// One and one in turn, because the machine's speed drifts.
for (let n = 1000; n < 1000 + EVENTS; n++)
  results.push({ raw: await timed(() => bySocket(n)), ours: await timed(() => service.publish('drop', { n, text })) });
const counted = results.slice(EVENTS / 3);
raw.stop();
ours.stop();

const of = (which: 'raw' | 'ours', what: 'ms' | 'cpu') => median(counted.map((result) => result[which][what]));
const row = (what: string, of: (which: 'raw' | 'ours') => number, unit: string, goal = '') => ({
  what,
  ours: `${of('ours').toFixed(1)} ${unit}`,
  raw: `${of('raw').toFixed(1)} ${unit}`,
  ratio: of('raw') / of('ours'),
  goal,
});
printTable(`WebSocket, an event of 200 bytes to ${CONNECTIONS} connections, against a loop of ws.send (ratio: theirs by ours)`, [
  row('one event', (which) => of(which, 'ms'), 'ms', '>= 1.05'),
  row('CPU per delivery', (which) => of(which, 'cpu'), 'µs'),
  row('memory per idle connection', (which) => (which === 'raw' ? raw.kib : idle.kib), 'KiB'),
]);
process.exit(0);
