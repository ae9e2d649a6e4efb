/** What went over the wire, kept and played again. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { composeHandlers, listen } from '../../src/http/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { readRecording, recorder, replay } from '../../src/testing/index.ts';
import type { FetchLike } from '../../src/rest/client.ts';
import type { OnWire } from '../../src/peer/on-wire.ts';

async function served() {
  const service = createBlogService();
  const server = await listen(composeHandlers(graphqlHandler(service), soapHandler(service), restHandler(service)));
  onTestFinished(async () => {
    await server.close(0);
    await service.close(0);
  });
  return { service, url: server.url };
}

interface Carry {
  readonly onWire?: OnWire;
  readonly fetch?: FetchLike;
}
const adapters = {
  rest: (url: string, carry: Carry) => rest({ url, ...carry, headers: { authorization: 'Bearer secret' } }),
  graphql: (url: string, carry: Carry) => graphql({ url: `${url}/graphql`, subscriptions: 'sse', ...carry }),
  soap: (url: string, carry: Carry) => soap({ url: `${url}/soap`, ...carry }),
};

describe('a recording', () => {
  it.each(['rest', 'graphql', 'soap'] as const)('of %s is played again without the server', async (name) => {
    const { url } = await served();
    const tape = recorder();
    const program = async (carry: Carry, at: string) => {
      const client = createClient({ contract: blogContract, transport: adapters[name](at, carry) });
      const seen = [
        await client.getUser({ id: 123 }),
        await client.getUserPosts({ userId: 123 }),
        await client.getUser({ id: 99999 }).catch((error: Error) => error.message),
        await client.createUser({ username: 'zoe', email: 'zoe@example.com' }),
      ];
      await client.close();
      return seen;
    };
    const live = await program({ onWire: tape.onWire }, url);
    expect(tape.text()).not.toContain('secret');
    expect(await program({ fetch: replay(readRecording(tape.text())) }, 'http://nowhere.invalid')).toEqual(live);
  });

  it('holds the events of a stream too', async () => {
    const { url, service } = await served();
    const tape = recorder();
    const live = createClient({ contract: blogContract, transport: rest({ url, onWire: tape.onWire }) });
    const heard: unknown[] = [];
    let arrived = (): void => {};
    const first = new Promise<void>((resolve) => (arrived = resolve));
    await live.onTemperature((reading) => {
      heard.push(reading);
      arrived();
    });
    await service.publish('temperature', { sensorId: 'kitchen', celsius: 21.5, measuredAt: '2026-01-01T00:00:00Z' });
    await first;
    await live.close();
    const again = createClient({ contract: blogContract, transport: rest({ url: 'http://nowhere.invalid', fetch: replay(tape.records) }) });
    let replayed: unknown;
    const stop = await new Promise<() => Promise<void>>((resolve, reject) => {
      again.onTemperature((reading) => void (replayed = reading)).then(resolve, reject);
    });
    await stop();
    await again.close();
    expect([replayed]).toEqual(heard);
  });

  it('says which request it does not hold', async () => {
    const client = createClient({ contract: blogContract, transport: rest({ url: 'http://nowhere.invalid', fetch: replay([]) }) });
    await expect(client.getUser({ id: 123 })).rejects.toThrow(/GET \/users\/123 was not recorded/);
    await client.close();
  });

  it('refuses records of requests that overlap, whose answers cannot be told apart', () => {
    const out = (start: string) => ({ protocol: 'rest', direction: 'out', start, headers: {} }) as const;
    expect(() => replay([out('GET /a'), out('GET /b')])).toThrow(/at the same time/);
    expect(() => readRecording('{"a":1}')).toThrow(/line 1 is not a record/);
    expect(() => readRecording('no')).toThrow(TypeError);
  });

  it('can be forgotten', () => {
    const tape = recorder();
    tape.onWire({ protocol: 'rest', direction: 'out', start: 'GET /a', headers: {} });
    tape.clear();
    expect(tape.records).toEqual([]);
  });
});
