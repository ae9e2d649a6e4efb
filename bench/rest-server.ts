import { loadPeer } from './load.ts';
import { startPeer, type PeerProcess } from './peer.ts';
import { median, printTable, type Row } from './table.ts';

const CONNECTIONS = 64;
const ROUNDS = 7;
const ROUND_MS = 1500;

const content = 'x'.repeat(1024);
const body = JSON.stringify({ authorId: 123, title: 'A title', content });
const REQUESTS = {
  'GET /users/{id}': 'GET /users/123 HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n\r\n',
  'POST /posts, 1 KiB': `POST /posts HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
};
const GOALS: Readonly<Record<string, string>> = { 'GET /users/{id}': '>= 0.90', 'POST /posts, 1 KiB': '>= 0.85' };

const round = (peer: PeerProcess, request: string) => loadPeer(peer, { request, connections: CONNECTIONS, durationMs: ROUND_MS });

const rows: Row[] = [];
for (const [what, request] of Object.entries(REQUESTS)) {
  // New processes for each request, so that one's garbage is not another's.
  const raw = await startPeer('rest-peer.js', 'raw');
  const ours = await startPeer('rest-peer.js', 'ours');
  const results: { raw: Awaited<ReturnType<typeof round>>; ours: Awaited<ReturnType<typeof round>> }[] = [];
  await round(raw, request);
  await round(ours, request);
  // In turn, because the machine's speed drifts.
  for (let index = 0; index < ROUNDS; index++) results.push({ raw: await round(raw, request), ours: await round(ours, request) });
  raw.stop();
  ours.stop();
  const ratio = median(results.map((result) => result.ours.rate / result.raw.rate));
  const oursCpu = median(results.map((result) => result.ours.cpu));
  const rawCpu = median(results.map((result) => result.raw.cpu));
  const perSecond = (which: 'raw' | 'ours') => `${Math.round(median(results.map((result) => result[which].rate)))}/s`;
  rows.push({ what, ours: perSecond('ours'), raw: perSecond('raw'), ratio, goal: GOALS[what] ?? '' });
  rows.push({
    what: `${what}: CPU`,
    ours: `${oursCpu.toFixed(1)} µs`,
    raw: `${rawCpu.toFixed(1)} µs`,
    ratio: oursCpu / rawCpu,
    goal: what.startsWith('GET') ? `+${(oursCpu - rawCpu).toFixed(1)} µs, goal <= +2` : '',
  });
}
printTable(`REST server, ${CONNECTIONS} keep-alive connections, against a hand-written node:http server`, rows);
