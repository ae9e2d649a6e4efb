/** Event streams over HTTP, seen from both ends. */
import { expect, test, vi, describe } from 'vitest';
import { z } from 'zod';
import { conformanceContract, createConformanceService } from '../../src/conformance/index.ts';
import { composeHandlers } from '../../src/http/serve/compose.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { listen } from '../../src/http/node/listen.ts';
import { ApiError, createClient, createService, defineContract, event, mutation, query, type Transport } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

const { note } = conformanceContract.events;

describe('events over REST', () => {
  test('HEAD of a channel has the head of its stream, and subscribes nobody', async () => {
    const { service, probe } = createConformanceService();
    const handler = restHandler(service);
    const server = await listen(handler);
    const request = () => new Request(`${server.url}/${note.channel}`, { method: 'HEAD' });
    for (const answer of [fetch, fetchHandler(handler)]) {
      const response = await answer(request());
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    }
    expect(probe.subscribed).toEqual([]);
    await server.close(0);
    await service.close();
  });

  test.each([0, -1, NaN])('a heartbeat of %d ms, which would be one a millisecond, is refused', async (heartbeatMs) => {
    const { service } = createConformanceService();
    expect(() => restHandler(service, { heartbeatMs })).toThrow('heartbeatMs must be a whole number of milliseconds');
    await service.close();
  });

  test('a transport that closes ends its subscriptions, and says so', async () => {
    const { service, probe } = createConformanceService();
    const server = await listen(restHandler(service));
    const transport = rest({ url: server.url })(conformanceContract);
    const subscribe = (signal: AbortSignal, end: (error?: ApiError) => void) =>
      transport.subscribe({ event: note, params: {}, signal, headers: {} }, { next: () => {}, gap: () => {}, end });
    const ended = new Promise<ApiError | undefined>((resolve) => void subscribe(new AbortController().signal, resolve));
    const left = new AbortController();
    await subscribe(left.signal, () => expect.unreachable('who left is told nothing'));
    left.abort();
    await vi.waitFor(() => expect(probe.subscribed).toHaveLength(2));
    await transport.close();
    expect(await ended).toMatchObject({ code: 'CANCELLED', text: 'the transport was closed' });
    await vi.waitFor(() => expect(probe.subscriptions).toBe(0));
    await server.close(0);
    await service.close();
  });

  test.each(['gap', 'end'])("an event may have the type '%s', which is also a word of the stream", async (channel) => {
    const contract = defineContract({ name: 'game', events: { over: event({ channel, payload: z.object({ score: z.int32() }) }) } });
    const service = createService(contract, {});
    const server = await listen(restHandler(service));
    const client = createClient({ contract, transport: rest({ url: server.url }) });
    const heard: unknown[] = [];
    const onGap = () => heard.push('gap');
    await client.onOver((data) => void heard.push(data), { onGap, onError: (error) => heard.push(error) });
    await service.publish('over', { score: 1 });
    await service.publish('over', { score: 2 });
    await vi.waitFor(() => expect(heard).toEqual([{ score: 1 }, { score: 2 }]));
    await client.close();
    await server.close(0);
    await service.close();
  });

  test('the link to the next page names an input called fields once', async () => {
    const contract = defineContract({
      name: 'lists',
      operations: {
        list: query({
          input: z.object({ fields: z.string(), limit: z.int32().default(1), after: z.int32().optional() }),
          output: z.array(z.object({ id: z.int32() })),
          http: 'GET /list',
          pagedBy: 'id',
        }),
      },
    });
    const service = createService(contract, { list: () => [{ id: 1 }] });
    const server = await listen(restHandler(service));
    const { headers } = await fetch(`${server.url}/list?fields=a,b`);
    expect(headers.get('link')).toBe('</list?after=1&limit=1&fields=a%2Cb>; rel="next"');
    await server.close(0);
    await service.close();
  });

  test('the link to the next page is there where its key is not shown', async () => {
    const contract = defineContract({
      name: 'lists',
      operations: {
        list: query({
          input: z.object({ limit: z.int32().default(1), after: z.int32().optional() }),
          output: z.array(z.object({ id: z.int32(), name: z.string() })),
          http: 'GET /list',
          pagedBy: 'id',
        }),
      },
    });
    const service = createService(contract, { list: () => [{ id: 1, name: 'one' }] });
    const answer = await fetchHandler(restHandler(service))(new Request('http://x/list?fields=name'));
    expect(answer.headers.get('link')).toBe('</list?after=1&limit=1&fields=name>; rel="next"');
    expect(await answer.json()).toEqual([{ name: 'one' }]);
    await service.close();
  });

  test('what a header or a field of a stream cannot carry is left out', async () => {
    const contract = defineContract({
      name: 'odd',
      operations: { fail: query({ http: 'GET /fail' }) },
      events: { said: event({ channel: 'said', payload: z.object({ text: z.string() }) }) },
    });
    const failure = new ApiError('NOT_FOUND', 'nothing', { requestId: 'a\nb€', retryAfterMs: NaN });
    const transport: Transport = {
      contract,
      name: 'odd',
      call: () => Promise.reject(failure),
      subscribe: async (_, sink) => void sink.next({ id: 'a-1', time: 'now\nid: 7', data: { text: 'hello' } }),
      close: async () => {},
    };
    const reported: unknown[] = [];
    const server = await listen(restHandler(transport), { onError: (error) => reported.push(error) });
    const answer = await fetch(`${server.url}/fail`);
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([404, false]);
    // The server's own, where the error's is none.
    const requestId = answer.headers.get('x-request-id');
    expect(requestId).toMatch(/^[\x21-\x7e]+$/);
    expect(await answer.json()).toMatchObject({ code: 'NOT_FOUND', requestId });
    const client = createClient({ contract, transport: rest({ url: server.url }) });
    const heard = await new Promise((resolve, reject) => void client.onSaid(resolve, { onError: reject }).catch(reject));
    expect([heard, reported]).toEqual([{ text: 'hello' }, []]);
    await client.close();
    await server.close(0);
  });

  test('a POST to the root says where the new thing can be read, as its description does; and that knows the base path', async () => {
    const Thing = z.object({ id: z.int32() });
    const contract = defineContract({
      name: 'root',
      operations: {
        make: mutation({ input: Thing, output: Thing, http: 'POST /' }),
        read: query({ input: Thing, output: Thing, http: 'GET /{id}' }),
      },
    });
    const service = createService(contract, { make: (thing) => thing, read: (thing) => thing });
    const server = await listen(composeHandlers(restHandler(service, { basePath: '/api' }), restHandler(service)));
    const make = (path: string) =>
      fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"id":5}' });
    expect((await make('/')).headers.get('location')).toBe('/5');
    expect((await make('/api/')).headers.get('location')).toBe('/api/5');
    const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as unknown;
    expect(document).toMatchObject({
      servers: [{ url: '/api' }],
      paths: { '/': { post: { responses: { 201: { headers: { Location: {} } } } } } },
    });
    expect(await (await fetch(`${server.url}/openapi.json`)).json()).not.toHaveProperty('servers');
    await server.close(0);
    await service.close();
  });
});
