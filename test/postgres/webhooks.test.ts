import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresServer, postgresMissing as skipped } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';
import { startEndpoint } from '../support/webhooks.ts';

/** A longer run: `WEBHOOK_ENDPOINTS=1000 npx vitest run test/postgres/webhooks.test.ts`. */
const ENDPOINTS = Number(process.env['WEBHOOK_ENDPOINTS'] ?? 30);
const EVENTS = 60;
const LEASE_MS = 4000;
/** Nothing listens there. */
const DEAD = 'http://127.0.0.1:9/';

describe.skipIf(skipped)(`two dispatchers on Postgres${skipped ? ` (${skipped})` : ''}`, () => {
  let server: PostgresServer;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    server = await PostgresServer.startMigrated();
  }, 60_000);
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await server.close();
  });

  async function start() {
    const child = fork(new URL('../programs/webhook-process.ts', import.meta.url), [server.url, String(LEASE_MS)], {
      execArgv: ['--import', 'tsx'],
    });
    children.push(child);
    const [url] = (await once(child, 'message')) as [string];
    const acknowledged: number[] = [];
    child.on('message', (n: number) => acknowledged.push(n));
    return { child, url, acknowledged };
  }

  it('deliver every acknowledged event when one is killed, and twice only what came before that', async () => {
    const counts = new Map<string, number>();
    const endpoint = await startEndpoint(({ path, body }) => {
      const name = `${path} ${(JSON.parse(body) as { data: { n: number } }).data.n}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      return 204;
    });
    const [one, two] = [await start(), await start()];
    for (let index = 0; index < ENDPOINTS; index++) {
      const response = await fetch(`${(index % 2 ? one : two).url}/webhooks/subscriptions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: index % 10 ? `${endpoint.url}/${index}` : DEAD, events: ['article.published'], ordered: true }),
      });
      expect(response.status).toBe(201);
    }
    for (let n = 0; n < EVENTS; n++) {
      const { child } = n % 2 ? one : two;
      // One that was killed takes no more.
      if (child.connected) child.send(n, () => {});
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (n === EVENTS / 2) one.child.kill('SIGKILL');
    }
    await patiently(
      () => two.acknowledged.length === EVENTS / 2,
      () => two.acknowledged.length,
    );
    const acknowledged = [...one.acknowledged, ...two.acknowledged];
    const alive = Array.from({ length: ENDPOINTS }, (_, index) => index).filter((index) => index % 10);
    const missing = () => alive.flatMap((index) => acknowledged.filter((n) => !counts.has(`/${index} ${n}`)).map((n) => `${index} ${n}`));
    await patiently(
      () => counts.size >= alive.length * acknowledged.length && missing().length === 0,
      () => endpoint.got.length,
    );
    expect(missing()).toEqual([]);
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(2);
    // Outcomes are stored a moment after the requests: what came before the kill may come again, and nothing that came after it.
    const again = [...counts].filter(([, count]) => count === 2).map(([name]) => Number(name.split(' ')[1]));
    expect(again.filter((n) => n > EVENTS / 2)).toEqual([]);
    const twice = again.length;
    if (process.env['WEBHOOK_ENDPOINTS'])
      console.log({ endpoints: ENDPOINTS, acknowledged: acknowledged.length, deliveries: counts.size, twice });
    await endpoint.close();
  }, 600_000);
});

/** Waits for as long as something goes on. */
async function patiently(condition: () => boolean, progress: () => number): Promise<void> {
  for (let before = -1; ;) {
    try {
      return await until(condition);
    } catch (error) {
      if (progress() === before) throw error;
      before = progress();
    }
  }
}
