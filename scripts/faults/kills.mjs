// `npm run faults -- kills 20`: kills the process that delivers webhooks again and again under load, and says which acknowledged events were lost.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

const kills = Number(process.argv[3] ?? 20);
if (!Number.isSafeInteger(kills) || kills < 1) {
  console.error('usage: npm run faults -- kills [how many times]');
  process.exit(2);
}
const seen = new Map();
const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  const { n } = JSON.parse(body).data;
  seen.set(n, (seen.get(n) ?? 0) + 1);
  response.writeHead(204).end();
}).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const callbackUrl = `http://127.0.0.1:${server.address().port}/hook`;
const folder = mkdtempSync(join(tmpdir(), 'faults-'));
const acknowledged = new Set();
const failed = {};

function start(first) {
  const child = fork(new URL('dispatcher.mjs', import.meta.url), [join(folder, 'hooks.jsonl'), callbackUrl, String(first)]);
  const life = { child, count: 0, highest: first };
  child.on('message', (message) => {
    if (message.failed !== undefined) return void (failed[message.failed] = (failed[message.failed] ?? 0) + 1);
    acknowledged.add(message.acknowledged);
    life.count++;
    life.highest = Math.max(life.highest, message.acknowledged);
  });
  return life;
}
async function kill({ child }) {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

let first = 0;
for (let each = 0; each < kills; each++) {
  const life = start(first);
  const startedAt = performance.now();
  while (life.count < 50 && performance.now() - startedAt < 20_000) await delay(5);
  await delay(Math.random() * 600);
  await kill(life);
  // Numbers that were published and not acknowledged are not used again.
  first = life.highest + 1000;
}
// The last life delivers what is left.
const before = [...acknowledged];
const last = start(first);
const startedAt = performance.now();
const lost = () => before.filter((n) => !seen.has(n));
while (lost().length > 0 && performance.now() - startedAt < 60_000) await delay(200);
await kill(last);
const twice = before.filter((n) => seen.get(n) > 1).length;
console.log(JSON.stringify({ kills, acknowledged: before.length, lost: lost().length, twice, failed }));
rmSync(folder, { recursive: true });
process.exit(0);
