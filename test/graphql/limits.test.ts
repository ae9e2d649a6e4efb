import { createClient as createSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { createService, defineContract, query } from '../../src/core.ts';
import { post, serveGraphql } from './support.ts';

let server: Awaited<ReturnType<typeof serveGraphql>>;
beforeAll(async () => {
  server = await serveGraphql(createBlogService());
});
afterAll(() => server.close());

describe('limits', () => {
  const nested = (levels: number) => `${'{ user '.repeat(levels)}{ id }${' }'.repeat(levels)}`;
  const aliases = (count: number) => `{ ${Array.from({ length: count }, (_, index) => `a${index}: user(id: 123) { id }`).join(' ')} }`;
  const accept = { accept: 'application/graphql-response+json' };
  const hostile: Record<string, readonly [document: string, message: string]> = {
    'an alias flood of 139 kB': [aliases(5000), 'the document has 138893 characters, and the limit is 65536'],
    'an alias flood of 5 kB': [aliases(199), 'the document has too many tokens: the limit is 2000'],
    '51 aliases': [aliases(51), 'the document has 51 aliases, and the limit is 50'],
    '51 aliases in fragments': [
      `{ ${'...f '.repeat(17)} } fragment f on Query { a: __typename b: __typename c: __typename }`,
      'the document has 51 aliases, and the limit is 50',
    ],
    '3,000 levels': [nested(3000), 'the document has too many tokens: the limit is 2000'],
    '600 levels': [nested(600), 'the document is nested 601 levels deep, and the limit is 20'],
    '21 levels': [nested(20), 'the document is nested 21 levels deep, and the limit is 20'],
    'a fragment cycle': [
      '{ user(id: 1) { ...a } } fragment a on User { id ...b } fragment b on User { id ...a }',
      'Cannot spread fragment "a" within itself via "b".',
    ],
    'a fragment within itself': ['{ user(id: 1) { ...a } } fragment a on User { id ...a }', 'Cannot spread fragment "a" within itself.'],
    'fragments that double': [
      `{ user(id: 1) { ...f0 } } ${Array.from({ length: 30 }, (_, index) => `fragment f${index} on User { id ...f${index + 1} ...f${index + 1} }`).join(' ')} fragment f30 on User { id }`,
      'the document has 2147483648 fields, and the limit is 1000',
    ],
    '1,101 fields': [`{ user(id: 123) { ${'id '.repeat(1100)} } }`, 'the document has 1101 fields, and the limit is 1000'],
    '1 MB of comment': [`{ user(id: 1) { id } } #${'x'.repeat(1_000_000)}`, 'the document has 1000024 characters, and the limit is 65536'],
    '1 MB of tokens': [`{ ${'id '.repeat(340_000)} }`, 'the document has 1020004 characters, and the limit is 65536'],
  };
  for (const [name, [text, message]] of Object.entries(hostile)) {
    it(`refuse ${name}`, async () => {
      const { status, body } = await post(server.endpoint, { query: text }, accept);
      expect(status).toBe(400);
      expect(body).not.toHaveProperty('data');
      expect(body.errors).toHaveLength(1);
      expect(body.errors?.[0]).toMatchObject({ message, extensions: { code: 'INVALID_ARGUMENT', requestId: expect.any(String) } });
    });
  }

  it('answer 413 to a body over 1 MiB', async () => {
    const { status, headers, body } = await post(server.endpoint, { query: `{ user(id: 1) { id } } #${'x'.repeat(1_048_576)}` }, accept);
    expect(status).toBe(413);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(body).toMatchObject({ code: 'INVALID_ARGUMENT', detail: 'the body is larger than 1048576 bytes' });
  });

  it('refuse variables of more than 64 levels', async () => {
    const { status, body } = await post(
      server.endpoint,
      `{"query":"{ __typename }","variables":{"a":${'['.repeat(3000)}${']'.repeat(3000)}}}`,
    );
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      { message: 'the JSON is nested more than 64 levels deep', extensions: { code: 'INVALID_ARGUMENT' } },
    ]);
  });

  it('refuse what overflows the parser, where all others are raised', async () => {
    const lax = await serveGraphql(createBlogService(), { maxTokens: 1e6, maxDocumentChars: 1e6, maxDepth: 1e6, maxFields: 1e6 });
    for (const text of [nested(40_000), `{ user(id: ${'['.repeat(100_000)}1${']'.repeat(100_000)}) { id } }`]) {
      const { status, body } = await post(lax.endpoint, { query: text }, accept);
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([{ message: 'the document is nested too deeply', extensions: { code: 'INVALID_ARGUMENT' } }]);
    }
    await lax.close();
  });

  it('let through what they allow', async () => {
    const { status, body } = await post(server.endpoint, { query: aliases(50) }, accept);
    expect(status).toBe(200);
    expect(body).toEqual({ data: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`a${index}`, { id: 123 }])) });
  });

  it('tell 100 mistakes of variables, and look for no more', async () => {
    const service = createService(defineContract({ name: 'lists', operations: { sum: query({ input: z.object({ list: z.array(z.number()) }), output: z.number() }) } }), { sum: () => 0 }); // prettier-ignore
    const lists = await serveGraphql(service);
    const list = Array.from({ length: 300_000 }, () => '');
    const before = process.cpuUsage();
    const { body } = await post(lists.endpoint, { query: 'query ($list: [Float!]!) { sum(list: $list) }', variables: { list } }, accept);
    const { user } = process.cpuUsage(before);
    expect(body.errors?.[0]).toMatchObject({ extensions: { code: 'INVALID_ARGUMENT' } });
    expect(JSON.stringify(body).length).toBeLessThan(100_000);
    // It took 9 s when all of them were looked for.
    expect(user).toBeLessThan(3_000_000);
    await lists.close();
    await service.close();
  });

  it('count the requests of a batch, and hold for each of them', async () => {
    const one = { query: '{ user(id: 123) { id } }' };
    for (const size of [0, 101]) {
      const { status, body } = await post(
        server.endpoint,
        Array.from({ length: size }, () => one),
      );
      expect(status).toBe(400);
      expect(body.errors).toMatchObject([
        { message: `a batch has between 1 and 100 requests, not ${size}`, extensions: { code: 'INVALID_ARGUMENT' } },
      ]);
    }
    const all = Array.from({ length: 100 }, () => one);
    expect((await post(server.endpoint, all)).body).toEqual(all.map(() => ({ data: { user: { id: 123 } } })));
    const subscription = { query: 'subscription { message { sender } }' };
    const mixed = await post(server.endpoint, [{ query: nested(3000) }, { query: aliases(51) }, one, 5, [one], subscription]);
    expect(mixed.status).toBe(200);
    const refused = (message: string) => ({ errors: [{ message, extensions: { code: 'INVALID_ARGUMENT' } }] });
    expect(mixed.body).toMatchObject([
      refused('the document has too many tokens: the limit is 2000'),
      refused('the document has 51 aliases, and the limit is 50'),
      { data: { user: { id: 123 } } },
      refused('the body must be an object with a query'),
      refused('the body must be an object with a query'),
      refused('a subscription cannot be in a batch'),
    ]);
  });

  it('hold on a socket, which stays open', async () => {
    const client = createSocketClient({ url: server.endpoint.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });
    for (const name of ['an alias flood of 139 kB', '3,000 levels', 'a fragment cycle', '1 MB of comment']) {
      const [text, message] = hostile[name] ?? ['', ''];
      await expect(client.iterate({ query: text }).next()).rejects.toMatchObject([{ message, extensions: { code: 'INVALID_ARGUMENT' } }]);
    }
    expect((await client.iterate({ query: '{ user(id: 123) { id } }' }).next()).value).toEqual({ data: { user: { id: 123 } } });
    await client.dispose();
  });

  it('warn of no leak, however many calls a request makes', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    await post(server.endpoint, { query: aliases(50) });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
