/** urql as it comes: queries by GET, from a page of another origin, and subscriptions over graphql-ws. */
import { Client, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient as createSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createBlogService } from '../../src/blog/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { until } from '../support/until.ts';

const ORIGIN = 'https://app.example.com';
const USER = gql`
  query ($id: Int!) {
    user(id: $id) {
      username
    }
  }
`;

describe('urql', () => {
  const service = createBlogService();
  const methods: string[] = [];
  let server: HttpServer;
  let client: Client;
  let sockets: ReturnType<typeof createSocketClient>;

  /** A page's fetch: the browser says where it comes from. */
  const page: typeof fetch = (url, init = {}) => {
    methods.push(init.method ?? 'GET');
    const headers = { ...Object.fromEntries(new Headers(init.headers)), origin: ORIGIN, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }; // prettier-ignore
    return fetch(url, { ...init, headers });
  };

  beforeAll(async () => {
    const handler = graphqlHandler(service);
    server = await listen(handler, { cors: { origins: [ORIGIN] } });
    handler.attach(server.server);
    sockets = createSocketClient({ url: `${server.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const forward = subscriptionExchange({
      forwardSubscription: ({ query = '', variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: sockets.subscribe({ query, variables: variables as Record<string, unknown> }, sink as never),
        }),
      }),
    });
    client = new Client({ url: `${server.url}/graphql`, exchanges: [fetchExchange, forward], fetch: page, preferGetMethod: true });
  });
  afterAll(async () => {
    await sockets.dispose();
    await server.close();
    await service.close();
  });

  it('asks by GET, and gets the codes of errors', async () => {
    const found = await client.query(USER, { id: 123 }).toPromise();
    expect(found).toMatchObject({ data: { user: { username: 'john_doe' } }, error: undefined });
    const missing = await client.query(USER, { id: 999 }).toPromise();
    expect(missing.error?.graphQLErrors[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
    expect(methods).toEqual(['GET', 'GET']);
  });

  it('changes by POST', async () => {
    const document = gql`
      mutation ($input: CreateUserInput!) {
        createUser(input: $input) {
          username
        }
      }
    `;
    const made = await client.mutation(document, { input: { username: 'Ann', email: 'ann@example.com' } }).toPromise();
    expect(made).toMatchObject({ data: { createUser: { username: 'Ann' } }, error: undefined });
    expect(methods.at(-1)).toBe('POST');
  });

  it('hears events', async () => {
    const heard: unknown[] = [];
    const document = gql`
      subscription {
        message {
          message
        }
      }
    `;
    const { unsubscribe } = client.subscription(document, {}).subscribe(({ data, error }) => heard.push(data ?? error?.message));
    let sent = 0;
    await until(async () => {
      await service.publish('message', { sender: 'ann', message: String(sent++) });
      return heard.length > 0;
    });
    expect(heard[0]).toMatchObject({ message: { message: expect.any(String) as string } });
    unsubscribe();
  });
});
