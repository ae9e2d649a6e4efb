import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, createService, defineContract, event, query } from '../../src/index.ts';
import { mqttBroker } from '../../src/mqtt/broker.ts';
import { logging, use } from '../../src/compose/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'shop',
  operations: {
    getPrice: query({ output: z.object({ cents: z.int32() }), http: 'GET /price' }),
    getOldPrice: query({ output: z.object({ cents: z.int32() }), http: 'GET /old-price', deprecated: true }),
    crash: query({ http: 'GET /crash' }),
  },
  events: { priceChanged: event({ channel: 'prices', payload: z.object({ cents: z.int32() }) }) },
});

const shop = (onError?: (error: unknown) => void) =>
  createService(
    contract,
    {
      getPrice: () => ({ cents: 5 }),
      getOldPrice: () => ({ cents: 4 }),
      crash: () => {
        throw new Error('crashed');
      },
    },
    onError ? { onError } : {},
  );

/** A listener's own failure, at once and as the rejection of an async function, which types allow. */
const WAYS = {
  throws(): void {
    throw new Error('the listener failed');
  },
  rejects: (async () => {
    await Promise.resolve();
    throw new Error('the listener failed');
  }) as () => void,
};

describe.each(Object.entries(WAYS))("a program's listener that %s", (_, fails) => {
  const reported: unknown[] = [];
  const escaped: unknown[] = [];
  const escape = (error: unknown): void => void escaped.push(error);
  const isReported = (): Promise<unknown> => until(() => reported.some((error) => (error as Error).message === 'the listener failed'));

  beforeEach(() => {
    reported.length = escaped.length = 0;
    const print = vi.spyOn(console, 'error').mockImplementation((...what: unknown[]) => void reported.push(...what));
    process.on('unhandledRejection', escape);
    onTestFinished(() => print.mockRestore());
  });

  afterEach(() => {
    process.off('unhandledRejection', escape);
    expect(escaped).toEqual([]);
  });

  test("is reported as a service's onError", async () => {
    const client = createClient({ contract, transport: shop(fails) });
    await expect(client.crash()).rejects.toMatchObject({ code: 'INTERNAL' });
    await isReported();
  });

  test("is reported as a handler's onError", async () => {
    const broken = { ...shop(), contract, name: 'broken', call: () => Promise.reject(new TypeError('broken')) };
    const server = await listen(restHandler(broken, { onError: fails }), { port: 0 });
    onTestFinished(() => server.close(0));
    expect((await fetch(`${server.url}/price`)).status).toBe(500);
    await isReported();
  });

  test("is told to the client as a call's onResponse", async () => {
    const server = await listen(restHandler(shop()), { port: 0 });
    onTestFinished(() => server.close(0));
    const onError = (error: unknown): void => void reported.push(error);
    const client = createClient({ contract, transport: rest({ url: server.url }), onError });
    expect(await client.getPrice(undefined, { onResponse: fails })).toEqual({ cents: 5 });
    expect((await client.getPrice.withResponse(undefined, { onResponse: fails })).output).toEqual({ cents: 5 });
    await until(() => reported.length === 2);
    await isReported();
  });

  test("is told to the client as its onDeprecated and its subscription's onGap", async () => {
    const onError = (error: unknown): void => void reported.push(error);
    const service = shop();
    const client = createClient({ contract, transport: service, onError, onDeprecated: fails });
    expect(await client.getOldPrice()).toEqual({ cents: 4 });
    await until(() => reported.length === 1);
    const leave = await client.onPriceChanged(() => {}, { lastEventId: 'unknown-1', onGap: fails });
    await service.publish('priceChanged', { cents: 1 });
    await until(() => reported.length === 2);
    await isReported();
    await leave();
  });

  test('is reported as the onError of a listener', async () => {
    const service = shop();
    const client = createClient({ contract, transport: service });
    const broken = () => {
      throw new Error('broken');
    };
    const leave = await client.onPriceChanged(broken, { onError: fails });
    await service.publish('priceChanged', { cents: 1 });
    await isReported();
    await leave();
  });

  test('is reported as the onState of a connection', async () => {
    const handler = webSocketHandler(shop());
    const server = createServer().listen(0, '127.0.0.1');
    await until(() => server.listening);
    handler.attach(server);
    onTestFinished(async () => {
      await handler.close(0);
      server.close();
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = createClient({ contract, transport: webSocket({ url, onState: fails }) });
    expect(await client.getPrice()).toEqual({ cents: 5 });
    await client.close();
    await isReported();
  });

  test('is reported as the onWire of an adapter, and as a logger', async () => {
    const server = await listen(restHandler(shop()), { port: 0 });
    onTestFinished(() => server.close(0));
    const client = createClient({ contract, transport: rest({ url: server.url, onWire: fails }) });
    expect(await client.getPrice()).toEqual({ cents: 5 });
    await isReported();
    reported.length = 0;
    const logger = { info: fails, warn: fails, error: fails };
    const logged = createClient({ contract, transport: use(shop(), logging({ logger })) });
    expect(await logged.getPrice()).toEqual({ cents: 5 });
    await isReported();
  });

  test("is reported as a broker's onError", async () => {
    const broker = await mqttBroker({ port: 0, onError: fails });
    onTestFinished(() => broker.close());
    const socket = connect(broker.port, '127.0.0.1');
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    // Not a packet of MQTT.
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await isReported();
  });
});

describe('an error that cannot be read', () => {
  test('settles a call', async () => {
    const unreadable = new Proxy({}, { get: () => { throw new Error('no'); } }); // prettier-ignore
    const forever = { ...shop(), contract, name: 'forever', call: () => new Promise(() => {}) };
    const client = createClient({ contract, transport: forever });
    const controller = new AbortController();
    const call = client.getPrice(undefined, { signal: controller.signal });
    controller.abort(unreadable);
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    const failing = { ...forever, call: () => Promise.reject(unreadable) }; // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors -- a program may reject with anything
    await expect(createClient({ contract, transport: failing }).getPrice()).rejects.toBeInstanceOf(ApiError);
  });
});
