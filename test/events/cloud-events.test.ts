/** CloudEvents on webhooks, server-sent events and WebSocket: the SDK and a strict reader in Python are the judges, in both directions. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CloudEvent, HTTP, type Headers } from 'cloudevents';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import * as z from 'zod';
import { createClient, createService, defineContract, event, isApiError, mutation } from '../../src/core.ts';
import { cloudEventAttributes, cloudEventHeaders } from '../../src/webhook/body/cloud-event-headers.ts';
import { composeHandlers } from '../../src/http/serve/compose.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { makeWebhookSecret, signWebhook, webhook } from '../../src/webhook/client.ts';
import { webhookHandler, type WebhookHandlerOptions } from '../../src/webhook/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { because, missing, PYTHON, run } from '../support/system-peer.ts';
import { until } from '../support/until.ts';
import { startEndpoint, verified } from '../support/webhooks.ts';

const Sale = z.object({ store: z.string(), price: z.number() });
const contract = defineContract({
  name: 'shop',
  version: '1.2.0',
  operations: { sell: mutation({ input: Sale, output: Sale }) },
  events: { sold: event({ channel: 'stores/{store}/sold', type: 'item.sold', payload: Sale, writtenBy: 'sell' }) },
});
const SALE = { store: 'oslo', price: 12 };
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const OURS = { specversion: '1.0', source: '/shop/v1', type: 'item.sold', subject: 'oslo', traceparent: TRACE };
const extensions = () => ({ traceparent: TRACE });
const theirs = new CloudEvent({ id: 'their-1', source: '//till/7', type: 'com.till.sale', time: '2026-03-04T05:06:07.000Z', data: SALE });
const PEER = 'test/peers/cloudevents-peer.py';
const noPython = missing('python3', PYTHON, '-c', '1');
const noSockets = missing('python3-websockets', PYTHON, '-c', 'import websockets');

interface Heard {
  readonly id: string;
  readonly time: string;
  readonly data: unknown;
}

interface FromPython {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: unknown;
  readonly origin?: string;
  readonly error?: string;
}

/** A Python peer, with the lines that it prints. */
function startPython(...args: string[]) {
  const child = spawn(PYTHON, [PEER, ...args]);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    async line(at: number): Promise<string> {
      await until(
        () => lines.length > at,
        () => `the peer printed a line: ${stderr}`,
      );
      return lines[at] ?? '';
    },
    stop: () => child.kill(),
  };
}

const service = createService(contract, { sell: (sale) => sale });
let url = '';
let close = () => Promise.resolve();
let errors: unknown[] = [];
beforeEach(() => void (errors = []));
const onError = (error: unknown) => void errors.push(error);

beforeAll(async () => {
  const sockets = webSocketHandler(service, { cloudEvents: { mode: 'structured', extensions }, onError });
  const server = await listen(restHandler(service, { cloudEvents: { mode: 'structured', extensions } }));
  sockets.attach(server.server);
  url = server.url;
  close = async () => {
    await sockets.close(0);
    await server.close(0);
  };
});
afterAll(async () => {
  await close();
  await service.close();
});

/** Listens with a client to the first event. */
async function first(
  client: {
    onSold: (listener: (data: unknown, info: { readonly id: string; readonly time: string }) => void) => Promise<() => Promise<void>>;
  },
  cause: () => Promise<unknown>,
): Promise<Heard> {
  const heard: Heard[] = [];
  const stop = await client.onSold((data, { id, time }) => void heard.push({ id, time, data }));
  await cause();
  await until(() => heard.length > 0, 'the event came');
  await stop();
  return heard[0] as Heard;
}

