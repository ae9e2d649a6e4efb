import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt, type MqttOptions } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { makeCertificate, noOpenssl, type Certificate } from '../support/certificates.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';

const READING = { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' };

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const why = (reason: string | undefined) => (reason === undefined ? '' : `: skipped, ${reason}`);

function blogAt(url: string, options: Partial<MqttOptions> = {}) {
  const blog = createClient({ transport: mqtt({ url, ...options }) });
  cleanups.push(() => blog.close());
  return blog;
}

describe.skipIf(noOpenssl !== undefined)(`MQTT over TLS${why(noOpenssl)}`, () => {
  let mine: Certificate;
  beforeAll(() => void (mine = makeCertificate()));
  afterAll(() => mine.remove());

  async function embedded(): Promise<string> {
    const broker = await mqttBroker({ port: 0, open: true, tls: mine });
    cleanups.push(() => broker.close());
    expect(broker.url).toMatch(/^mqtts:/);
    return broker.url;
  }

  async function mosquitto(...lines: string[]): Promise<string> {
    const broker = await startMosquitto([`certfile ${mine.certFile}`, `keyfile ${mine.keyFile}`, ...lines]);
    cleanups.push(() => broker.close());
    return broker.url.replace('mqtt:', 'mqtts:');
  }

  /** A service and a client, with everything between them encrypted. */
  async function exchange(url: string, tls: NonNullable<MqttOptions['tls']>): Promise<void> {
    const hub = mqttHub({ url, tls });
    const service = createBlogService({ hub });
    const served = await serveMqtt(service, { url, tls });
    cleanups.push(
      () => hub.close(),
      () => service.close(),
      () => served.close(),
    );
    const blog = blogAt(url, { tls });
    const heard = new Promise((resolve) => void blog.onTemperature(resolve).then(() => service.publish('temperature', READING)));
    expect((await blog.getUser({ id: 123 })).username).toBe('john_doe');
    expect(await heard).toEqual(READING);
  }

  const brokers: [string, string | undefined, () => Promise<string>][] = [
    ['the embedded broker', undefined, embedded],
    ['Mosquitto', noMosquitto, () => mosquitto()],
  ];
  for (const [name, missing, open] of brokers) {
    describe.skipIf(missing !== undefined)(`${name}${why(missing)}`, () => {
      test('calls and events, with a certificate that is trusted', async () => {
        await exchange(await open(), { ca: mine.cert });
      });

      test('a certificate that is not trusted is told of, and nothing is sent', async () => {
        const url = await open();
        await expect(blogAt(url).getUser({ id: 123 })).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          sent: false,
          text: expect.stringMatching(/self-signed certificate/) as string,
        });
        const service = createBlogService();
        cleanups.push(() => service.close());
        await expect(serveMqtt(service, { url, onError: () => {} })).rejects.toThrow(/self-signed certificate/);
        const careless = blogAt(url, { tls: { rejectUnauthorized: false } });
        const leave = await careless.onTemperature(() => {});
        await leave();
      });

      test('a client without TLS gets an error and does not hang', async () => {
        const url = (await open()).replace('mqtts:', 'mqtt:');
        await expect(blogAt(url).getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
      });
    });
  }

  test.skipIf(noMosquitto !== undefined)(`a broker that wants to see the client's certificate${why(noMosquitto)}`, async () => {
    const url = await mosquitto(`cafile ${mine.certFile}`, 'require_certificate true');
    await exchange(url, { ca: mine.cert, cert: mine.cert, key: mine.key });
    await expect(blogAt(url, { tls: { ca: mine.cert } }).getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('WebSockets of an HTTPS port', async () => {
    const broker = await mqttBroker({ port: 0, open: true });
    const https = createHttpsServer({ cert: mine.cert, key: mine.key }).listen(0, '127.0.0.1');
    await once(https, 'listening');
    cleanups.push(
      () => void https.close(),
      () => broker.close(),
      broker.attach(https),
    );
    await exchange(`wss://127.0.0.1:${(https.address() as AddressInfo).port}/mqtt`, { ca: mine.cert });
  });

  test('the broker tells of handshakes that fail, and does not wait for one when it closes', async () => {
    const errors: unknown[] = [];
    const broker = await mqttBroker({ port: 0, open: true, tls: mine, onError: (error) => errors.push(error) });
    const [garbage, silent] = [connect(broker.port, '127.0.0.1'), connect(broker.port, '127.0.0.1')];
    const ends = [garbage, silent].map((socket) =>
      once(
        socket.on('error', () => {}),
        'close',
      ),
    );
    await once(silent, 'connect');
    garbage.write('this is no TLS');
    await ends[0];
    expect(errors).toHaveLength(1);
    await broker.close();
    await ends[1];
  });
});
