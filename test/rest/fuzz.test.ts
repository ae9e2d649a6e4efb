/** Whatever comes to the server over the wire: no 5xx, no hang, no crash. */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { ApiError, createService, type Service } from '../../src/index.ts';
import { composeHandlers, listen, type HttpHandler, type HttpRequest, type HttpServer } from '../../src/http/index.ts';
import { restHandler } from '../../src/rest/server.ts';
import { everyKind } from '../support/every-kind.ts';
import { bytesOf, checkResponse, exchange, LIMITS, parseResponses, wireRequest } from '../support/http-fuzz.ts';

describe('the server', () => {
  const reported: unknown[] = [];
  // Told of each origin that is refused, which is as it should be.
  const onError = (error: unknown) => void (/was refused: list that origin/.test(String(error)) || reported.push(error));
  let services: Service[];
  let handler: HttpHandler;
  let server: HttpServer;

  beforeAll(async () => {
    const kinds = createService(
      everyKind,
      {
        createThing: (input) => input,
        getThing: ({ id }) => {
          throw new ApiError('NOT_FOUND', `no thing has the id ${id}`);
        },
        listThings: () => [],
        updateThing: () => ({ done: true }),
        deleteThing: () => {},
        countThings: () => 0,
        reset: () => {},
        write: (input) => input,
      },
      { onError },
    );
    services = [createBlogService({ onError }), kinds];
    handler = composeHandlers(...services.map((service) => restHandler(service, { onError })));
    server = await listen(handler, { onError, bodyTimeoutMs: 2_000 });
  });

  afterEach(async () => {
    expect(reported).toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await fetch(`${server.url}/users/123`)).status).toBe(200);
  });

  afterAll(async () => {
    await server.close(100);
    for (const service of services) await service.close();
  });

  test('answers whole requests, one after the other or pipelined', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wireRequest, { minLength: 1, maxLength: 4 }), async (requests) => {
        const bytes = Buffer.concat(requests.map((request, at) => bytesOf(request, at === requests.length - 1)));
        const answers = parseResponses(
          await exchange(server.port, bytes, false),
          requests.map(({ method }) => method),
        );
        expect(answers.length).toBeGreaterThan(0);
        expect(answers.length).toBeLessThanOrEqual(requests.length);
        answers.forEach(checkResponse);
      }),
      { ...LIMITS, numRuns: 1_500 },
    );
  });

  test('survives requests that are cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(wireRequest, fc.double({ min: 0, max: 1, noNaN: true }), async (request, share) => {
        const bytes = bytesOf(request, true);
        const answers = parseResponses(await exchange(server.port, bytes.subarray(0, Math.floor(bytes.length * share)), true), [
          request.method,
        ]);
        answers.forEach(checkResponse);
      }),
      { ...LIMITS, numRuns: 600 },
    );
  });

  test('survives bytes that are no HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const answers = parseResponses(await exchange(server.port, Buffer.from(bytes), true), ['GET']);
        answers.forEach(checkResponse);
      }),
      { ...LIMITS, numRuns: 300 },
    );
  });

  test('its handler answers any request, however it is mounted', async () => {
    await fc.assert(
      fc.asyncProperty(wireRequest, async ({ method, target, headers, body }) => {
        const mark = target.indexOf('?');
        const left: (() => void)[] = [];
        const request: HttpRequest = {
          method,
          path: mark === -1 ? target : target.slice(0, mark),
          query: mark === -1 ? '' : target.slice(mark + 1),
          origin: 'http://localhost',
          headers: { 'content-type': 'application/json', ...Object.fromEntries(headers) },
          address: undefined,
          onAbort: (listener) => void left.push(listener),
          text: () => Promise.resolve(body.toString('utf8')),
          bytes: () => Promise.resolve(body),
          stream: async function* () {
            yield await Promise.resolve(body);
          },
        };
        const response = await handler(request);
        for (const leave of left) leave();
        if (!response) return;
        expect(typeof response.body === 'function' ? response.status : 200).toBe(200);
        const text = typeof response.body === 'string' ? response.body : '';
        checkResponse({ status: response.status, headers: new Map(Object.entries(response.headers)), body: text });
      }),
      { ...LIMITS, numRuns: 3_000 },
    );
  });
});