describe('CloudEvents as server-sent events', () => {
  test('the SDK and our client read what we send', async () => {
    const abort = new AbortController();
    const response = await fetch(`${url}/stores/+/sold`, { headers: { accept: 'text/event-stream' }, signal: abort.signal });
    const client = createClient({ contract, transport: rest({ url, cloudEvents: 'structured', onError }) });
    const heard = await first(client, () => service.publish('sold', SALE));
    let text = '';
    for await (const chunk of response.body ?? []) if ((text += new TextDecoder().decode(chunk)).includes('specversion')) break;
    abort.abort();
    const [, data = ''] = /^data: (.*)$/m.exec(text) ?? [];
    const read = new CloudEvent<unknown>(JSON.parse(data) as object);
    expect(read.validate()).toBe(true);
    expect(read.toJSON()).toMatchObject({ ...OURS, id: heard.id, data: SALE, datacontenttype: 'application/json' });
    expect(heard.data).toEqual(SALE);
    expect(text).toContain(`id: ${heard.id}`);
    await client.close();
    expect(errors).toEqual([]);
  });

  test.skipIf(noPython)(`a strict reader in Python reads what we send${because(noPython)}`, async () => {
    const peer = startPython('stream', `${url}/stores/oslo/sold`);
    expect(await peer.line(0)).toBe('open');
    await service.publish('sold', SALE);
    expect(JSON.parse(await peer.line(1))).toMatchObject({ attributes: OURS, data: SALE });
  });

  test('our client reads the SDK, and a broken envelope is reported and told as a gap', async () => {
    const good = HTTP.structured(theirs).body as string;
    const server = await listen(() => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: (writer) => {
        writer.write(`event: item.sold\nid: 1\ndata: ${good.replace('"1.0"', '"9"')}\n\n`);
        writer.write(`event: item.sold\nid: 2\ndata: ${good}\n\n`);
      },
    }));
    const client = createClient({ contract, transport: rest({ url: server.url, cloudEvents: 'structured', onError }) });
    const heard: unknown[] = [];
    const stop = await client.onSold((data, { id, time }) => void heard.push({ id, time, data }), { onGap: () => void heard.push('gap') });
    await until(() => heard.length > 1, 'both were read');
    expect(heard).toEqual(['gap', { id: '2', time: '2026-03-04T05:06:07.000Z', data: SALE }]);
    expect(String(errors[0])).toContain('specversion');
    await stop();
    await client.close();
    await server.close(0);
  });
});

