// Calls and events through a proxy that cuts, resets, stalls, halves, silences and spoils connections: `npm run faults -- calls grpc 10000 1`,
// `npm run faults -- events mqtt,webhook 10000 3 flips`, `npm run faults -- calls all 1000`. Needs `npm run build` before.
// `npm run faults -- kills 20` kills the process that delivers webhooks, `npm run faults -- stops 15` stops servers under load.
// It prints for each protocol what hung, ran twice, was lost without a gap, or is left. Kinds: `loud` is `faults` without connections
// that fall silent for good, which clients of server-sent events notice only after 45 seconds or more.
import { fork } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import { ADAPTERS } from './faults/adapters.mjs';
import { tryCalls } from './faults/calls.mjs';
import { contract } from './faults/contract.mjs';
import { judge, settle, subscribeReaders, webhookReaders } from './faults/events.mjs';
import { faultyWay, KINDS } from './faults/proxy.mjs';

if (process.argv[2] === 'kills') await import('./faults/kills.mjs');
if (process.argv[2] === 'stops') await import('./faults/stops.mjs');
const [mode, asked, number = '10000', seed = '1', kinds = 'faults'] = process.argv.slice(2);
const count = Number(number);
const able = Object.keys(ADAPTERS).filter((name) => (ADAPTERS[name].does ?? mode) === mode);
const names = asked === 'all' ? able : (asked ?? '').split(',');
const isWhole = (value) => Number.isSafeInteger(value) && value > 0;
const isRun = (mode === 'calls' || mode === 'events') && isWhole(count) && isWhole(Number(seed));
if (!isRun || !names.every((name) => able.includes(name)) || !Object.hasOwn(KINDS, kinds)) {
  console.error(`usage: npm run faults -- calls|events all|${able.join('|')} [count] [seed] [${Object.keys(KINDS).join('|')}]`);
  process.exit(2);
}
const PAD = 'p'.repeat(100);
const QUIET_MS = 60_000;
/** After how many bytes a connection suffers, on average: one that all calls share lives longer. */
const meanBytes = (name) => (mode === 'events' ? 40_000 : ADAPTERS[name].isOne ? 200_000 : 60_000);

const server = fork(new URL('faults/server.mjs', import.meta.url));
const ports = await new Promise((resolve) => server.once('message', resolve));
let lastId = 0;
const ask = (command, input) =>
  new Promise((resolve) => {
    const id = ++lastId;
    const take = (message) => message.id === id && (server.off('message', take), resolve(message.output));
    server.on('message', take).send({ id, command, input });
  });
const openWay = (name, target) => faultyWay({ target, seed: Number(seed), kinds: KINDS[kinds], meanBytes: meanBytes(name) });

const startedAt = performance.now();
const sinceStart = () => Math.round((performance.now() - startedAt) / 1000);
const ways = [];
const told = Object.fromEntries(names.map((name) => [name, {}]));
const showing = setInterval(() => {
  console.error(`${sinceStart()} s`, JSON.stringify(mode === 'calls' ? told : ways.map(({ hit }) => hit)));
}, 10_000);
await (mode === 'calls' ? calls() : events());
clearInterval(showing);
for (const way of ways) way.close();
await ask('close');
await delay(1000);
const left = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'Timeout').length;
console.log(JSON.stringify({ mode, count, seed: Number(seed), kinds, left, seconds: sinceStart() }));
process.exit(0);

async function calls() {
  const one = async (name) => {
    const { port, make } = ADAPTERS[name];
    const way = await openWay(name, ports[port]);
    ways.push(way);
    await tryCalls({ protocol: name, adapter: make(way.port), contract, count, told: told[name] });
    told[name].ranTwice = await ask('twice', name);
    console.log(JSON.stringify({ protocol: name, ...told[name], hit: way.hit, seconds: sinceStart() }));
  };
  await Promise.all(names.map(one));
}

async function events() {
  const hooks = names.includes('webhook') ? await webhookReaders(`http://127.0.0.1:${ports.http}`) : undefined;
  const tried = [];
  for (const name of names) {
    const way = await openWay(name, name === 'webhook' ? hooks.port : ports[ADAPTERS[name].port]);
    ways.push(way);
    const make = name === 'webhook' ? hooks.make(way.port) : () => ADAPTERS[name].make(way.port);
    tried.push({ name, way, readers: await subscribeReaders({ make, contract }) });
  }
  await ask('publish', { events: count, perSecond: 400, pad: PAD });
  const one = async ({ name, way, readers }) => {
    await settle(readers, count, QUIET_MS);
    const judged = readers.map((reader) => judge(reader, count, PAD));
    await Promise.all(readers.map(({ client }) => client.close()));
    console.log(JSON.stringify({ protocol: name, readers: judged, hit: way.hit, seconds: sinceStart() }));
  };
  await Promise.all(tried.map(one));
  await hooks?.close();
}
