import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { GraphQLClient } from 'graphql-request';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import * as z from 'zod/mini';
import { retry } from '../../src/compose/retry.ts';
import { defineContract, event, query } from '../../src/core/define.ts';
import { graphql, type GraphqlOptions } from '../../src/graphql/client.ts';
import { createClient } from '../../src/index.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'shop',
  operations: { product: query({ input: z.object({ id: z.string() }), output: z.object({ title: z.string() }) }) },
  events: { tick: event({ channel: 'ticks', payload: z.object({ n: z.int() }) }) },
});
const mapping = {
  operations: { product: 'query ($id: ID!) { product(id: $id) { title } }' },
  events: { tick: 'subscription { tick { n } }' },
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that somebody else wrote. */
async function serve(
  answer: (body: string, request: IncomingMessage) => { status?: number; headers?: Record<string, string>; body: string },
) {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { status = 200, headers = {}, body } = answer(text, request);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => (server.closeAllConnections(), server.close()));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` };
}

function connect(url: string, options: Partial<GraphqlOptions> = {}) {
  const client = createClient({ contract, transport: graphql({ url, ...mapping, ...options }) });
  closing.push(() => client.close());
  return client;
}

describe('the code of a foreign failure', () => {
  const failed = (extensions: object, more: object = {}) =>
    JSON.stringify({ data: null, errors: [{ message: 'no', extensions, ...more }] });
  it.each([
    ['Shopify, throttled', 200, {}, failed({ code: 'THROTTLED' }), 'RESOURCE_EXHAUSTED'],
    ['Shopify, no access', 200, {}, failed({ code: 'ACCESS_DENIED' }), 'PERMISSION_DENIED'],
    ['GitHub, not found', 200, {}, failed({}, { type: 'NOT_FOUND' }), 'NOT_FOUND'],
    ['GitHub, limited', 200, {}, failed({}, { type: 'RATE_LIMITED' }), 'RESOURCE_EXHAUSTED'],
    [
      'GitHub, a secondary limit',
      403,
      { 'retry-after': '7' },
      '{"message":"You have exceeded a secondary rate limit"}',
      'RESOURCE_EXHAUSTED',
    ],
    ['GitHub, bad credentials', 401, {}, '{"message":"Bad credentials"}', 'UNAUTHENTICATED'],
    ['Linear, limited', 400, {}, failed({ code: 'RATELIMITED' }), 'RESOURCE_EXHAUSTED'],
    ['Linear, a type with a space', 400, {}, failed({ type: 'authentication error' }), 'UNAUTHENTICATED'],
    ['Hasura, access denied', 200, {}, failed({ code: 'access-denied' }), 'PERMISSION_DENIED'],
    ['Hasura, a constraint', 200, {}, failed({ code: 'constraint-violation' }), 'ALREADY_EXISTS'],
    ['Apollo Router, a limit', 429, {}, failed({ code: 'REQUEST_RATE_LIMITED' }), 'RESOURCE_EXHAUSTED'],
    ['Apollo Router, a timeout', 504, {}, failed({ code: 'GATEWAY_TIMEOUT' }), 'DEADLINE_EXCEEDED'],
    ['Apollo Server, the status in the error', 200, {}, failed({ code: 'OWN', http: { status: 401 } }), 'UNAUTHENTICATED'],
    [
      'NestJS, the status of a wrapped error',
      200,
      {},
      failed({ code: 'INTERNAL_SERVER_ERROR', originalError: { statusCode: 404, error: 'Not Found' } }),
      'NOT_FOUND',
    ],
    ['NestJS before 10, a status as the code', 200, {}, failed({ code: '409', response: { statusCode: 409 } }), 'ALREADY_EXISTS'],
    ['NestJS, an exception', 200, {}, failed({ code: 'INTERNAL_SERVER_ERROR', exception: { status: 429 } }), 'RESOURCE_EXHAUSTED'],
    ['an internal error with 500 on all places', 500, {}, failed({ code: 'INTERNAL_SERVER_ERROR', statusCode: 500 }), 'INTERNAL'],
    ['Absinthe, a number', 200, {}, failed({}, { code: 404 }), 'NOT_FOUND'],
    ['Absinthe, a number in the extensions', 200, {}, failed({ code: 403 }), 'PERMISSION_DENIED'],
    ['a number that is not a status', 200, {}, failed({ code: 1404, status: { toString: 1 } }), 'UNKNOWN'],
    ['an unknown code with a status', 503, {}, failed({ code: 'OWN' }), 'UNAVAILABLE'],
    ['no code, 429', 429, { 'retry-after': '3' }, '{"errors":[{"message":"slow down"}]}', 'RESOURCE_EXHAUSTED'],
    ['no code, 401', 401, {}, '{"errors":[{"message":"who?"}]}', 'UNAUTHENTICATED'],
    ['AppSync, unauthorized', 200, {}, failed({}, { errorType: 'UnauthorizedException' }), 'UNAUTHENTICATED'],
    ['Hot Chocolate, not authorized', 200, {}, failed({ code: 'AUTH_NOT_AUTHORIZED' }), 'PERMISSION_DENIED'],
    ['Spring, a classification', 200, {}, failed({ classification: 'NOT_FOUND' }), 'NOT_FOUND'],
    ['graphql-java, invalid', 200, {}, failed({ classification: 'ValidationError' }), 'INVALID_ARGUMENT'],
    ['DGS, a type', 200, {}, failed({ errorType: 'PERMISSION_DENIED' }), 'PERMISSION_DENIED'],
    ['Hasura, out of time', 200, {}, failed({ code: 'time-limit-exceeded' }), 'DEADLINE_EXCEEDED'],
    ['a code of every object', 200, {}, failed({ code: 'constructor' }), 'UNKNOWN'],
    ['one error instead of a list', 403, {}, '{"errors":{"message":"no"}}', 'PERMISSION_DENIED'],
  ])('%s', async (_title, status, headers, body, code) => {
    const { url } = await serve(() => ({ status, headers, body }));
    await expect(connect(url).product({ id: '1' })).rejects.toMatchObject({ code, remote: true });
  });

  it('has the words of an error that is only text', async () => {
    const { url } = await serve(() => ({ status: 429, headers: {}, body: '{"errors":["too many"]}' }));
    await expect(connect(url).product({ id: '1' })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', text: 'too many' });
  });

  it('comes with the wait that a header asks for', async () => {
    const { url } = await serve(() => ({ status: 429, headers: { 'retry-after': '3' }, body: '{"errors":[{"message":"slow down"}]}' }));
    await expect(connect(url).product({ id: '1' })).rejects.toMatchObject({ retryAfterMs: 3000 });
  });
});

describe('a foreign answer', () => {
  const data = { data: { product: { title: 'Cup' } } };
  it.each([
    ['of another media type', { headers: { 'content-type': 'text/plain' }, body: JSON.stringify(data) }],
    ['with a byte order mark', { body: `\uFEFF${JSON.stringify(data)}` }],
    ['with an empty list of errors', { body: JSON.stringify({ ...data, errors: [] }) }],
    ['with errors that are null', { body: JSON.stringify({ ...data, errors: null }) }],
    ['with deep extensions', { body: `{"data":{"product":{"title":"Cup"}},"extensions":${'{"a":'.repeat(100)}1${'}'.repeat(100)}}` }],
  ])('is taken: %s', async (_title, answer) => {
    const { url } = await serve(() => answer);
    expect(await connect(url).product({ id: '1' })).toEqual({ title: 'Cup' });
  });

  it('that breaks off is UNAVAILABLE, so that another try may help', async () => {
    let tries = 0;
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {
        tries++;
        socket.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"data":{"pro');
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closing.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const transport = retry(graphql({ url, ...mapping }), { baseDelayMs: 1, maxDelayMs: 2 });
    const client = createClient({ contract, transport });
    closing.push(() => client.close());
    await expect(client.product({ id: '1' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(tries).toBeGreaterThan(1);
  });

  it('over the limit is DATA_LOSS', async () => {
    const { url } = await serve(() => ({ body: JSON.stringify({ ...data, extensions: { padding: 'x'.repeat(2000) } }) }));
    await expect(connect(url, { maxResponseBytes: 1000 }).product({ id: '1' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(connect(url, { maxResponseBytes: 1000, fetch }).product({ id: '1' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});

describe('a mapping', () => {
  it('makes variables of the input, and the output of what was answered', async () => {
    const seen: unknown[] = [];
    const { url } = await serve((body) => {
      seen.push((JSON.parse(body) as { variables: unknown }).variables);
      return { body: '{"data":{"shop":{"products":{"nodes":[{"name":"Cup"}]}}}}' };
    });
    const client = connect(url, {
      operations: {
        product: {
          document: 'query ($query: String!) { shop { products(first: 1, query: $query) { nodes { name } } } }',
          result: 'shop.products.nodes',
          input: (input) => ({ query: `id:${(input as { id: string }).id}` }),
          output: (nodes) => ({ title: (nodes as { name: string }[])[0]?.name }),
        },
      },
    });
    expect(await client.product({ id: '1' })).toEqual({ title: 'Cup' });
    expect(seen).toEqual([{ query: 'id:1' }]);
  });
});

describe('a client of graphql-request', () => {
  it('may carry the documents, with what it does to requests', async () => {
    const seen: unknown[] = [];
    const { url } = await serve((body, { headers }) => {
      seen.push([JSON.parse(body) as unknown, headers['x-own'], headers['authorization']]);
      return { body: '{"data":{"product":{"title":"Cup"}}}' };
    });
    const carrier = new GraphQLClient(url, { headers: { 'x-own': 'set' } });
    const client = connect(url, { carrier, headers: { authorization: 'Bearer a' } });
    expect(await client.product({ id: '1' })).toEqual({ title: 'Cup' });
    expect(seen).toMatchObject([[{ query: mapping.operations.product, variables: { id: '1' } }, 'set', 'Bearer a']]);
  });

  it('fails as ours does', async () => {
    const { url } = await serve(() => ({ status: 429, headers: { 'retry-after': '3' }, body: '{"errors":[{"message":"slow down"}]}' }));
    const client = connect(url, { carrier: new GraphQLClient(url) });
    await expect(client.product({ id: '1' })).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', retryAfterMs: 3000 });
    const gone = connect(url, { carrier: new GraphQLClient('http://127.0.0.1:1/') });
    await expect(gone.product({ id: '1' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a foreign socket', () => {
  /** Speaks `graphql-transport-ws` as its specification has it, and no more. */
  async function serveSocket(onSubscribe: (send: (type: string, payload?: unknown, otherId?: unknown) => void) => void) {
    const inits: { payload: unknown; authorization: string | undefined }[] = [];
    const { server, url } = await serve(() => ({ body: '' }));
    const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' });
    sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
      closing.push(() => socket.terminate());
      socket.on('message', (data: Buffer) => {
        const { type, id, payload: sent } = JSON.parse(data.toString()) as { type: string; id?: string; payload?: unknown };
        if (type === 'connection_init') {
          inits.push({ payload: sent, authorization: request.headers.authorization });
          socket.send('{"type":"connection_ack"}');
        }
        if (type === 'subscribe')
          onSubscribe((kind, payload, otherId = id) => socket.send(JSON.stringify({ id: otherId, type: kind, payload })));
      });
    });
    return { url, inits };
  }

  it('goes on after an event with errors, which are reported', async () => {
    const { url } = await serveSocket((send) => {
      send('next', { data: { tick: { n: 1 } } });
      send('next', { data: null, errors: [{ message: 'failed once', path: ['tick'] }] });
      send('next', { data: { tick: { n: 3 } }, errors: [{ message: 'half' }] });
      send('next', { data: { tick: { n: 4 } } });
    });
    const errors: string[] = [];
    const heard: number[] = [];
    const client = connect(url, { onError: (error) => void errors.push((error as Error).message) });
    await client.onTick(({ n }) => void heard.push(n), { onError: () => expect.unreachable('it goes on') });
    await until(
      () => heard.length === 3,
      () => `it heard ${heard.join()}`,
    );
    expect(heard).toEqual([1, 3, 4]);
    expect(errors).toEqual(['[UNKNOWN] failed once', '[UNKNOWN] half']);
  });

  it('may send ids that are no text, which end nothing', async () => {
    const { url } = await serveSocket((send) => {
      for (const id of [{ toString: 1 }, [], null, 7, { valueOf: {}, toString: {} }]) send('next', { data: { tick: { n: 0 } } }, id);
      send('next', { data: { tick: { n: 1 } } });
    });
    const heard: number[] = [];
    await connect(url).onTick(({ n }) => void heard.push(n));
    await until(() => heard.length === 1, 'the event came');
    expect(heard).toEqual([1]);
  });

  it('leaves out what `read` takes for no event, and reports what makes it throw', async () => {
    const { url } = await serveSocket((send) => {
      for (const n of [1, 2, 3]) send('next', { data: { tick: { n } } });
    });
    const errors: string[] = [];
    const heard: number[] = [];
    const read = (tick: unknown) => {
      const { n } = tick as { n: number };
      if (n === 1) throw new Error('not so');
      return n === 2 ? undefined : tick;
    };
    const document = 'subscription { tick { n } }';
    const client = connect(url, { events: { tick: { document, read } }, onError: (error) => void errors.push((error as Error).message) });
    await client.onTick(({ n }) => void heard.push(n), { onError: () => expect.unreachable('it goes on') });
    await until(() => heard.length > 0);
    expect(heard).toEqual([3]);
    expect(errors).toEqual([expect.stringContaining("'read' cannot read a message")]);
  });

  it('gets a payload of one’s own, and the headers with its upgrade', async () => {
    const { url, inits } = await serveSocket((send) => send('next', { data: { tick: { n: 1 } } }));
    const client = connect(url, {
      headers: { authorization: 'Bearer a' },
      connectionParams: async () => ({ authToken: 't', nested: { a: 1 } }),
    });
    const heard: number[] = [];
    await client.onTick(({ n }) => void heard.push(n));
    await until(() => heard.length > 0);
    expect(inits).toEqual([{ payload: { authToken: 't', nested: { a: 1 } }, authorization: 'Bearer a' }]);
  });
});
