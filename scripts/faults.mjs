// Calls and events through a proxy that cuts, resets, stalls, halves, silences and spoils connections: `npm run faults -- calls grpc 10000 1`,
// `npm run faults -- events mqtt 10000 3 flips`. Needs `npm run build` before. It prints what hung, ran twice, was lost without a gap, or is left.
import { fork } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, isApiError } from '../dist/index.js';
import { retry } from '../dist/compose/index.js';
import { graphql } from '../dist/graphql/client.js';
import { connect } from '../dist/grpc/connect/client.js';
import { grpc } from '../dist/grpc/client.js';
import { mcp } from '../dist/mcp/client.js';
import { mqtt } from '../dist/mqtt/client.js';
import { rest } from '../dist/rest/client.js';
import { soap } from '../dist/soap/client.js';
import { webSocket } from '../dist/websocket/client.js';
import { contract } from './faults/contract.mjs';
import { FAULTS, FLIPS, faultyWay } from './faults/proxy.mjs';

const [mode, protocol, number = '10000', seed = '1', kinds = 'faults'] = process.argv.slice(2);
const count = Number(number);
const onError = () => {};
const pingIntervalMs = 2000;
const ADAPTERS = {
  rest: ['http', (port) => rest({ url: `http://127.0.0.1:${port}` })],
  graphql: ['http', (port) => graphql({ url: `http://127.0.0.1:${port}`, pingIntervalMs })],
  graphqlSse: ['http', (port) => graphql({ url: `http://127.0.0.1:${port}`, subscriptions: 'sse' })],
  webSocket: ['http', (port) => webSocket({ url: `http://127.0.0.1:${port}`, pingIntervalMs })],
  soap: ['http', (port) => soap({ url: `http://127.0.0.1:${port}` })],
  mcp: ['http', (port) => mcp({ url: `http://127.0.0.1:${port}` })],
  connect: ['http', (port) => connect({ url: `http://127.0.0.1:${port}`, format: 'binary' })],
  grpc: ['grpc', (port) => grpc({ url: `127.0.0.1:${port}`, pingIntervalMs })],
  mqtt: ['mqtt', (port) => mqtt({ url: `mqtt://127.0.0.1:${port}`, pingIntervalMs, onError })],
};
if (!Object.hasOwn(ADAPTERS, protocol ?? '') || (mode !== 'calls' && mode !== 'events')) {
  console.error(`usage: npm run faults -- calls|events ${Object.keys(ADAPTERS).join('|')} [count] [seed] [faults|flips]`);
  process.exit(2);
}

const server = fork(new URL('faults/server.mjs', import.meta.url));
const ports = await new Promise((resolve) => server.once('message', resolve));
let lastId = 0;
const ask = (command, input) =>
  new Promise((resolve) => {
    const id = ++lastId;
    const take = (message) => message.id === id && (server.off('message', take), resolve(message.output));
    server.on('message', take).send({ id, command, input });
  });
const [port, adapter] = ADAPTERS[protocol];
// Calls need connections that live for some of them.
const meanBytes = mode === 'calls' ? 60_000 : 20_000;
const way = await faultyWay({ target: ports[port], seed: Number(seed), kinds: kinds === 'flips' ? FLIPS : FAULTS, meanBytes });

const startedAt = performance.now();
const told = mode === 'calls' ? await calls() : await events();
const seconds = Math.round((performance.now() - startedAt) / 1000);
way.close();
await ask('close');
await delay(500);
const left = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout').length;
console.log(JSON.stringify({ mode, protocol, count, seed: Number(seed), kinds, ...told, left, drawn: way.drawn, seconds }));
process.exit(0);

async function calls() {
  const timeoutMs = 6000;
  const transport = retry(adapter(way.port), { attempts: 4, baseDelayMs: 50, maxDelayMs: 400 });
  const client = createClient({ contract, transport, timeoutMs, onError });
  const told = { answered: 0, hung: 0, wrong: 0, failed: {} };
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const id = next++;
      const ref = `${protocol}-${id}`;
      const isBump = id % 2 === 1;
      const call = isBump
        ? client.bump({ ref, pad: 'p'.repeat(id % 400) }, { idempotencyKey: ref })
        : client.getThing({ id, size: id % 3000 });
      let timer;
      try {
        const hung = new Promise((resolve) => (timer = setTimeout(resolve, timeoutMs + 3000, 'hung')));
        const answer = await Promise.race([call, hung]);
        if (answer === 'hung') told.hung++;
        else if (isBump ? answer.ref !== ref : answer.id !== id || answer.text.length !== id % 3000) told.wrong++;
        else told.answered++;
      } catch (error) {
        const code = isApiError(error) ? error.code : String(error);
        told.failed[code] = (told.failed[code] ?? 0) + 1;
      } finally {
        clearTimeout(timer);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  await client.close();
  return { ...told, ranTwice: await ask('twice') };
}

async function events() {
  const readers = Array.from({ length: 3 }, () => ({ heard: [], ends: [] }));
  const clients = readers.map(() => createClient({ contract, transport: adapter(way.port), reconnect: { baseDelayMs: 50, maxDelayMs: 500 }, onError, timeoutMs: 20_000 })); // prettier-ignore
  for (const [at, { heard, ends }] of readers.entries()) {
    const listeners = { onGap: () => heard.push('gap'), onError: (error) => ends.push(String(error)) };
    for (let tries = 0; ; tries++) {
      try {
        await clients[at].onTick(({ n }) => void heard.push(n), listeners);
        break;
      } catch (error) {
        if (tries === 20) throw error;
      }
    }
  }
  await ask('publish', { events: count, perSecond: 400 });
  const end = performance.now() + 30_000;
  while (performance.now() < end && readers.some(({ heard, ends }) => ends.length === 0 && !heard.includes(count - 1))) await delay(200);
  const judged = readers.map(judge);
  await Promise.all(clients.map((client) => client.close()));
  return { readers: judged };
}

/** A reader's losses. One is told where a gap is heard between its neighbours; all behind the end of a subscription are. */
function judge({ heard, ends }) {
  const numbers = heard.filter((each) => each !== 'gap');
  const once = new Set(numbers);
  let highest = -1;
  let isTold = false;
  let silent = 0;
  for (const each of heard) {
    if (each === 'gap') isTold = true;
    else if (each > highest) {
      for (let missed = highest + 1; missed < each; missed++) if (!once.has(missed) && !isTold) silent++;
      highest = each;
      isTold = false;
    }
  }
  if (ends.length === 0 && !isTold) for (let missed = highest + 1; missed < count; missed++) silent++;
  return {
    heard: once.size,
    twice: numbers.length - once.size,
    lost: count - once.size,
    lostWithoutGap: silent,
    gaps: heard.length - numbers.length,
    ends,
  };
}
