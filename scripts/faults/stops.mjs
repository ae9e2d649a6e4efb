// `npm run faults -- stops 15`: stops the server gracefully under load, and says which requests that it had taken got no answer.
import { fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'multi-api-sdk';
import { ADAPTERS, onError } from './adapters.mjs';
import { contract } from './contract.mjs';

const stops = Number(process.argv[3] ?? 15);
if (!Number.isSafeInteger(stops) || stops < 1) {
  console.error('usage: npm run faults -- stops [how many times]');
  process.exit(2);
}
const CALLERS = 4;
const names = Object.keys(ADAPTERS).filter((name) => ADAPTERS[name].does !== 'events');
const total = Object.fromEntries(names.map((name) => [name, { answered: 0, notTaken: 0, takenWithoutAnswer: 0 }]));
let taken = 0;
let stayed = 0;

for (let each = 0; each < stops; each++) {
  const server = fork(new URL('server.mjs', import.meta.url));
  const gone = new Promise((resolve) => server.once('exit', resolve));
  const ports = await new Promise((resolve) => server.once('message', resolve));
  let began = new Set();
  server.on('message', (message) => message.began && (began = new Set(message.began)));
  const clients = names.map((name) =>
    createClient({ contract, transport: ADAPTERS[name].make(ports[ADAPTERS[name].port]), timeoutMs: 12_000, onError }),
  );
  const unanswered = [];
  let isOver = false;
  const callFor = async (at, caller) => {
    const name = names[at];
    for (let call = 0, failures = 0; !isOver && failures < 3; call++) {
      const ref = `${name}-${each}-${caller}-${call}`;
      try {
        await clients[at].bump({ ref, pad: 'slow' });
        total[name].answered++;
      } catch (error) {
        failures++;
        unanswered.push([name, ref, String(error)]);
        await delay(20);
      }
    }
  };
  const callers = names.flatMap((_, at) => Array.from({ length: CALLERS }, (_, caller) => callFor(at, caller)));
  await delay(1200 + Math.random() * 500);
  server.kill('SIGTERM');
  const ended = await Promise.race([gone, delay(15_000, 'up', { ref: false })]);
  if (ended === 'up') {
    stayed++;
    server.kill('SIGKILL');
  }
  isOver = true;
  await Promise.all(callers);
  await Promise.all(clients.map((client) => client.close()));
  taken += began.size;
  for (const [name, ref, error] of unanswered) {
    total[name][began.has(ref) ? 'takenWithoutAnswer' : 'notTaken']++;
    if (began.has(ref)) console.error(ref, error);
  }
}
console.log(JSON.stringify({ stops, taken, stayed, ...total }));
process.exit(0);
