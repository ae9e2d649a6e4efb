import process from 'node:process';
import { createService, defineContract, event, type EventHub } from 'multi-api-sdk';
import { migratePostgres, postgresStores } from 'multi-api-sdk/postgres';
import { redisStores } from 'multi-api-sdk/redis';
import pg from 'pg';
import { createClient } from 'redis';
import * as z from 'zod';
import { PostgresServer, postgresMissing } from '../test/support/postgres-server.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { missing } from '../test/support/system-peer.ts';
import { compareRate, type Comparison } from './in-flight.ts';

const Order = z.object({ id: z.int32(), ware: z.string(), note: z.string() });
const shop = defineContract({ name: 'shop', events: { ordered: event({ channel: 'orders', payload: Order }) } });
const order = { id: 7, ware: 'lamp', note: 'x'.repeat(100) };
const text = JSON.stringify(order);

const publisher = (hub: EventHub) => {
  const service = createService(shop, {}, { hub });
  return { publish: () => service.publish('ordered', order), close: () => service.close() };
};
// Short turns, because the machine's speed drifts.
const one = { inFlight: 1, calls: 100, rounds: 200, goal: '>= 0.80', what: 'one event at a time' };
const many = { inFlight: 32, rounds: 7, goal: '>= 0.50', what: '32 in flight' };

async function benchRedis(fsync: string): Promise<void> {
  const server = await RedisServer.start('--appendfsync', fsync);
  const clients = [0, 1].map(() => createClient({ url: server.url }).on('error', () => {}));
  await Promise.all(clients.map((client) => client.connect()));
  const [client, waiting] = clients;
  if (!client || !waiting) throw new Error('two clients');
  const stores = redisStores({ send: (command) => client.sendCommand(command), blockingSend: (command) => waiting.sendCommand(command) });
  const { publish, close } = publisher(stores.hub);
  const raw = () => client.sendCommand(['XADD', 'raw', 'MAXLEN', '~', '10000', '*', 'd', text]);
  const compare = (more: Omit<Comparison, 'title' | 'ours' | 'raw'> & Partial<Comparison>) =>
    compareRate({ title: `Redis, appendfsync ${fsync}: events published, against bare XADD`, ours: publish, raw, ...more });
  await compare(one);
  await compare({ ...many, calls: 10_000 });
  // The least that a hub does which takes an event once by its key.
  const least =
    "redis.call('SET', KEYS[1], '', 'NX', 'PX', '60000') redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', 'd', ARGV[1])";
  const hash = await client.sendCommand<string>(['SCRIPT', 'LOAD', least]);
  const ours = () => client.sendCommand(['EVALSHA', hash, '2', `key-${crypto.randomUUID()}`, 'least', text]);
  await compare({ ...one, ours, goal: 'the most', what: 'one at a time, by a script of one SET and one XADD' });
  await close();
  await stores.close();
  for (const each of clients) each.destroy();
  await server.close();
}

async function benchPostgres(): Promise<void> {
  const server = await PostgresServer.start();
  const pool = new pg.Pool({ connectionString: server.url, max: 20 }).on('error', () => {});
  await migratePostgres(pool);
  await pool.query(
    'create table raw (id bigint generated always as identity primary key, time timestamptz default now(), data text not null)',
  );
  await pool.query('create table orders (id bigint generated always as identity primary key, ware text not null)');
  await pool.query('create table stock (ware text primary key, n integer not null)');
  await pool.query("insert into stock select 'ware-' || i, 1000000 from generate_series(0, 999) as i");
  const stores = postgresStores({ pool });
  const { publish, close } = publisher(stores.hub);
  const compare = (more: Omit<Comparison, 'title' | 'ours' | 'raw'>) =>
    compareRate({
      title: 'Postgres: events published, against a bare insert',
      ours: publish,
      raw: () => pool.query('insert into raw (data) values ($1)', [text]),
      ...more,
    });
  await compare({ ...one, rounds: 40 });
  await compare({ ...many, calls: 4000 });

  const key = () => crypto.randomUUID();
  type More = 'event' | 'bare insert' | 'nothing';
  await pool.query('create table bare (event text, channel text, key text, time text, data text)');
  const transaction = async (more: More, isLong: boolean) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('insert into orders (ware) values ($1)', ['lamp']);
      if (isLong) {
        await client.query('select id from orders where id = $1', [1]);
        await client.query('update stock set n = n - 1 where ware = $1', [`ware-${Math.floor(Math.random() * 1000)}`]);
      }
      const time = '2026-01-31T12:00:00.000Z';
      if (more === 'event') await stores.hub.publishIn?.(client, shop.events.ordered, { key: key(), time, data: order });
      if (more === 'bare insert')
        await client.query('insert into bare values ($1, $2, $3, $4, $5)', ['ordered', 'orders', key(), time, JSON.stringify(order)]);
      await client.query('commit');
    } finally {
      client.release();
    }
  };
  const sixteen = { inFlight: 16, calls: 2000, rounds: 7 };
  for (const isLong of [false, true]) {
    const what = isLong ? '16 writers; a row read, one written, one changed' : '16 writers; one row written';
    const raw = () => transaction('nothing', isLong);
    const title = 'Postgres: transactions with an event in the outbox, against the same without it';
    await compareRate({ title, what, goal: '>= 0.80', ours: () => transaction('event', isLong), raw, ...sixteen });
    // The least that an outbox does.
    const least = 'Postgres: transactions with one more insert by hand, without an index, against the same without it';
    await compareRate({ title: least, what, goal: 'the most', ours: () => transaction('bare insert', isLong), raw, ...sixteen });
  }
  await close();
  await stores.close();
  await pool.end();
  await server.close();
}

const reasons = [missing('redis-server', 'redis-server', '--version'), postgresMissing];
const benches = [
  async () => {
    // As it is installed, what was written is on disk within a second; and as it is when a machine may fail too.
    for (const fsync of ['everysec', 'always']) await benchRedis(fsync);
  },
  benchPostgres,
];
for (const [index, bench] of benches.entries()) {
  const reason = reasons[index];
  if (reason === undefined) await bench();
  else console.log(reason);
}
process.exit(0);
