import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStores, type RedisStores, type RedisStoresOptions } from '../../src/redis/index.ts';
import { eventHubCases, idempotencyStoreCases, nonceStoreCases, seenStoreCases } from '../../src/testing/index.ts';
import { RedisServer } from '../support/redis-server.ts';
import { missing } from '../support/system-peer.ts';

const skipped = missing('redis-server', 'redis-server', '--version');

describe.skipIf(skipped)(`Redis${skipped ? ` (${skipped})` : ''}`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());

  const clients = {
    ioredis: async () => {
      const client = new Redis(server.url);
      const blocking = new Redis(server.url);
      return {
        send: ([name = '', ...rest]: string[]) => client.call(name, ...rest),
        blockingSend: ([name = '', ...rest]: string[]) => blocking.call(name, ...rest),
        end: () => [client, blocking].forEach((each) => each.disconnect()),
      };
    },
    'node-redis': async () => {
      const client = createClient({ url: server.url });
      const blocking = client.duplicate();
      for (const each of [client, blocking]) {
        each.on('error', () => {});
        await each.connect();
      }
      return {
        send: (command: string[]) => client.sendCommand(command),
        blockingSend: (command: string[]) => blocking.sendCommand(command),
        end: () => [client, blocking].forEach((each) => each.destroy()),
      };
    },
    'node-redis by RESP3': async () => {
      const client = createClient({ url: server.url, RESP: 3 });
      const blocking = client.duplicate();
      for (const each of [client, blocking]) {
        each.on('error', () => {});
        await each.connect();
      }
      return {
        send: (command: string[]) => client.sendCommand(command),
        blockingSend: (command: string[]) => blocking.sendCommand(command),
        end: () => [client, blocking].forEach((each) => each.destroy()),
      };
    },
  };

  describe.each(Object.entries(clients))('by %s', (name, connect) => {
    const prefix = `{${name}}:`;
    const open =
      <N extends keyof RedisStores>(store: N, more: Partial<RedisStoresOptions> = {}) =>
      async () => {
        const { send, blockingSend, end } = await connect();
        const stores = redisStores({ send, blockingSend, prefix, history: 20, ...more });
        const close = async () => {
          await stores.close();
          end();
        };
        return { store: stores[store], close };
      };

    it.each(eventHubCases)('hub: $rule', ({ run }) => run(open('hub')));
    it.each(eventHubCases)('hub of few events: $rule', ({ run }) => run(open('hub', { prefix: `${prefix}few:`, maxEvents: 200 })));
    it.each(idempotencyStoreCases)('idempotency: $rule', ({ run }) => run(open('idempotencyStore')));
    it.each(seenStoreCases)('seen: $rule', ({ run }) => run(open('seenStore')));
    it.each(nonceStoreCases)('nonces: $rule', ({ run }) => run(open('nonceStore')));
  });

  it('refuses one connection for both, and what is no function', () => {
    const send = async () => null;
    expect(() => redisStores({ send, blockingSend: send })).toThrow('connection of its own');
    expect(() => redisStores({ send, blockingSend: 'redis://' as never })).toThrow('blockingSend must be a function');
  });
});
