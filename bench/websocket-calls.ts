import { createClient } from 'multi-api-sdk';
import { webSocket } from 'multi-api-sdk/websocket';
import WebSocket from 'ws';
import { compareRate } from './in-flight.ts';
import { startPeer } from './peer.ts';

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

await compareRate({
  title: 'WebSocket calls, 32 in flight on one connection, against ws and JSON by hand on both ends',
  what: 'getUser',
  goal: '>= 0.85',
  ours: () => blog.getUser({ id: 123 }),
  raw: raw.call,
  inFlight: 32,
  calls: 10_000,
  rounds: 7,
});
raw.close();
await blog.close();
rawPeer.stop();
ourPeer.stop();
