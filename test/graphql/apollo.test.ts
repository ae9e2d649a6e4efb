import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/node/listen.ts';
import { createClient } from '../../src/index.ts';

describe('Apollo Client', () => {
  let server: HttpServer;
  let apollo: ApolloClient;
  const service = createBlogService();
  beforeAll(async () => {
    server = await listen(graphqlHandler(service, { heartbeatMs: 20 }));
    apollo = new ApolloClient({ link: new HttpLink({ uri: `${server.url}/graphql` }), cache: new InMemoryCache() });
  });
  afterAll(async () => {
    apollo.stop();
    await server.close();
    await service.close();
  });

  it('asks, changes, and gets the errors of its queries', async () => {
    const user = await apollo.query({
      query: gql`
        {
          user(id: 123) {
            username
            posts {
              title
            }
          }
        }
      `,
    });
    expect(user.data).toMatchObject({ user: { username: 'john_doe' } });
    const missing = apollo.query({
      query: gql`
        {
          user(id: 999) {
            username
          }
        }
      `,
    });
    await expect(missing).rejects.toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });

  it('hears events over HTTP, in parts, past beats', async () => {
    const heard: unknown[] = [];
    const subscription = apollo
      .subscribe({
        query: gql`
          subscription {
            message {
              sender
              message
            }
          }
        `,
      })
      .subscribe({ next: ({ data }) => heard.push(data), error: (error) => heard.push(error) });
    const here = createClient({ transport: service });
    // It has no word for when a subscription stands.
    await expect
      .poll(async () => {
        await here.sendMessage({ sender: 'a', message: 'hello' });
        return heard;
      })
      .toContainEqual({ message: expect.objectContaining({ sender: 'a', message: 'hello' }) });
    subscription.unsubscribe();
  });

  it('hears why a subscription is refused', async () => {
    const refused = new Promise((resolve) => {
      apollo
        .subscribe({
          query: gql`
            subscription {
              nothing
            }
          `,
        })
        .subscribe({ next: resolve, error: resolve });
    });
    expect(JSON.stringify(await refused)).toContain('nothing');
  });
});

describe('a client of multipart subscriptions', () => {
  it('takes what other servers send: no wrapper, errors of the stream, a reply that is no stream', async () => {
    const replies: readonly (readonly [string, string])[] = [
      [
        'multipart/mixed; boundary="-"',
        '---\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{"data":{"message":{"sender":"a","message":"b"}}}\r\n-----\r\n',
      ],
      [
        'multipart/mixed;boundary=graphql',
        '--graphql\r\n\r\n{"payload":null,"errors":[{"message":"no","extensions":{"code":"PERMISSION_DENIED"}}]}\r\n--graphql--',
      ],
      ['application/json', '{"errors":[{"message":"no subscriptions here","extensions":{"code":"UNIMPLEMENTED"}}]}'],
    ];
    const outcomes: unknown[] = [];
    for (const [type, body] of replies) {
      const blog = createClient({
        transport: graphql({
          url: 'http://localhost/graphql',
          subscriptions: 'multipart',
          fetch: async () => new Response(body, { headers: { 'content-type': type } }),
        }),
      });
      try {
        for await (const { message } of blog.onMessage()) {
          outcomes.push(message);
          break;
        }
      } catch (error) {
        outcomes.push((error as { readonly code: unknown }).code);
      }
      await blog.close();
    }
    expect(outcomes).toEqual(['b', 'PERMISSION_DENIED', 'UNIMPLEMENTED']);
  });

  it('is refused by name if it asks for another form', () => {
    expect(() => graphql({ url: 'http://a', subscriptions: 'polling' as 'sse' })).toThrow("'subscriptions' is one of ws, sse, multipart");
  });
});