describe('CloudEvents over WebSocket', () => {
  const open = () => createClient({ contract, transport: webSocket({ url, protocol: 'channel', cloudEvents: 'structured', onError }) });

  test('our client writes and reads them, and the SDK reads what both send', async () => {
    const wire: string[] = [];
    const onWire = ({ body }: { readonly body?: string | undefined }) => void (body !== undefined && wire.push(body));
    const transport = webSocket({ url, protocol: 'channel', cloudEvents: { mode: 'structured', source: '/till' }, onWire, onError });
    const client = createClient({ contract, transport });
    const heard = await first(client, () => client.sell(SALE));
    const [sent, got] = wire.map((text) => new CloudEvent<unknown>(JSON.parse(text) as object));
    expect(sent?.toJSON()).toMatchObject({ source: '/till', type: 'item.sold', subject: 'oslo', data: SALE });
    expect(got?.toJSON()).toMatchObject({ ...OURS, ...heard });
    expect([sent?.validate(), got?.validate()]).toEqual([true, true]);
    await client.close();
  });

  test('the SDK writes what our server takes; a broken envelope is answered and ends nothing', async () => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/stores/oslo/sold`, ['cloudevents.json']);
    const frames: CloudEvent<unknown>[] = [];
    ws.on('message', (text: Buffer) => frames.push(new CloudEvent<unknown>(JSON.parse(text.toString()) as object)));
    await new Promise((resolve) => ws.once('open', resolve));
    expect(ws.protocol).toBe('cloudevents.json');
    ws.send(JSON.stringify(SALE));
    await until(() => frames.length > 0, 'it was answered');
    expect(frames[0]?.toJSON()).toMatchObject({ type: 'channel.error', data: { error: { code: 'INVALID_ARGUMENT' } } });
    ws.send(theirs.toString());
    await until(() => frames.length > 1, 'the event came back');
    expect(frames[1]?.toJSON()).toMatchObject({ ...OURS, data: SALE });
    expect(frames.every((each) => each.validate())).toBe(true);
    ws.terminate();
  });

  test('a server of somebody else is read, and what is no CloudEvent is reported', async () => {
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'cloudevents.json' });
    await new Promise((resolve) => server.once('listening', resolve));
    server.on('connection', (ws) => {
      ws.send(JSON.stringify(SALE));
      ws.send(theirs.toString());
    });
    const address = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
    const client = createClient({
      contract,
      transport: webSocket({ url: address, protocol: 'channel', cloudEvents: 'structured', onError }),
    });
    expect(await first(client, async () => {})).toEqual({ id: 'their-1', time: '2026-03-04T05:06:07.000Z', data: SALE });
    expect(String(errors[0])).toContain('specversion');
    await client.close();
    server.close();
  });

  test.skipIf(noSockets)(`a strict peer in Python writes and reads${because(noSockets)}`, async () => {
    const text = await run(PYTHON, PEER, 'socket', `${url.replace('http', 'ws')}/stores/oslo/sold`);
    expect(JSON.parse(text)).toMatchObject({ attributes: OURS, data: { store: 'oslo', price: 7 } });
  });

  test('plain clients stay plain, errors come in envelopes, and other subprotocols are refused', async () => {
    const plain = createClient({ contract, transport: webSocket({ url, protocol: 'channel' }) });
    expect(await plain.sell(SALE)).toEqual(SALE);
    await plain.close();
    const client = open();
    const refused = await client.sell({ store: 'oslo', price: 'much' as unknown as number }).catch((error: unknown) => error);
    expect(isApiError(refused) && refused.code).toBe('INVALID_ARGUMENT');
    await client.close();
    const ws = new WebSocket(`${url.replace('http', 'ws')}/stores/oslo/sold`, ['cloudevents.avro']);
    expect(String(await new Promise((resolve) => ws.once('error', resolve)))).toContain('400');
    const without = webSocketHandler(service);
    const server = await listen(() => undefined);
    without.attach(server.server);
    const stranger = createClient({ contract, transport: webSocket({ url: server.url, protocol: 'channel', cloudEvents: 'structured' }) });
    await expect(stranger.sell(SALE)).rejects.toThrow();
    await stranger.close();
    await without.close(0);
    await server.close(0);
  });
});

describe('CloudEvents as webhooks', () => {
  async function serve(options: WebhookHandlerOptions) {
    const handler = webhookHandler(service, { allowPrivate: true, caller: () => 'me', onError, ...options });
    const server = await listen(handler);
    const api = `${server.url}/webhooks/subscriptions`;
    return {
      api,
      async subscribe(target: string) {
        const body = JSON.stringify({ url: target, events: ['item.sold'] });
        const response = await fetch(api, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        return { status: response.status, ...((await response.json()) as { id: string; secret: string; detail?: string }) };
      },
      async close() {
        await handler.close();
        await server.close(0);
      },
    };
  }

  /** An endpoint that grants permission. */
  const startGranting = (allowed: Record<string, string>) =>
    startEndpoint((got) => (got.body === '' ? { status: 200, headers: allowed } : 204));

  test.each(['binary', 'structured'] as const)('the SDK reads what is signed and sent in %s mode', async (mode) => {
    const endpoint = await startGranting({ 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '*' });
    const served = await serve({ cloudEvents: { mode, extensions }, publicUrl: 'https://shop.example/api' });
    const { id, secret } = await served.subscribe(endpoint.url);
    expect(endpoint.got[0]?.headers['webhook-request-origin']).toBe('shop.example');
    await service.publish('sold', SALE);
    await endpoint.wait(2);
    const [, got] = endpoint.got;
    await verified(got, secret);
    const read = HTTP.toEvent<unknown>({ headers: got?.headers as Headers, body: got?.body ?? '' }) as CloudEvent<unknown>;
    expect(read.validate()).toBe(true);
    expect(read.toJSON()).toMatchObject({ ...OURS, id: got?.headers['webhook-id'], data: SALE });
    expect(got?.headers['webhook-request-origin']).toBe('shop.example');
    await fetch(`${served.api}/${id}/test`, { method: 'POST' });
    const notice = HTTP.toEvent({ headers: endpoint.got[2]?.headers as Headers, body: endpoint.got[2]?.body ?? '' }) as CloudEvent<unknown>;
    expect([notice.validate(), notice.type, notice.data]).toEqual([true, 'webhook.test', {}]);
    await served.close();
    await endpoint.close();
  });

  test.each(['binary', 'structured'] as const)('our receiver answers the handshake and reads %s mode', async (mode) => {
    const served = await serve({ cloudEvents: mode });
    const hooks = await listen((request) => receiver.handler(request));
    const receiver = webhook({ subscribe: { url: served.api, callbackUrl: hooks.url }, onError });
    const client = createClient({ contract, transport: receiver });
    expect(await first(client, () => service.publish('sold', SALE))).toMatchObject({ data: SALE });
    expect(errors).toEqual([]);
    await client.close();
    await served.close();
    await hooks.close(0);
  });

  test.each(['binary', 'structured'] as const)('our receiver reads the SDK in %s mode', async (mode) => {
    const secret = makeWebhookSecret();
    const receiver = webhook({ secret, events: { sold: { type: 'com.till.sale' } }, onError });
    const hooks = await listen(receiver.handler);
    const client = createClient({ contract, transport: receiver });
    const { headers, body } = HTTP[mode](theirs);
    const post = async (payload: string, more: object) => {
      const signed = await signWebhook({ payload, secret, id: 'their-1' });
      return fetch(hooks.url, { method: 'POST', headers: { ...(more as Record<string, string>), ...signed }, body: payload });
    };
    const heard = await first(client, async () => {
      const broken = mode === 'structured' ? String(body).replace('"1.0"', '"9"') : String(body);
      const refused = await post(broken, mode === 'binary' ? { ...headers, 'ce-specversion': '9' } : headers);
      expect(refused.status).toBe(400);
      expect(String(errors[0])).toContain('specversion');
      const batch = await post('[]', { 'content-type': 'application/cloudevents-batch+json' });
      expect([batch.status, String(errors[1])]).toEqual([415, expect.stringContaining('one by one')]);
      expect((await post(String(body), headers)).status).toBe(204);
    });
    expect(heard).toEqual({ id: 'their-1', time: '2026-03-04T05:06:07.000Z', data: SALE });
    await client.close();
    await hooks.close(0);
  });

  test('an endpoint that grants nothing is not subscribed, unless the handshake is off', async () => {
    const endpoint = await startGranting({ allow: 'GET, POST, OPTIONS' });
    const other = await startGranting({ 'WebHook-Allowed-Origin': 'somebody.example' });
    const served = await serve({ cloudEvents: 'binary', publicUrl: 'https://shop.example' });
    for (const target of [endpoint.url, other.url]) {
      const { status, detail } = await served.subscribe(target);
      expect([status, detail]).toEqual([400, expect.stringContaining("does not grant permission to 'shop.example'")]);
    }
    expect(endpoint.got).toHaveLength(1);
    const off = await serve({ cloudEvents: 'binary', handshake: false });
    expect((await off.subscribe(endpoint.url)).status).toBe(201);
    await Promise.all([served.close(), off.close(), endpoint.close(), other.close()]);
  });

  test('the rate that an endpoint allows is kept', async () => {
    const endpoint = await startGranting({ 'WebHook-Allowed-Origin': '127.0.0.1', 'WebHook-Allowed-Rate': '600' });
    const served = await serve({ handshake: true });
    await served.subscribe(endpoint.url);
    const begun = performance.now();
    await Promise.all([1, 2, 3, 4].map((price) => service.publish('sold', { ...SALE, price })));
    await endpoint.wait(5);
    // 100 ms between two of them, less what a timer may be early.
    expect(performance.now() - begun).toBeGreaterThan(290);
    expect(JSON.parse(endpoint.got[1]?.body ?? '')).toMatchObject({ event: 'item.sold' });
    await served.close();
    await endpoint.close();
  });

  test('a receiver grants what its options say', async () => {
    const ask = async (grant: Parameters<typeof webhook>[0]['grant'], origin: string) => {
      const hooks = await listen(webhook({ secret: makeWebhookSecret(), ...(grant && { grant }), onError }).handler);
      const { status, headers } = await fetch(hooks.url, { method: 'OPTIONS', headers: { 'webhook-request-origin': origin } });
      await hooks.close(0);
      return [status, headers.get('webhook-allowed-origin'), headers.get('webhook-allowed-rate')];
    };
    expect(await ask(undefined, 'shop.example')).toEqual([405, null, null]);
    expect(await ask({ origins: ['shop.example'], ratePerMinute: 120 }, 'Shop.example')).toEqual([200, 'Shop.example', '120']);
    expect(await ask({ origins: ['shop.example'] }, 'other.example')).toEqual([405, null, null]);
    expect(await ask({ origins: '*' }, 'other.example')).toEqual([200, 'other.example', '*']);
    expect(await ask({ origins: '*' }, 'a b<script>')).toEqual([405, null, null]);
    expect(() => webhook({ secret: 'whsec_AAAA', grant: { origins: [], ratePerMinute: 0 } })).toThrow('ratePerMinute');
  });

  test.skipIf(noPython)(`a strict peer in Python reads what we send${because(noPython)}`, async () => {
    const peer = startPython('receive');
    const target = `http://127.0.0.1:${await peer.line(0)}/`;
    for (const [at, mode] of (['binary', 'structured'] as const).entries()) {
      const served = await serve({ cloudEvents: { mode, extensions, subject: () => 'Tromsø "1" 100% 🎣' } });
      expect(await served.subscribe(target)).toMatchObject({ status: 201 });
      await service.publish('sold', SALE);
      const heard = JSON.parse(await peer.line(at + 1)) as FromPython;
      expect(heard).toMatchObject({ attributes: { ...OURS, subject: 'Tromsø "1" 100% 🎣' }, data: SALE, origin: '127.0.0.1' });
      await served.close();
    }
    peer.stop();
  });

  test.skipIf(noPython)(`our receiver reads what a strict peer in Python sends${because(noPython)}`, async () => {
    const secret = makeWebhookSecret();
    const receiver = webhook({ secret, onError });
    const hooks = await listen(composeHandlers(receiver.handler));
    const client = createClient({ contract, transport: receiver });
    for (const mode of ['binary', 'structured'])
      expect(await first(client, () => run(PYTHON, PEER, 'post', hooks.url, secret, mode))).toEqual({
        id: `py-${mode}`,
        time: '2026-03-04T04:06:07.000Z',
        data: SALE,
      });
    expect(errors).toEqual([]);
    await client.close();
    await hooks.close(0);
  });
});

describe('attributes in headers', () => {
  test('are escaped as the specification says, and read back', () => {
    expect(cloudEventHeaders({ subject: 'Euro € 😀' })).toEqual({ 'ce-subject': 'Euro%20%E2%82%AC%20%F0%9F%98%80' });
    const odd = { subject: 'a"b%20\\c\u007f', x: '~!' };
    expect(cloudEventAttributes(cloudEventHeaders(odd))).toEqual(odd);
    expect(cloudEventAttributes({ 'CE-Subject': '"a\\"b c"', 'ce-x': '%e2%82%ac 5%', other: 'x' })).toEqual({
      subject: 'a"b c',
      x: '€ 5%',
    });
    expect(() => cloudEventAttributes({ 'ce-x': '%C0%A0' })).toThrow("'ce-x' of a CloudEvent is not UTF-8");
  });
});
