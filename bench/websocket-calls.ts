import { createClient } from 'multi-api-sdk';
import { webSocket } from 'multi-api-sdk/websocket';
import WebSocket from 'ws';
import { startPeer } from './peer.js';
import { median, printTable } from './table.js';

const IN_FLIGHT = 32;
const CALLS = 10_000;
const ROUNDS = 7;

/** Calls per second. */
async function rate(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (left-- > 0) await call();
    }),
  );
  return (CALLS * 1000) / (performance.now() - begun);
}

/** As one would write it by hand for speed. */
async function rawClient(port: number): Promise<{ call: () => Promise<unknown>; close: () => void }> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await new Promise((resolve) => ws.once('open', resolve));
  const waiting = new Map<number, (result: unknown) => void>();
  ws.on('message', (data: Buffer) => {
    const { id, result } = JSON.parse(data.toString()) as { id: number; result: unknown };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  let last = 0;
  const call = () =>
    new Promise((resolve) => {
      const id = ++last;
      waiting.set(id, resolve);
      ws.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'getUser', params: { id: 123 } }));
    });
  return { call, close: () => ws.close() };
}

const [rawPeer, ourPeer] = [await startPeer('websocket-peer.js', 'raw'), await startPeer('websocket-peer.js', 'ours')];
const raw = await rawClient(rawPeer.port);
const blog = createClient({ transport: webSocket({ url: `ws://127.0.0.1:${ourPeer.port}` }) });
const ours = () => blog.getUser({ id: 123 });

await rate(raw.call);
await rate(ours);
const results: { ours: number; raw: number }[] = [];
// In turn, because the machine's speed drifts.
for (let index = 0; index < ROUNDS; index++) results.push({ raw: await rate(raw.call), ours: await rate(ours) });
raw.close();
await blog.close();
rawPeer.stop();
ourPeer.stop();

const perSecond = (which: 'ours' | 'raw') => `${Math.round(median(results.map((result) => result[which])))}/s`;
printTable(`WebSocket calls, ${IN_FLIGHT} in flight on one connection, against ws and JSON by hand on both ends`, [
  {
    what: 'getUser',
    ours: perSecond('ours'),
    raw: perSecond('raw'),
    ratio: median(results.map((result) => result.ours / result.raw)),
    goal: '>= 0.85',
  },
]);
