/** GraphQL Yoga as the server of a foreign schema, with graphql-ws and graphql-sse beside it. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { useServer } from 'graphql-ws/use/ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import { event, mutation, query, stream, defineContract } from '../../src/core/define.ts';
import { graphql } from '../../src/graphql/client.ts';
import { createClient } from '../../src/index.ts';
import { until } from '../support/until.ts';

interface YogaContext {
  readonly request?: Request;
  readonly connectionParams?: Readonly<Record<string, unknown>>;
}

const who = ({ request, connectionParams }: YogaContext) => connectionParams?.['token'] ?? request?.headers.get('authorization');
const yoga = createYoga({
  logging: false,
  maskedErrors: false,
  schema: createSchema({
    typeDefs: `
      type Query { hello(name: String!): String, fails: String!, who: String, pet(kind: String!): Pet, part: Part }
      type Mutation { add(n: Int!): Int! }
      type Subscription { count(to: Int!): Int, who: String }
      type Part { ok: Int, broken: Int }
      union Pet = Dog | Cat
      type Dog { barks: Int }
      type Cat { lives: Int }`,
    resolvers: {
      Query: {
        hello: (_: unknown, { name }: { name: string }) => `hello ${name}`,
        fails: () => Promise.reject(new Error('it failed')),
        who: (_: unknown, __: unknown, context: YogaContext) => who(context),
        pet: (_: unknown, { kind }: { kind: string }) => ({ __typename: kind, barks: 1, lives: 9 }),
        part: () => ({ ok: 1, broken: () => Promise.reject(new Error('one field')) }),
      },
      Mutation: { add: (_: unknown, { n }: { n: number }) => n + 1 },
      Subscription: {
        count: {
          async *subscribe(_: unknown, { to }: { to: number }) {
            for (let n = 1; n <= to; n++) yield Promise.resolve({ count: n });
          },
        },
        who: {
          async *subscribe(_: unknown, __: unknown, context: YogaContext) {
            yield Promise.resolve({ who: who(context) });
          },
        },
      },
    },
  }),
});

const Dog = z.object({ __typename: z.literal('Dog'), barks: z.int32() });
const Cat = z.object({ __typename: z.literal('Cat'), lives: z.int32() });
const contract = defineContract({
  name: 'yoga',
  operations: {
    hello: query({ input: z.object({ name: z.string() }), output: z.string() }),
    fails: query({ output: z.string() }),
    who: query({ output: z.string() }),
    part: query({ output: z.object({ ok: z.int32() }) }),
    pet: query({ input: z.object({ kind: z.string() }), output: z.discriminatedUnion('__typename', [Dog, Cat]) }),
    add: mutation({ input: z.object({ n: z.int32() }), output: z.int32() }),
    count: stream({ input: z.object({ to: z.int32() }), item: z.int32() }),
  },
  events: { whoAsked: event({ channel: 'who', payload: z.object({ who: z.string() }) }) },
});
const operations = {
  hello: 'query ($name: String!) { hello(name: $name) }',
  fails: '{ fails }',
  who: '{ who }',
  part: '{ part { ok broken } }',
  pet: 'query ($kind: String!) { pet(kind: $kind) { __typename ... on Dog { barks } ... on Cat { lives } } }',
  add: 'mutation ($n: Int!) { add(n: $n) }',
  count: 'subscription ($to: Int!) { count(to: $to) }',
};
const events = { whoAsked: { document: 'subscription { who }', read: (given: unknown) => ({ who: given }) } };

describe.each(['ws', 'sse'] as const)('GraphQL Yoga, with subscriptions by %s', (subscriptions) => {
  const server = createServer((request, response) => void yoga(request, response));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  let client: ReturnType<typeof connect>;
  const connect = (url: string) =>
    createClient({
      contract,
      transport: graphql({
        url,
        subscriptions,
        operations,
        events,
        headers: { authorization: 'Bearer t' },
        ...(subscriptions === 'ws' && { connectionParams: () => ({ token: 'Bearer t' }) }),
      }),
    });

  beforeAll(async () => {
    useServer(
      {
        execute: (args) => (args.rootValue as { execute(given: unknown): unknown }).execute(args) as never,
        subscribe: (args) => (args.rootValue as { subscribe(given: unknown): unknown }).subscribe(args) as never,
        onSubscribe: async (context, _id, params) => {
          const enveloped = yoga.getEnveloped({ ...context, req: context.extra.request, params });
          const { schema, execute, subscribe, contextFactory, parse } = enveloped;
          const document = parse(params.query) as never;
          return {
            schema,
            document,
            operationName: params.operationName,
            variableValues: params.variables,
            contextValue: await contextFactory(),
            rootValue: { execute, subscribe },
          };
        },
      },
      sockets,
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`);
  });
  afterAll(async () => {
    await client.close();
    sockets.close();
    server.closeAllConnections();
    server.close();
  });

  it('answers, and its errors are ours', async () => {
    expect(await client.hello({ name: 'ü "x"' })).toBe('hello ü "x"');
    expect(await client.who()).toBe('Bearer t');
    expect(await client.add({ n: 1 })).toBe(2);
    await expect(client.fails()).rejects.toMatchObject({ code: 'UNKNOWN', text: 'it failed' });
    await expect(client.part()).rejects.toMatchObject({ text: 'one field', partial: { part: { ok: 1, broken: null } } });
  });

  it('members of a union are told apart by their discriminator', async () => {
    expect(await client.pet({ kind: 'Cat' })).toEqual({ __typename: 'Cat', lives: 9 });
    expect(await client.pet({ kind: 'Dog' })).toEqual({ __typename: 'Dog', barks: 1 });
  });

  it('streams items, and events with the credentials of the connection', async () => {
    const items: number[] = [];
    for await (const item of client.count({ to: 3 })) items.push(item);
    expect(items).toEqual([1, 2, 3]);
    const heard: string[] = [];
    await client.onWhoAsked((given) => void heard.push(given.who));
    await until(() => heard.length > 0);
    expect(heard).toEqual(['Bearer t']);
  });
});
