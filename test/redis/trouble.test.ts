import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { redisStores } from '../../src/redis/index.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';
import { throughTrouble } from '../support/trouble.ts';

const skipped = missing('redis-server', 'redis-server', '--version');

describe.skipIf(skipped)(`a Redis in trouble${skipped ? ` (${skipped})` : ''}`, () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });

  it.each([
    ['is a replica for a while, as in a failover', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], 'READONLY'],
    ['is full', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], 'OOM'],
    ['lacks its replicas', ['CONFIG', 'SET', 'min-replicas-to-write', '1'], ['CONFIG', 'SET', 'min-replicas-to-write', '0'], 'NOREPLICAS'],
  ])(
    'that %s loses no acknowledged event, and callers may try again',
    async (_, begin, end, said) => {
      const server = await RedisServer.start();
      undo.push(() => server.close());
      const connect = () => {
        const client = new Redis(server.url, { retryStrategy: () => 50, maxRetriesPerRequest: null }).on('error', () => {});
        undo.push(() => client.disconnect());
        return ([name = '', ...rest]: string[]) => client.call(name, ...rest);
      };
      const open = () => {
        const stores = redisStores({ send: connect(), blockingSend: connect(), onError: () => {} });
        undo.push(() => stores.close());
        return stores;
      };
      const admin = connect();
      const reports = await throughTrouble(
        open(),
        open(),
        () => admin(begin),
        () => admin(end),
      );
      expect(reports).toContain(said);
    },
    60_000,
  );
});
