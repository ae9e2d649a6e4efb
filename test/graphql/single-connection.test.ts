import { createClient as createSseClient } from 'graphql-sse';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { graphqlHandler, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient, createService, defineContract, event, mutation, query, stream } from '../../src/index.ts';
import { until } from '../support/until.ts';

const Word = z.object({ text: z.string() }).meta({ id: 'Word' });
const contract = defineContract({
  name: 'words',
  operations: {
    getWord: query({ input: z.object({ text: z.string() }), output: Word }),
    say: mutation({ input: Word, output: Word, http: 'POST /words' }),
    count: stream({ input: z.object({ to: z.int32() }), item: z.int32() }),
  },
  events: { said: event({ channel: 'said', payload: Word, writtenBy: 'say' }) },
});

async function open(options: GraphqlHandlerOptions = {}) {
  const run = { isLeft: false };
  const service = createService(contract, {
    getWord: ({ text }) => ({ text }),
    say: (word) => word,
    async *count({ to }) {
      try {
        for (let i = 1; i <= to; i++) yield i;
      } finally {
        run.isLeft = true;
      }
    },
  });
  const server = await listen(graphqlHandler(service, { heartbeatMs: 50, ...options }));
  const url = `${server.url}/graphql`;
  const here = createClient({ contract, transport: service });
  const client = createSseClient({ url, singleConnection: true, retryAttempts: 0 });
  onTestFinished(async () => {
    client.dispose();
    await here.close();
    await server.close(0);
    await service.close();
  });
  const post = (token: string, body: object) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-graphql-event-stream-token': token },
      body: JSON.stringify(body),
    });
  const reserve = async () => (await fetch(url, { method: 'PUT' })).text();
  return { url, here, client, run, post, reserve };
}

describe('the single connection of graphql-sse', () => {
  it('carries queries, mutations, subscriptions and streams, each to its end', async () => {
    const { client, here, run } = await open();
    const first = await client.iterate({ query: '{ word(text: "a") { text } }' }).next();
    expect(first.value).toMatchObject({ data: { word: { text: 'a' } } });
    const heard: unknown[] = [];
    const stop = client.subscribe(
      { query: 'subscription { said { text } }' },
      { next: ({ data }) => heard.push(data), error: (error) => heard.push(error), complete: () => {} },
    );
    // The protocol does not tell when a subscription stands.
    await until(async () => {
      await here.say({ text: 'hello' });
      return heard.length > 0;
    });
    expect(heard[0]).toEqual({ said: { text: 'hello' } });
    stop();
    const items: unknown[] = [];
    for await (const { data } of client.iterate({ query: 'subscription { count(to: 3) }' })) items.push(data);
    expect(items).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    run.isLeft = false;
    for await (const _ of client.iterate({ query: 'subscription { count(to: 100000000) }' })) break;
    await until(() => run.isLeft);
  });

  it('tells of a deadline', async () => {
    const { url } = await open();
    const client = createSseClient({ url, singleConnection: true, retryAttempts: 0, headers: { 'x-timeout-ms': '50' } });
    onTestFinished(() => client.dispose());
    const last: unknown[] = [];
    for await (const { errors } of client.iterate({ query: 'subscription { count(to: 100000000) }' })) if (errors) last.push(errors);
    expect(last).toMatchObject([[{ extensions: { code: 'DEADLINE_EXCEEDED' } }]]);
  });

  it('ends its operations if its reader leaves', async () => {
    const { client, run } = await open();
    run.isLeft = false;
    const items = client.iterate({ query: 'subscription { count(to: 100000000) }' });
    await items.next();
    client.dispose();
    await until(() => run.isLeft);
  });

  it('refuses what does not fit in the answer to its request', async () => {
    const { url, post, reserve } = await open({ maxSubscriptions: 1 });
    const said = { query: 'subscription { said { text } }', extensions: { operationId: 'a' } };
    expect((await post('nobody', said)).status).toBe(404);
    const token = await reserve();
    expect((await post(token, said)).status).toBe(404);
    const reading = new AbortController();
    onTestFinished(() => reading.abort());
    const open_ = () => fetch(`${url}?token=${token}`, { headers: { accept: 'text/event-stream' }, signal: reading.signal });
    expect((await open_()).status).toBe(200);
    expect((await open_()).status).toBe(409);
    expect((await post(token, { query: '{ nothing }', extensions: { operationId: 'b' } })).status).toBe(200);
    expect((await post(token, { query: said.query })).status).toBe(400);
    expect((await post(token, said)).status).toBe(202);
    expect((await post(token, said)).status).toBe(409);
    const second = await post(token, { ...said, extensions: { operationId: 'b' } });
    expect(second.status).toBe(429);
    const end = (query: string) => fetch(`${url}${query}`, { method: 'DELETE', headers: { 'x-graphql-event-stream-token': token } });
    expect((await end('')).status).toBe(400);
    expect((await end('?operationId=a')).status).toBe(200);
    expect((await post(token, said)).status).toBe(202);
  });

  it('bounds reservations that nobody opens', async () => {
    const { url } = await open();
    const statuses = await Promise.all(Array.from({ length: 101 }, async () => (await fetch(url, { method: 'PUT' })).status));
    expect(statuses.filter((status) => status === 201)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  });
});
