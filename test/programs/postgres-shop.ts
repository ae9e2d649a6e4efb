import pg from 'pg';
import { z } from 'zod';
import { createClient, createService, defineContract, event, mutation } from '../../src/index.ts';
import { postgresStores } from '../../src/postgres/index.ts';

const Order = z.object({ id: z.int32() });

/** A shop whose orders and their events are written in one transaction. */
export const shop = defineContract({
  name: 'shop',
  operations: { order: mutation({ input: Order, output: Order }) },
  events: { ordered: event({ channel: 'orders', payload: Order, writtenBy: 'order' }) },
});

/** Orders with ids from `first` on, eight at a time, until this process ends itself in the middle of it. */
async function run(url: string, first: number, count: number): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  const { hub, idempotencyStore } = postgresStores({ pool, pollMs: 20 });
  const service = createService(
    shop,
    {
      async order({ id }, call) {
        const client = await pool.connect();
        try {
          await client.query('begin');
          await client.query('insert into orders (id) values ($1)', [id]);
          await call.publish('ordered', { id }, { transaction: client });
          await call.finish({ id }, { transaction: client });
          await client.query('commit');
        } finally {
          client.release();
        }
        return { id };
      },
    },
    { hub, idempotencyStore },
  );
  const client = createClient({ contract: shop, transport: service });
  let next = first;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (;;) {
        const id = next++;
        if (id === first + count) process.kill(process.pid, 'SIGKILL');
        await client.order({ id }, { idempotencyKey: String(id) });
      }
    }),
  );
}

const [, , url, first, count] = process.argv;
// Not if a test loads it for its contract.
if (process.connected && url?.startsWith('postgres:')) await run(url, Number(first), Number(count));
