import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { fetchHandler } from '../../../src/http/fetch/handler.ts';
import { nodeListener } from '../../../src/http/node/listener.ts';
import { contractOf, github, later, receive } from './support.ts';

const contract = contractOf({ push: 'push' });
const options = { secret: 'github secret', scheme: 'github' } as const;
const body = '{"ref": "refs/heads/main",  "zen": "Ünïcode" }';

/** Where a server listens. */
async function start(listener: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

const send = (url: string, type = 'push') =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...github(body, type) } });

describe('hosts that have read the body', () => {
  it('Express, whose parser keeps the bytes', async () => {
    const { hooks, heard } = await receive(contract, options);
    const app = express();
    app.use(
      express.json({
        verify: (req, _res, bytes) => {
          (req as { rawBody?: unknown }).rawBody = bytes;
        },
      }),
    );
    app.post('/hook', nodeListener(hooks.handler));
    expect((await send(await start(app))).status).toBe(200);
    expect(heard).toMatchObject([{ data: { zen: 'Ünïcode' } }]);
  });

  it.each([
    ['bytes', express.raw({ type: '*/*' })],
    ['text', express.text({ type: '*/*' })],
  ])('Express, which parses nothing and gives %s', async (_, parser) => {
    const { hooks, heard } = await receive(contract, options);
    const app = express();
    app.use(parser);
    app.post('/hook', nodeListener(hooks.handler));
    expect((await send(await start(app))).status).toBe(200);
    expect(heard).toHaveLength(1);
  });

  it('Firebase and Cloud Functions, which give `rawBody` beside the parsed body', async () => {
    const { hooks, heard, errors } = await receive(contract, { ...options, maxBodyBytes: 1000 });
    const listener = nodeListener(hooks.handler);
    const url = await start((req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const rawBody = Buffer.concat(chunks);
        listener(Object.assign(req, { rawBody, body: JSON.parse(rawBody.toString()) as unknown }), res);
      });
    });
    expect((await send(url)).status).toBe(200);
    const large = JSON.stringify({ ref: 'x'.repeat(1000) });
    expect((await fetch(url, { method: 'POST', body: large, headers: github(large, 'push', 'd-2') })).status).toBe(413);
    expect([heard.length, errors]).toEqual([1, []]);
  });

  it('says what to do if the bytes are gone', async () => {
    const { hooks, heard, errors } = await receive(contract, options);
    const app = express();
    app.use(express.json());
    app.post('/hook', nodeListener(hooks.handler));
    const answer = await send(await start(app));
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toMatch(/express|mount|rawBody/);
    expect(heard).toEqual([]);
    expect(errors.map(String)).toEqual([
      expect.stringMatching(/before body parsers such as express\.json\(\), or keep the bytes: .*req\.rawBody = bytes/),
    ]);
    const used = new Request('http://receiver.example/', { method: 'POST', body, headers: github(body, 'push') });
    await used.text();
    expect((await fetchHandler(hooks.handler)(used)).status).toBe(500);
    expect(errors.map(String)[1]).toMatch(/whose body nobody has read/);
  });
});

describe('a Lambda-shaped host', () => {
  /** What API Gateway (payload 2.0) and function URLs give, as far as it is needed. */
  interface LambdaEvent {
    readonly rawPath: string;
    readonly rawQueryString: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly requestContext: { readonly domainName: string; readonly http: { readonly method: string } };
    readonly body?: string;
    readonly isBase64Encoded: boolean;
  }

  /** As docs/protocols/webhook.md shows it. */
  const lambda = (handle: ReturnType<typeof fetchHandler>) => async (event: LambdaEvent) => {
    const { rawPath, rawQueryString, headers, requestContext, isBase64Encoded } = event;
    const url = `https://${requestContext.domainName}${rawPath}${rawQueryString && `?${rawQueryString}`}`;
    const payload = event.body === undefined ? null : Buffer.from(event.body, isBase64Encoded ? 'base64' : 'utf8');
    const response = await handle(new Request(url, { method: requestContext.http.method, headers, body: payload }));
    return { statusCode: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  };

  const event = (more: Partial<LambdaEvent>, method = 'POST'): LambdaEvent => ({
    rawPath: '/hook',
    rawQueryString: '',
    headers: {},
    requestContext: { domainName: 'abc.lambda-url.eu-west-1.on.aws', http: { method } },
    isBase64Encoded: false,
    ...more,
  });

  it('takes bodies as text and as base64, and answers handshakes', async () => {
    const { hooks, heard } = await receive(contract, { ...options, handshake: { verifyToken: 'mine' } });
    const handle = lambda(fetchHandler(hooks.handler));
    expect(await handle(event({ body, headers: github(body, 'push', 'd-1') }))).toMatchObject({ statusCode: 200 });
    const encoded = Buffer.from(body).toString('base64');
    expect(await handle(event({ body: encoded, isBase64Encoded: true, headers: github(body, 'push', 'd-2') }))).toMatchObject({
      statusCode: 200,
    });
    expect(await handle(event({ body: encoded, headers: github(body, 'push', 'd-3') }))).toMatchObject({ statusCode: 401 });
    const rawQueryString = 'hub.mode=subscribe&hub.challenge=115&hub.verify_token=mine';
    expect(await handle(event({ rawQueryString }, 'GET'))).toMatchObject({ statusCode: 200, body: '115' });
    expect(heard.map(({ id }) => id)).toEqual(['d-1', 'd-2']);
  });
});
