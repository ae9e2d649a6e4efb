import { load } from './load.ts';
import { startPeer, type PeerProcess } from './peer.ts';
import { median, printTable, type Row } from './table.ts';

const CONNECTIONS = 64;
const ROUNDS = 5;
const ROUND_MS = 1200;
const body = JSON.stringify({ query: '{ user(id: 123) { username posts { title } } }' });
const request = `POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const OTHERS = { 'node:http and cached execute()': 'raw' };

const rate = (peer: PeerProcess) => load({ port: peer.port, request, connections: CONNECTIONS, durationMs: ROUND_MS });
const ours = await startPeer('graphql-peer.js', 'ours');
const others = await Promise.all(
  Object.entries(OTHERS).map(async ([name, kind]) => ({ name, peer: await startPeer('graphql-peer.js', kind), rates: [] as number[] })),
);
const mine: number[] = [];
for (const { peer } of [{ peer: ours }, ...others]) await rate(peer);
// In turn, because the machine's speed drifts.
for (let round = 0; round < ROUNDS; round++) {
  mine.push(await rate(ours));
  for (const { peer, rates } of others) rates.push(await rate(peer));
}
ours.stop();
for (const { peer } of others) peer.stop();
const rows = others.map(({ name, rates }, index): Row => {
  const ratio = median(rates.map((other, round) => (mine[round] ?? NaN) / other));
  return {
    what: `against ${name}`,
    ours: `${Math.round(median(mine))}/s`,
    raw: `${Math.round(median(rates))}/s`,
    ratio,
    goal: index === 0 ? '>= 1.20' : '',
  };
});
printTable(`GraphQL server, the article's query (5 posts), ${CONNECTIONS} keep-alive connections`, rows);
