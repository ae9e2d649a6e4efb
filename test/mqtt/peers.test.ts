import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';

const READING = { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' };
const SCRIPT = fileURLToPath(new URL('../support/mqtt_peer.py', import.meta.url));
const PYTHON = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['-c', 'import paho.mqtt.client']).status === 0);
const noPaho = PYTHON === undefined ? 'paho is not installed: apt-get install python3-paho-mqtt' : undefined;
const noTools =
  spawnSync('mosquitto_pub', ['--help']).error === undefined
    ? undefined
    : 'mosquitto_pub is not installed: apt-get install mosquitto-clients';

function why(reason: string | undefined): string {
  return reason === undefined ? '' : `: skipped, ${reason}`;
}

/** Runs a program; `ready` is called at its first line. Gives its output. */
function run(command: string, args: readonly string[], ready?: () => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (output === '') ready?.();
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('close', (code) => (code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}: ${errors}`))));
  });
}

interface TestBroker {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

function suite(open: () => Promise<TestBroker>, versions: readonly (4 | 5)[]): void {
  let broker: TestBroker;
  let close: () => Promise<void>;
  let service: ReturnType<typeof createBlogService>;
  let blog: ReturnType<typeof openBlog>;
  const openBlog = (url: string) => createClient({ transport: mqtt({ url }) });

  beforeAll(async () => {
    broker = await open();
    const hub = mqttHub({ url: broker.url });
    service = createBlogService({ hub });
    const served = await serveMqtt(service, { url: broker.url });
    blog = openBlog(broker.url);
    close = async () => {
      await blog.close();
      await served.close();
      await service.close();
      await hub.close();
      await broker.close();
    };
  });
  afterAll(() => close());

  const next = async (publish: () => Promise<unknown>) => {
    let hear: (value: unknown) => void = () => {};
    const heard = new Promise((resolve) => (hear = resolve));
    const leave = await blog.onTemperature(hear);
    await publish();
    const value = await heard;
    await leave();
    return value;
  };

  for (const version of versions) {
    const paho = (role: string, ready?: () => void) => run(PYTHON ?? '', [SCRIPT, String(broker.port), String(version), role], ready);
    describe.skipIf(noPaho !== undefined)(`paho, version ${version}${why(noPaho)}`, () => {
      test('as sensor', async () => {
        expect(await next(() => paho('sensor'))).toMatchObject({ sensorId: 'paho', celsius: 12.5 });
      });

      test('as listener', async () => {
        const [, line = ''] = (await paho('listener', () => void service.publish('temperature', READING))).split('\n');
        const user =
          version === 5 ? { type: 'sensor.temperature', id: expect.any(String) as string, time: expect.any(String) as string } : {};
        expect(JSON.parse(line)).toMatchObject({ topic: 'sensors/temperature', payload: READING, user });
      });

      test('as caller', async () => {
        const replies = (await paho('caller')).trim().split('\n').map((line) => JSON.parse(line) as { correlation: string }); // prettier-ignore
        const byId = Object.fromEntries(replies.map((reply) => [reply.correlation, reply]));
        expect(byId['a']).toMatchObject({ reply: { location: 'Oslo', conditions: 'Rain' } });
        expect(byId['b']).toMatchObject({ reply: { code: 'NOT_FOUND' } });
        if (version === 5) expect(byId['b']).toMatchObject({ user: { code: 'NOT_FOUND', 'x-request-id': 'paho-b' } });
      });
    });

    describe.skipIf(noTools !== undefined)(`mosquitto_pub and mosquitto_sub, version ${version}${why(noTools)}`, () => {
      const at = () => ['-h', '127.0.0.1', '-p', String(broker.port), '-V', version === 5 ? 'mqttv5' : 'mqttv311', '-q', '1'];

      test('as sensor', async () => {
        expect(await next(() => run('mosquitto_pub', [...at(), '-t', 'sensors/temperature', '-m', JSON.stringify(READING)]))).toEqual(
          READING,
        );
      });

      test('as listener', async () => {
        const listening = run('mosquitto_sub', [...at(), '-t', 'blog/v1/status', '-t', 'sensors/#', '-C', '2', '-W', '10'], () => void service.publish('temperature', READING)); // prettier-ignore
        // The retained status comes first, and tells that it listens.
        const [status, event = ''] = (await listening).split('\n');
        expect([status, JSON.parse(event)]).toEqual(['online', READING]);
      });

      test('as caller', async () => {
        const request = version === 5 ? '{"location":"Oslo"}' : '{"replyTo":"mine/replies","id":1,"input":{"location":"Oslo"}}';
        const topics = version === 5 ? ['-e', 'mine/replies', '-D', 'publish', 'correlation-data', 'x'] : ['-e', 'mine/replies'];
        if (version === 5) {
          const reply = await run('mosquitto_rr', [...at(), '-t', 'blog/v1/getWeather', ...topics, '-m', request, '-W', '10']);
          expect(JSON.parse(reply)).toMatchObject({ location: 'Oslo' });
          return;
        }
        const listening = run('mosquitto_sub', [...at(), '-t', 'blog/v1/status', '-t', 'mine/replies', '-C', '2', '-W', '10'], () => {
          void run('mosquitto_pub', [...at(), '-t', 'blog/v1/getWeather', '-m', request]);
        });
        const [, reply = ''] = (await listening).split('\n');
        expect(JSON.parse(reply)).toMatchObject({ id: 1, output: { location: 'Oslo' } });
      });
    });
  }
}

describe('the embedded broker', () => suite(() => mqttBroker({ port: 0, open: true }), [4]));
describe.skipIf(noMosquitto !== undefined)(`Mosquitto${why(noMosquitto)}`, () =>
  suite(() => startMosquitto(['set_tcp_nodelay true']), [4, 5]),
);
