// Redis and Postgres of one's own, on free ports and in temporary folders, as this repository's tests start them.
import { PostgresServer, postgresMissing } from '../../test/support/postgres-server.ts';
import { RedisServer } from '../../test/support/redis-server.ts';
import { missing } from '../../test/support/system-peer.ts';

/** What is not installed, if something is not. */
export const enginesMissing = missing('redis-server', 'redis-server', '--version') ?? postgresMissing;

export async function startEngines() {
  const [redis, postgres] = await Promise.all([RedisServer.start(), PostgresServer.start()]);
  return { redis: redis.url, postgres: postgres.url, close: () => Promise.all([redis.close(), postgres.close()]) };
}
