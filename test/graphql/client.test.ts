import { createSchema, createYoga } from 'graphql-yoga';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { ApiError, createClient, createService, defineContract, event, isApiError, query } from '../../src/index.ts';
import { serveGraphql } from './support.ts';

let server: Awaited<ReturnType<typeof serveGraphql>>;
beforeAll(async () => {
  server = await serveGraphql(createBlogService());
});
afterAll(() => server.close());

describe('our client', () => {
  it('sends exactly the query of the article', async () => {
    const bodies: string[] = [];
    const blog = createClient({
      transport: graphql({ url: server.url, onWire: ({ direction, body }) => direction === 'out' && bodies.push(body ?? '') }),
    });
    const user = await blog.getUser({ id: 123 }, { select: { username: true, posts: { title: true } } });
    expect(user).toEqual({ username: 'john_doe', posts: expect.arrayContaining([{ title: 'GraphQL Introduction' }]) });
    expect(JSON.parse(bodies[0] ?? '')).toEqual({
      query: 'query getUser($id: Int!) { user(id: $id) { username posts { title } } }',
      variables: { id: 123 },
    });
    expect(bodies).toHaveLength(1);
    await blog.close();
  });

  it('gives the data that came beside an error', async () => {
    const Pet = z.object({ name: z.string(), ownerId: z.int32() }).meta({ id: 'Pet' });
    const Owner = z.object({ id: z.int32() }).meta({ id: 'Owner' });
    const contract = defineContract({
      name: 'pets',
      operations: { getPet: query({ output: Pet }), getOwner: query({ input: z.object({ id: z.int32() }), output: Owner }) },
      relations: { Pet: { owner: { operation: 'getOwner', input: { id: 'ownerId' } } } },
    });
    const service = createService(contract, {
      getPet: () => ({ name: 'Rex', ownerId: 1 }),
      getOwner: () => {
        throw new ApiError('PERMISSION_DENIED', 'not yours');
      },
    });
    const pets = await serveGraphql(service);
    const client = createClient({ contract, transport: graphql({ url: pets.url }) });
    const error: unknown = await client
      .getPet(undefined, { select: { name: true, owner: { id: true } } })
      .catch((reason: unknown) => reason);
    expect(isApiError(error) && [error.code, error.partial]).toEqual(['PERMISSION_DENIED', { pet: { name: 'Rex', owner: null } }]);
    await client.close();
    await pets.close();
  });

  it('hears when to come back from what is no GraphQL', async () => {
    const busy = createServer((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('<html>'));
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const blog = createClient({ transport: graphql({ url: `http://127.0.0.1:${(busy.address() as AddressInfo).port}` }) });
    await expect(blog.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 7000 });
    await blog.close();
    busy.close();
  });

  it('tells a page that is no GraphQL from an API', async () => {
    const page = createServer((_, res) => res.setHeader('content-type', 'text/html').end('<h1>Hello</h1>')).listen(0);
    const { port } = page.address() as AddressInfo;
    const blog = createClient({ transport: graphql({ url: `http://127.0.0.1:${port}` }) });
    await expect(blog.getUser({ id: 1 })).rejects.toMatchObject({ code: 'DATA_LOSS', message: expect.stringContaining('url') });
    await blog.close();
    page.close();
  });

  it('fits a contract to a server that someone else designed', async () => {
    const yoga = createYoga({
      logging: false,
      schema: createSchema({
        typeDefs:
          'type Query { viewer(login: String!): Viewer } type Viewer { profile: Profile! } type Profile { login: String!, fullName: String } type Subscription { tick(upTo: Int!): Int! }',
        resolvers: {
          Query: { viewer: (_, { login }: { login: string }) => (login === 'nobody' ? null : { profile: { login, fullName: null } }) },
          Subscription: {
            tick: {
              async *subscribe(_: unknown, { upTo }: { upTo: number }) {
                for (let tick = 1; tick <= upTo; tick++) yield { tick };
              },
            },
          },
        },
      }),
    });
    const foreign = createServer((req, res) => void yoga(req, res)).listen(0);
    const { port } = foreign.address() as AddressInfo;
    const contract = defineContract({
      name: 'people',
      operations: {
        getPerson: query({
          input: z.object({ login: z.string() }),
          output: z.object({ login: z.string(), fullName: z.string().nullable() }),
        }),
        getNothing: query({ output: z.string() }),
      },
      events: { tick: event({ channel: 'ticks', payload: z.object({ tick: z.int32() }) }) },
    });
    const people = createClient({
      contract,
      transport: graphql({
        url: `http://127.0.0.1:${port}/graphql`,
        subscriptions: 'sse',
        operations: {
          getPerson: {
            document: 'query ($login: String!) { viewer(login: $login) { profile { login fullName } } }',
            result: 'viewer.profile',
          },
          getNothing: '{ nothing }',
        },
        events: { tick: { document: 'subscription { tick(upTo: 3) }', result: '' } },
      }),
    });
    expect(await people.getPerson({ login: 'ada' })).toEqual({ login: 'ada', fullName: null });
    await expect(people.getPerson({ login: 'nobody' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(people.getNothing()).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    const ticks: number[] = [];
    for await (const { tick } of people.onTick()) ticks.push(tick);
    expect(ticks).toEqual([1, 2, 3]);
    await people.close();
    foreign.closeAllConnections();
    foreign.close();
  });
});
