// Two processes of one service behind a proxy: events on Redis, idempotency keys and orders on Postgres, and a restart that nobody notices.
// Run it: npx tsx examples/several-processes.ts. It starts redis-server and Postgres by itself, if both are installed.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createClient } from 'multi-api-sdk';
import { retry } from 'multi-api-sdk/compose';
import { migratePostgres } from 'multi-api-sdk/postgres';
import { rest } from 'multi-api-sdk/rest';
import { webSocket } from 'multi-api-sdk/websocket';
import pg from 'pg';
import { enginesMissing, startEngines } from './support/engines.ts';
import { startProxy } from './support/proxy.ts';
import { shop } from './support/shop.ts';

if (enginesMissing !== undefined) {
  console.log(`nothing to show: this example needs redis-server and Postgres (${enginesMissing})`);
  process.exit(0);
}

const engines = await startEngines();
const pool = new pg.Pool({ connectionString: engines.postgres });
await migratePostgres(pool);
await pool.query('create table orders (id integer generated always as identity primary key, ware text not null)');

/** Starts a process; on the port that it had before, if it had one. */
async function start(name: string, port = 0): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = fork(new URL('./support/shop.ts', import.meta.url), [name, engines.redis, engines.postgres, String(port)], {
    execArgv: ['--import', 'tsx'],
  });
  const [url] = (await once(child, 'message')) as [string];
  return { child, url };
}
const processes = await Promise.all(['one', 'two'].map((name) => start(name)));
const ports = processes.map(({ url }) => Number(new URL(url).port));

const proxy = await startProxy(ports);
const { url } = proxy;

// Written at one process, heard wherever the proxy leads to.
const watcher = createClient({ contract: shop, transport: webSocket({ url }) });
const heard: number[] = [];
let gaps = 0;
await watcher.onOrdered(({ id }) => void heard.push(id), { onGap: () => gaps++ });
const atEach = processes.map((each) => createClient({ contract: shop, transport: rest({ url: each.url }) }));
for (const client of atEach) console.log(await client.order({ ware: 'lamp' }));

// One key, both processes: one order.
const [first, second] = await Promise.all(
  atEach.map((client) => client.order({ ware: 'desk' }, { idempotencyKey: 'my-desk' }).catch((error: Error) => error.message)),
);
console.log('with one key at both:', first, second);

// Both processes are restarted, one after the other, while orders come in.
const buyer = createClient({ contract: shop, transport: retry(rest({ url }), { idempotencyKeys: true, attempts: 5 }) });
let isOver = false;
const buying = (async () => {
  let count = 0;
  for (; !isOver; count++) {
    await buyer.order({ ware: 'chair' });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return count;
})();
for (const [index, name] of ['one', 'two'].entries()) {
  const child = processes[index]?.child;
  child?.kill('SIGTERM');
  if (child) await once(child, 'exit');
  processes[index] = await start(name, ports[index]);
}
isOver = true;
const bought = await buying;
const { rows } = await pool.query<{ count: number }>('select count(*)::int from orders');
const orders = rows[0]?.count ?? 0;
for (const end = Date.now() + 5000; heard.length < orders && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20));
console.log(
  `bought during both restarts: ${bought > 0 ? 'chairs' : 'nothing'}; orders: ${orders === bought + 3 ? 'one for each call' : orders}`,
);
console.log(
  `heard: ${heard.length === orders && new Set(heard).size === orders ? 'each order once' : `${heard.length} of ${orders}`}; gaps: ${gaps}`,
);

await Promise.all([watcher, buyer, ...atEach].map((client) => client.close()));
for (const { child } of processes) {
  child.kill('SIGTERM');
  await once(child, 'exit');
}
proxy.close();
await pool.end();
await engines.close();
