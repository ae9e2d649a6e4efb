/** Answers of servers that speak our own formats, spoiled: events that our client of server-sent events reads, and what two more servers are asked. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, ERROR_CODES, event, file, isApiError, mutation } from '../../src/core.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import type { FetchLike } from '../../src/http/client/fetch-like.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { nodeListener } from '../../src/http/index.ts';
import { createServer } from 'node:http';
import { rest } from '../../src/rest/client.ts';
import { signWebhook, webhook } from '../../src/webhook/client.ts';
import { webhookHandler } from '../../src/webhook/server.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil, tellsNothingInternal } from '../support/fuzz.ts';
import { fuzzContract } from '../support/fuzz-service.ts';

const RUNS = runs(300);
const SAID = { room: 'r', n: 1, text: 't' };

describe('server-sent events of our own servers', () => {
  const plain = [
    `id: e-1\nevent: said\ndata: ${JSON.stringify(SAID)}\ntime: 2024-01-01T00:00:00Z\n\n: ping\n\nevent: gap\ndata:\n\n`,
    `event: end\ndata: {"error":{"code":"NOT_FOUND","message":"no","details":{"a":1}}}\n\n`,
    `retry: 5\nid: e-2\ndata: ${JSON.stringify({ ...SAID, n: 2 })}\n\n`,
  ];
  const cloud = [
    `id: e-1\nevent: said\ndata: ${JSON.stringify({ specversion: '1.0', id: 'a', source: '/a', type: 'said', data: SAID })}\n\n`,
    `id: e-2\nevent: said\ndata: ${JSON.stringify({ specversion: '1.0', id: 'a', source: '/a', type: 'said', data_base64: 'e30=' })}\n\n`,
  ];

  it.each([
    ['as they are', plain, undefined],
    ['as CloudEvents', cloud, 'structured'],
  ] as const)(
    '%s: each stream ends in time, with events of the contract and errors of ours',
    FUZZ_TIMEOUT,
    async (name, valid, cloudEvents) => {
      const counts: Record<string, number> = { heard: 0, gaps: 0, reported: 0 };
      let next: Buffer | undefined;
      const answer: FetchLike = async () => {
        const body = next;
        next = undefined;
        if (!body) return new Response(null, { status: 204 });
        return new Response(Uint8Array.from(body), { headers: { 'content-type': 'text/event-stream' } });
      };
      const tell = (error: unknown) => {
        expect(isApiError(error), String(error)).toBe(true);
        counts['reported'] = (counts['reported'] ?? 0) + 1;
      };
      const client = createClient({
        contract: fuzzContract,
        transport: rest({ url: 'http://a.test', fetch: answer, onError: tell, ...(cloudEvents && { cloudEvents }) }),
        reconnect: { baseDelayMs: 0, maxDelayMs: 0 },
        onError: tell,
      });
      await each(RUNS, 1, async (n) => {
        next = spoil(new Dice(n), valid);
        const shown = () => JSON.stringify(String(next));
        const loop = async () => {
          try {
            for await (const said of client.onSaid({
              params: { room: 'r' },
              onGap: () => void (counts['gaps'] = (counts['gaps'] ?? 0) + 1),
            })) {
              fuzzContract.events.said.payload.parse(said);
              counts['heard'] = (counts['heard'] ?? 0) + 1;
            }
          } catch (error) {
            if (!isApiError(error)) throw error;
            expect(ERROR_CODES).toContain(error.code);
            counts[error.code] = (counts[error.code] ?? 0) + 1;
          }
        };
        await inTime(loop(), shown);
      });
      await client.close();
      figures(`our server-sent events ${name}`, counts);
    },
  );
});

const files = defineContract({
  name: 'files',
  operations: {
    upload: mutation({
      input: z.object({ note: z.string().optional(), photo: file() }),
      output: z.object({ size: z.int32() }).meta({ id: 'Size' }),
    }),
  },
  events: { made: event({ channel: 'made', type: 'thing.made', payload: z.object({ id: z.int32() }) }) },
});

describe('servers', () => {
  it('GraphQL by the multipart request specification answers each request', FUZZ_TIMEOUT, async () => {
    const reported: unknown[] = [];
    const onError = (error: unknown) => void reported.push(error);
    const service = createService(files, { upload: async ({ photo }) => ({ size: (await photo.bytes()).byteLength }) }, { onError });
    const handle = fetchHandler(graphqlHandler(service, { uploads: true, onError }));
    const query = 'mutation ($photo: Upload!, $note: String) { upload(input: { photo: $photo, note: $note }) { size } }';
    const part = (name: string, more: string, content: string) =>
      `--x\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${content}\r\n`;
    const operations = part('operations', '', JSON.stringify({ query, variables: { photo: null, note: 'n' } }));
    const map = part('map', '', '{"0":["variables.photo"]}');
    const content = part('0', '; filename="a.txt"\r\ncontent-type: text/plain', 'content of a file');
    const valid = [`${operations}${map}${content}--x--\r\n`, `${operations}${map}${content}${content}--x--\r\n`];
    const counts: Record<string, number> = {};
    await each(RUNS, 1, async (n) => {
      const dice = new Dice(n);
      const body = dice.chance(0.98) ? spoil(dice, valid) : Buffer.from(valid[0] ?? '');
      const type = dice.chance(0.95) ? 'multipart/form-data; boundary=x' : dice.pick(['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary="x', 'multipart/mixed; boundary=x']); // prettier-ignore
      const shown = () => `${type} ${body.toString('latin1').slice(0, 1500)}`;
      const request = new Request('http://a.test/graphql', { method: 'POST', headers: { 'content-type': type, 'apollo-require-preflight': 'true' }, body: Uint8Array.from(body) }); // prettier-ignore
      const response = await inTime(handle(request), shown);
      const text = await inTime(response.text(), shown);
      try {
        tellsNothingInternal(text);
        expect(response.status).toBeLessThan(500);
        expect(text).not.toMatch(/internal error|"code":"INTERNAL"/);
        expect(reported).toEqual([]);
      } catch (error) {
        throw new Error(`${(error as Error).message} for ${response.status} ${text} to ${shown()}`, { cause: error });
      }
      const outcome = text.includes('"size"') ? 'done' : String(response.status);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    });
    await service.close();
    figures('GraphQL, files', counts);
  });

  it('the subscription API of webhooks answers each request', FUZZ_TIMEOUT, async () => {
    const reported: unknown[] = [];
    const onError = (error: unknown) => void reported.push(error);
    const service = createService(files, { upload: () => ({ size: 1 }) }, { onError });
    const handler = webhookHandler(service, { allowPrivate: true, onError, maxSubscriptions: 20, resolve: async () => [{ address: '127.0.0.1', family: 4 }] }); // prettier-ignore
    const handle = fetchHandler(handler);
    const url = 'http://a.test/webhooks/subscriptions';
    const json = { 'content-type': 'application/json' };
    const make = () => handle(new Request(url, { method: 'POST', headers: json, body: '{"url":"http://127.0.0.1:1/","events":["thing.made"]}' })); // prettier-ignore
    const { id } = (await (await make()).json()) as { id: string };
    const valid = ['{"url":"http://127.0.0.1:1/hook?a=1","events":["thing.made"],"format":"json"}', '{"url":"https://a.test","events":["thing.made"],"format":"xml"}', '{"events":["thing.made"]}']; // prettier-ignore
    const paths = ['', '', '', `/${id}`, `/${id}/deliveries`, `/${id}/rotate`, `/${id}/replay`, '/x', '/%00', '/__proto__', '/..%2f'];
    const counts: Record<string, number> = {};
    await each(RUNS, 1, async (n) => {
      const dice = new Dice(n);
      const method = dice.pick(['POST', 'POST', 'POST', 'GET', 'PATCH', 'PUT', 'OPTIONS', 'DELETE']);
      const path = method === 'DELETE' ? '/x' : dice.pick(paths);
      const body = spoil(dice, valid);
      const type = dice.chance(0.95) ? 'application/json' : dice.pick(['text/plain', 'application/json; charset=utf-16', 'x']);
      const shown = () => `${method} ${path} ${type} ${body.toString('latin1').slice(0, 1500)}`;
      const hasBody = method !== 'GET';
      const response = await inTime(handle(new Request(url + path, { method, headers: { 'content-type': type, 'idempotency-key': String(n) }, ...(hasBody && { body: Uint8Array.from(body) }) })), shown); // prettier-ignore
      const text = await response.text();
      try {
        tellsNothingInternal(text);
        expect(response.status).toBeLessThan(500);
        expect(reported).toEqual([]);
      } catch (error) {
        throw new Error(`${(error as Error).message} for ${response.status} ${text} to ${shown()}`, { cause: error });
      }
      if (response.status === 201) {
        const made = (JSON.parse(text) as { id: string }).id;
        expect((await handle(new Request(`${url}/${made}`, { method: 'DELETE' }))).status).toBe(204);
      }
      counts[response.status] = (counts[response.status] ?? 0) + 1;
    });
    await handler.close();
    await service.close();
    figures('the subscription API', counts);
  });

  it('webhooks whose body a host has read are answered', FUZZ_TIMEOUT, async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const reported: unknown[] = [];
    const hooks = webhook({ secret, onError: (error) => void reported.push(error), onUnhandled: () => {} });
    const client = createClient({ contract: files, transport: hooks, onError: () => {} });
    await client.onMade(() => {});
    const listener = nodeListener(hooks.handler);
    const kept: { left: unknown } = { left: undefined };
    const server = createServer((request, response) => {
      // As Cloud Functions and parsers of bodies do it.
      request.resume().on('end', () => listener(Object.assign(request, kept.left), response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const counts: Record<string, number> = {};
    await each(RUNS, 1, async (n) => {
      const dice = new Dice(n);
      const payload = spoil(dice, ['{"type":"thing.made","timestamp":"2026-01-31T12:00:00Z","data":{"id":1}}']);
      const left = dice.pick(['rawBody', 'body', 'body', 'none']);
      const odd = dice.chance(0.2) ? dice.json() : undefined;
      kept.left = left === 'none' ? {} : { [left]: odd ?? (dice.chance(0.5) ? payload : payload.toString()) };
      const headers = { 'content-type': 'application/json', ...(await signWebhook({ payload, secret, id: `id-${n}` })) };
      const shown = () => `${left} ${JSON.stringify(odd)} ${payload.toString('latin1').slice(0, 1000)}`;
      const response = await inTime(fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: Uint8Array.from(payload) }), shown); // prettier-ignore
      tellsNothingInternal(await response.text());
      expect([204, 200, 400, 401, 409, 413, 415, 500], shown()).toContain(response.status);
      counts[response.status] = (counts[response.status] ?? 0) + 1;
    });
    server.closeAllConnections();
    server.close();
    await client.close();
    figures('webhooks whose body was read', counts);
  });
});
