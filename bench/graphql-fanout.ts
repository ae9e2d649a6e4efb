import { WebSocket } from 'ws';
import { startPeer, type PeerProcess } from './peer.ts';
import { median, printTable } from './table.ts';

const SUBSCRIBERS = 1000;
const EVENTS = 20;
const ROUNDS = 5;

const SEND: Readonly<Record<string, string>> = {
  ours: 'mutation { sendMessage(input: { sender: "a", message: "Hello, everyone!" }) { sender } }',
  raw: 'mutation { sendMessage(sender: "a", message: "Hello, everyone!") { sender } }',
};

interface Crowd {
  readonly peer: PeerProcess;
  /** Microseconds of the server's CPU per event and subscriber, and events per second that all have got. */
  round(): Promise<{ cpu: number; rate: number }>;
  close(): void;
}

async function gather(kind: string, send: string): Promise<Crowd> {
  const peer = await startPeer('graphql-peer.js', kind);
  let got = 0;
  let wake = () => {};
  const sockets: WebSocket[] = [];
  for (let from = 0; from < SUBSCRIBERS; from += 100) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = new WebSocket(`ws://127.0.0.1:${peer.port}/graphql`, 'graphql-transport-ws', { perMessageDeflate: false });
        sockets.push(socket);
        await new Promise((resolve) => socket.once('open', resolve));
        socket.send('{"type":"connection_init"}');
        await new Promise((resolve) => socket.once('message', resolve));
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { message { sender message } }' } }));
        socket.on('message', () => {
          got++;
          wake();
        });
      }),
    );
  }
  // Nothing says when the last of them is subscribed.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const body = JSON.stringify({ query: send });
  return {
    peer,
    async round() {
      const cpu = await peer.cpu();
      const start = performance.now();
      for (let event = 0; event < EVENTS; event++) {
        const until = got + SUBSCRIBERS;
        const all = new Promise<void>((resolve) => (wake = () => got >= until && resolve()));
        await fetch(`http://127.0.0.1:${peer.port}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        await all;
      }
      return { rate: (EVENTS * 1000) / (performance.now() - start), cpu: ((await peer.cpu()) - cpu) / EVENTS / SUBSCRIBERS };
    },
    close() {
      for (const socket of sockets) socket.terminate();
      peer.stop();
    },
  };
}

const ours = await gather('ours-chat', SEND['ours'] ?? '');
const raw = await gather('raw', SEND['raw'] ?? '');
await ours.round();
await raw.round();
const results: { ours: { cpu: number; rate: number }; raw: { cpu: number; rate: number } }[] = [];
for (let index = 0; index < ROUNDS; index++) results.push({ ours: await ours.round(), raw: await raw.round() });
ours.close();
raw.close();
const cpu = (which: 'ours' | 'raw') => `${median(results.map((result) => result[which].cpu)).toFixed(2)} µs`;
const rate = (which: 'ours' | 'raw') => `${median(results.map((result) => result[which].rate)).toFixed(1)}/s`;
printTable(`GraphQL subscriptions, one event to ${SUBSCRIBERS} sockets, against graphql-ws`, [
  { what: 'events that all have got', ours: rate('ours'), raw: rate('raw'), ratio: median(results.map((result) => result.ours.rate / result.raw.rate)), goal: '' },
  { what: "server's CPU per event and socket", ours: cpu('ours'), raw: cpu('raw'), ratio: median(results.map((result) => result.raw.cpu / result.ours.cpu)), goal: '>= 2.00 (raw / ours)' },
]); // prettier-ignore
