import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBlogService } from '../../src/blog/service.ts';
import { createClient } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttBroker, serveMqtt } from '../../src/mqtt/server.ts';
import { noMosquitto, startMosquitto } from '../support/mqtt.ts';

const why = noMosquitto === undefined ? '' : ` (skipped: ${noMosquitto})`;

const PROGRAM = fileURLToPath(new URL('../programs/mqtt-process.ts', import.meta.url));

const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A process of the service, and which requests it got. */
async function serveBlog(url: string, version: 4 | 5) {
  const errors: unknown[] = [];
  const requests: string[] = [];
  const service = createBlogService();
  const served = await serveMqtt(service, {
    url,
    version,
    onError: (error) => errors.push(error),
    onWire: ({ direction, start }) => void (direction === 'in' && start === 'blog/v1/getUser' && requests.push(start)),
  });
  const close = () => served.close();
  cleanups.push(() => service.close(), close);
  return { errors, requests, close };
}

/** A client, and how many replies it got. */
function blogAt(url: string, version: 4 | 5) {
  const replies: string[] = [];
  const blog = createClient({
    transport: mqtt({ url, version, onWire: ({ direction, start }) => void (direction === 'in' && replies.push(start)) }),
  });
  cleanups.push(() => blog.close());
  return { blog, replies };
}

const LAST = 6;

/** Runs calls, the last of them one after the other: what came before these has been answered as often as it ever will be. */
async function load(blog: ReturnType<typeof blogAt>['blog'], count: number): Promise<void> {
  await Promise.all(Array.from({ length: count - LAST }, () => blog.getUser({ id: 123 })));
  for (let last = 0; last < LAST; last++) await blog.getUser({ id: 123 });
}

describe('several processes over MQTT 3.1.1', () => {
  test.skipIf(noMosquitto !== undefined)(`share the requests where the broker can, also with one of MQTT 5${why}`, async () => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    cleanups.push(() => broker.close());
    const processes = [await serveBlog(broker.url, 4), await serveBlog(broker.url, 4), await serveBlog(broker.url, 5)];
    const { blog, replies } = blogAt(broker.url, 4);
    await load(blog, 90);
    expect(replies).toHaveLength(90);
    for (const { requests } of processes) expect(requests.length).toBeGreaterThan(10);
    // One that leaves takes no more, and none is lost.
    await processes[0]?.close();
    await load(blog, 30);
    expect(replies).toHaveLength(120);
    expect(processes.flatMap(({ errors }) => errors)).toEqual([]);
  });

  test('all run every request where it cannot, and the first is told', async () => {
    const broker = await mqttBroker({ port: 0 });
    cleanups.push(() => broker.close());
    const first = await serveBlog(broker.url, 4);
    const { blog, replies } = blogAt(broker.url, 4);
    await load(blog, 10);
    expect(replies).toHaveLength(10);
    expect(first.errors).toEqual([]);
    await serveBlog(broker.url, 4);
    await load(blog, 10);
    // Whichever of the two was slower has answered the last call too.
    await vi.waitFor(() => expect(replies).toHaveLength(30));
    expect(String(first.errors)).toContain('another process serves this contract at the same broker, which does not share subscriptions');
    expect(first.errors).toHaveLength(1);
  });
});

describe.skipIf(noMosquitto !== undefined)(`a process that is killed${why}`, () => {
  async function startProcess(url: string) {
    const child = spawn(execPath, ['--import', 'tsx', PROGRAM, url, 'hub'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'exit');
    const kill = async () => void (child.kill('SIGKILL'), await gone);
    cleanups.push(kill);
    await once(child.stdout, 'data');
    return kill;
  }

  test.each([
    ['3.1.1', 4],
    ['5', 5],
  ] as const)('and started again under load: nothing acknowledged is lost, every call settles; MQTT %s', async (_, version) => {
    const broker = await startMosquitto(['set_tcp_nodelay true']);
    cleanups.push(() => broker.close());
    const { blog } = blogAt(broker.url, version);
    const heard = new Set<number>();
    let gaps = 0;
    await blog.onTemperature(({ celsius }) => void heard.add(celsius), { onGap: () => gaps++ });
    const acknowledged: number[] = [];
    const codes = new Set<string>();
    let next = 0;
    let stop = false;
    let kill = await startProcess(broker.url);
    const callers = Array.from({ length: 8 }, async () => {
      while (!stop) {
        const celsius = next++;
        await blog.reportTemperature({ sensorId: 'roof', celsius }, { timeoutMs: 2000 }).then(
          () => acknowledged.push(celsius),
          ({ code }: { code: string }) => codes.add(code),
        );
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    const progress = async () => {
      for (const enough = acknowledged.length + 50; acknowledged.length < enough;) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    for (let round = 0; round < 2; round++) {
      await progress();
      await kill();
      kill = await startProcess(broker.url);
    }
    await progress();
    stop = true;
    await Promise.all(callers);
    while (!acknowledged.every((celsius) => heard.has(celsius))) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const code of codes) expect(['UNAVAILABLE', 'DEADLINE_EXCEEDED']).toContain(code);
    expect(codes.size).toBeGreaterThan(0);
    expect(gaps).toBe(0);
  });
});
