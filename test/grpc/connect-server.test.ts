import { describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { encodeEnvelope, EnvelopeReader } from '../../src/grpc/connect/envelope.ts';
import { connectHandler, type ConnectHandlerOptions } from '../../src/grpc/connect/server.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { createClient, createService, defineContract, mutation, query } from '../../src/index.ts';

const ORIGIN = 'http://connect.example';

function handlerOf(options: ConnectHandlerOptions = {}) {
  const service = createBlogService();
  onTestFinished(() => service.close());
  return fetchHandler(connectHandler(service, options), { cors: true });
}

const post = (path: string, type: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  new Request(`${ORIGIN}${path}`, { method: 'POST', headers: { 'content-type': type, ...headers }, body });
const GET_USER = '/blog.v1.UserService/GetUser';
const CHAT = '/blog.v1.ChatService/OnMessage';

describe('requests by hand', () => {
  it('a query answers GET, in JSON and in base64, and nothing else does', async () => {
    const handle = handlerOf();
    const john = { id: '123', name: 'john_doe' };
    const get = (path: string, query: string) => handle(new Request(`${ORIGIN}${path}?${query}`));
    expect(await (await get(GET_USER, 'connect=v1&encoding=json&message=%7B%22id%22:%22123%22%7D')).json()).toMatchObject(john);
    expect(await (await get(GET_USER, 'encoding=json&base64=1&message=eyJpZCI6IjEyMyJ9')).json()).toMatchObject(john);
    const binary = await get(GET_USER, 'encoding=proto&message=%0A%03123');
    expect([binary.status, binary.headers.get('content-type')]).toEqual([200, 'application/proto']);
    for (const [query, why] of [
      ['encoding=json', "the parameter 'message' is missing"],
      ['encoding=json&message=%7', "the parameter 'message' is not percent-encoded"],
      ['encoding=json&base64=1&message=***', "the parameter 'message' is not base64, as 'base64=1' says"],
      ['connect=v2&encoding=json&message={}', "the parameter 'connect' must be v1"],
    ] as const) {
      const refused = await get(GET_USER, query);
      expect([refused.status, await refused.json()]).toMatchObject([400, { code: 'invalid_argument', message: why }]);
    }
    const refused = await get('/blog.v1.PostService/DeletePost', 'encoding=json&message={}');
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  it('content types are told apart, and another path is not answered', async () => {
    const handle = handlerOf();
    for (const [path, type] of [
      [GET_USER, 'text/plain'],
      [GET_USER, 'application/connect+json'],
      [CHAT, 'application/json'],
    ] as const) {
      const refused = await handle(post(path, type, '{}'));
      expect([refused.status, refused.headers.get('accept-post') !== null]).toEqual([415, true]);
    }
    expect((await handle(post(GET_USER, 'application/json; charset=utf-8', '{"id":"123"}'))).status).toBe(200);
    expect((await handle(post('/blog.v1.UserService/Nothing', 'application/json', '{}'))).status).toBe(404);
    const channel = await handle(post('/blog.v1.ChatService/Chat', 'application/connect+json', encodeEnvelope(0, new Uint8Array())));
    expect(new TextDecoder().decode(await channel.arrayBuffer())).toContain('"unimplemented"');
  });

  it('gRPC-Web in base64 is answered so', async () => {
    const message = encodeEnvelope(0, new TextEncoder().encode('\n\x03123'));
    const answer = await handlerOf()(post(GET_USER, 'application/grpc-web-text', btoa(String.fromCharCode(...message))));
    expect(answer.headers.get('content-type')).toBe('application/grpc-web-text+proto');
    const pieces = (await answer.text()).match(/[^=]+={0,2}/g) ?? [];
    const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece, 'base64')));
    const envelopes = new EnvelopeReader(Infinity).push(bytes);
    expect(envelopes.map(({ flags }) => flags)).toEqual([0, 0x80]);
    expect(Buffer.from(envelopes[1]?.data ?? []).toString()).toBe('grpc-status: 0\r\n');
  });

  it('messages over the limit are refused as they come and as they are inflated; broken envelopes too', async () => {
    const handle = handlerOf({ maxMessageBytes: 100 });
    const large = JSON.stringify({ id: 'x'.repeat(200) });
    const gzip = async (text: string) =>
      new Uint8Array(await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer());
    const invalid = { code: 'invalid_argument' };
    expect(await (await handle(post(GET_USER, 'application/json', large))).json()).toMatchObject(invalid);
    const small = await gzip(large);
    expect(small.length).toBeLessThan(100);
    expect(await (await handle(post(GET_USER, 'application/json', small, { 'content-encoding': 'gzip' }))).json()).toMatchObject(invalid);
    const lastOf = async (body: Uint8Array<ArrayBuffer>) => {
      const answer = await handle(post(CHAT, 'application/connect+json', body));
      expect(answer.status).toBe(200);
      const [end] = new EnvelopeReader(Infinity).push(new Uint8Array(await answer.arrayBuffer()));
      return JSON.parse(Buffer.from(end?.data ?? []).toString()) as { error: { code: string; message: string } };
    };
    const huge = encodeEnvelope(0, new Uint8Array(101));
    for (const body of [
      huge,
      huge.slice(0, 3),
      new Uint8Array(0),
      Uint8Array.from([...encodeEnvelope(0, new Uint8Array(1)), 0]),
      encodeEnvelope(1, small),
    ])
      expect((await lastOf(body)).error.code).toBe('invalid_argument');
  });

  it('a page of another origin may call where cors lets it', async () => {
    const handle = handlerOf();
    const asked = new Request(`${ORIGIN}${GET_USER}`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'connect-protocol-version,connect-timeout-ms,content-type',
      },
    });
    const leave = await handle(asked);
    expect(leave.headers.get('access-control-allow-headers')).toBe('connect-protocol-version,connect-timeout-ms,content-type');
    const answer = await handle(post(GET_USER, 'application/json', '{"id":"123"}', { origin: 'https://app.example' }));
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('the client', () => {
  it('sends queries with GET, long ones and mutations with POST', async () => {
    const contract = defineContract({
      name: 'echo',
      operations: {
        ask: query({ input: z.object({ text: z.string() }), output: z.string() }),
        tell: mutation({ input: z.object({ text: z.string() }) }),
      },
    });
    const service = createService(contract, { ask: ({ text }) => text, tell: () => {} });
    onTestFinished(() => service.close());
    const handle = fetchHandler(connectHandler(service));
    const methods: string[] = [];
    for (const format of ['json', 'binary'] as const) {
      const transport = connect({
        url: ORIGIN,
        useGet: true,
        format,
        fetch: (url, init) => {
          methods.push(init?.method ?? '');
          return handle(new Request(url, init));
        },
      });
      const client = createClient({ contract, transport });
      onTestFinished(() => client.close());
      expect(await client.ask({ text: 'ä & ?' })).toBe('ä & ?');
      expect(await client.ask({ text: 'x'.repeat(5000) })).toHaveLength(5000);
      expect(await client.tell({ text: 'a' })).toBeUndefined();
    }
    expect(methods).toEqual(['GET', 'POST', 'POST', 'GET', 'POST', 'POST']);
  });

  it('says what is wrong with options and answers', async () => {
    expect(() => connect({ url: ORIGIN, protocol: 'soap' as never })).toThrow(
      `connect: protocol must be 'connect' or 'grpc-web', not "soap"`,
    );
    expect(() => connect({ url: 'nowhere' })).toThrow("connect: 'nowhere' is not a URL");
    const answering = (status: number, type: string, body: string) =>
      createClient({
        transport: connect({ url: ORIGIN, fetch: async () => new Response(body, { status, headers: { 'content-type': type } }) }),
      });
    await expect(answering(200, 'text/html', '<p>').getPost({ id: 1 })).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await expect(answering(404, 'text/html', '<p>').getPost({ id: 1 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    await expect(answering(503, 'text/html', '<p>').getPost({ id: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(answering(200, 'application/json', '{"id":"x"}').getPost({ id: 1 })).rejects.toMatchObject({ code: 'DATA_LOSS' });
  });
});
