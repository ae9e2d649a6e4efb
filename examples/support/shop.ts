// One process of a shop: events on Redis, keys, webhooks and orders on Postgres. several-processes.ts starts two of them.
import { createService, defineContract, event, mutation } from 'multi-api-sdk';
import { postgresStores } from 'multi-api-sdk/postgres';
import { redisStores } from 'multi-api-sdk/redis';
import { serve } from 'multi-api-sdk/serve';
import pg from 'pg';
import { createClient } from 'redis';
import * as z from 'zod';

const Order = z.object({ id: z.int32(), ware: z.string(), process: z.string() }).meta({ id: 'Order' });
export const shop = defineContract({
  name: 'shop',
  operations: { order: mutation({ input: Order.pick({ ware: true }), output: Order, http: 'POST /orders' }) },
  events: { ordered: event({ channel: 'orders', payload: Order, writtenBy: 'order' }) },
});

export async function runShop(name: string, redisUrl: string, postgresUrl: string, port: number): Promise<void> {
  const redis = createClient({ url: redisUrl }).on('error', console.error);
  const waiting = redis.duplicate().on('error', console.error);
  await Promise.all([redis.connect(), waiting.connect()]);
  const pool = new pg.Pool({ connectionString: postgresUrl });
  const events = redisStores({ send: (command) => redis.sendCommand(command), blockingSend: (command) => waiting.sendCommand(command) });
  const stores = postgresStores({ pool });

  const service = createService(
    shop,
    {
      // The order and the outcome of its key are committed together: a repeat gets the outcome, or nothing was done.
      async order({ ware }, call) {
        const client = await pool.connect();
        try {
          await client.query('begin');
          const { rows } = await client.query<{ id: number }>('insert into orders (ware) values ($1) returning id', [ware]);
          const order = { id: rows[0]?.id ?? 0, ware, process: name };
          await call.finish(order, { transaction: client });
          await client.query('commit');
          return order;
        } catch (error) {
          await client.query('rollback');
          throw error;
        } finally {
          client.release();
        }
      },
    },
    { hub: events.hub, idempotencyStore: stores.idempotencyStore },
  );
  const protocols = ['rest', 'websocket', 'webhook'] as const;
  const served = await serve(service, { port, protocols, webhook: { store: stores.webhookStore }, drainMs: 200, playground: false });
  process.once('SIGTERM', () => {
    void (async () => {
      await served.close();
      await service.close();
      await Promise.all([events.close(), stores.close()]);
      await pool.end();
      redis.destroy();
      waiting.destroy();
      process.disconnect();
    })();
  });
  process.send?.(served.http);
}

const [, , name, redisUrl, postgresUrl, port] = process.argv;
if (process.send && name !== undefined && redisUrl !== undefined && postgresUrl !== undefined)
  await runShop(name, redisUrl, postgresUrl, Number(port));
