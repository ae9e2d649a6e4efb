import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  rmdir,
  stat,
  writeFile,
  type FileHandle,
  utimes,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { fileWebhookStore, memoryWebhookStore, type StoredDelivery, type StoredSubscription } from '../../src/webhook/server.ts';
import { webhookStoreCases } from '../../src/testing/index.ts';
import { until } from '../support/until.ts';
import { startEndpoint, verified } from '../support/webhooks.ts';

let folder = '';
let files = 0;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'webhooks-'))));
afterAll(() => rm(folder, { recursive: true }));
const newPath = () => join(folder, `${++files}.jsonl`);

describe.each([
  ['memory', async () => memoryWebhookStore()],
  ['file', async () => fileWebhookStore(newPath())],
  ['file, made anew all the time', async () => fileWebhookStore(newPath(), { compactBytes: 1 })],
])('the store in %s', (_, make) => {
  it.each(webhookStoreCases.map((each) => [each.id, each.rule, each] as const))('%s: %s', async (_id, _rule, each) => each.run(make));
});

const subscription = { id: 's', events: ['t'], secrets: [], headers: {}, params: {} } as unknown as StoredSubscription;
const message = { id: 'e', type: 't', time: '2026-01-31T12:00:00.000Z', data: '"ü"' };
const delivery = (id: string, state: StoredDelivery['state'] = 'pending'): StoredDelivery => ({
  id,
  subscriptionId: 's',
  message,
  state,
  attempts: [],
  // Deliveries of one event to one subscription.
  outOfTurn: true,
});

describe('retention', () => {
  it.each(['memory', 'file'])('finished deliveries are bounded by their size, in %s: who has most loses its oldest', async (kind) => {
    const options = { keepBytes: 10_000 };
    const store = kind === 'memory' ? memoryWebhookStore(options) : fileWebhookStore(newPath(), options);
    await store.load();
    for (const id of ['few', 'many']) await store.saveSubscription({ ...subscription, id });
    const finish = async (subscriptionId: string, n: number, size: number) => {
      const data = JSON.stringify('x'.repeat(size));
      const one = { ...delivery(`${subscriptionId}-${n}`), subscriptionId, message: { ...message, id: String(n), data } };
      await store.addDeliveries([one]);
      await store.saveDelivery({ ...one, state: 'dead' });
    };
    for (let n = 0; n < 3; n++) await finish('few', n, 500);
    for (let n = 0; n < 50; n++) await finish('many', n, 1000);
    const kept = async (id: string) => (await store.deliveries(id, 100)).map((each) => each.id);
    expect(await kept('few')).toEqual(['few-2', 'few-1', 'few-0']);
    expect((await kept('many')).length).toBeLessThanOrEqual(8);
    expect((await kept('many'))[0]).toBe('many-49');
    // One that is larger than all may be stays until the next.
    await finish('few', 3, 20_000);
    expect((await kept('few'))[0]).toBe('few-3');
    await store.close();
  });
});

async function filled(path: string, ids: readonly string[]) {
  const store = fileWebhookStore(path);
  await store.load();
  await store.saveSubscription(subscription);
  await store.addDeliveries(ids.map((id) => delivery(id)));
  await store.close();
}

async function pendingIn(path: string): Promise<string[]> {
  const store = fileWebhookStore(path);
  const { pending } = await store.load();
  await store.close();
  return pending.map(({ id }) => id);
}

describe('the webhook store in a file', () => {
  test('a file is there again after it was closed, and a message stands in it once', async () => {
    const path = newPath();
    await filled(path, ['1', '2', '3']);
    expect((await readFile(path, 'utf8')).split('"message",').length - 1).toBe(1);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await pendingIn(path)).toEqual(['1', '2', '3']);
  });

  test('a line that a crash cut short is dropped; a damaged one elsewhere costs itself and is reported', async () => {
    const path = newPath();
    await filled(path, ['1']);
    const whole = await readFile(path, 'utf8');
    await appendFile(path, '["delivery",{"id":"2","subscr');
    expect(await pendingIn(path)).toEqual(['1']);
    // It is gone for good, not glued to the next line.
    expect(await pendingIn(path)).toEqual(['1']);
    await writeFile(path, whole.replace('"delivery"', '"deliv'));
    const reports: unknown[] = [];
    const store = fileWebhookStore(path, { onError: (error) => reports.push(String(error)) });
    expect(await store.load()).toMatchObject({ subscriptions: [{ id: 's' }], pending: [] });
    expect(reports).toEqual([expect.stringMatching(/line 3 is damaged and was left out/)]);
    await store.close();
  });

  test('zeros that a power failure left in place of what was never acknowledged are passed over', async () => {
    const path = newPath();
    await filled(path, ['1']);
    // The message of the delivery behind the hole was in it.
    const lost = JSON.stringify(['delivery', { ...delivery('2'), message: 99 }]);
    const after = JSON.stringify(['delivery', { ...delivery('3'), message: 1 }]);
    await appendFile(path, `["message",99,{"id":${'\0'.repeat(4096)}"}]\n${lost}\n${after}\n`);
    expect(await pendingIn(path)).toEqual(['1', '3']);
    await appendFile(path, `${lost}\n`);
    const reports: unknown[] = [];
    const store = fileWebhookStore(path, { onError: (error) => reports.push(error) });
    expect((await store.load()).pending.map(({ id }) => id)).toEqual(['1', '3']);
    await store.close();
  });

  test('what a newer version wrote is not left out: it is an error', async () => {
    const path = newPath();
    await filled(path, ['1']);
    await appendFile(path, '["quota",{"id":"s"}]\n');
    await expect(fileWebhookStore(path).load()).rejects.toThrow(/a newer version of this library wrote 'quota'/);
  });

  test('what a write that failed did not store is in the next one', async () => {
    const path = newPath();
    const store = fileWebhookStore(path, { compactBytes: 1 });
    await store.load();
    await store.saveSubscription(subscription);
    const before = Array.from({ length: 10 }, (_, index) => `before ${index}`);
    // Four times as large as when it was made: the next write makes it anew.
    await store.addDeliveries(before.map((id) => delivery(id)));
    // The new file cannot be made.
    await mkdir(`${path}.next`);
    const failing = ['1', '2'].map((id) => expect(store.addDeliveries([delivery(id)])).rejects.toThrow(/EISDIR/));
    await Promise.all(failing);
    await rmdir(`${path}.next`);
    await store.addDeliveries([delivery('3')]);
    await store.close();
    expect(await pendingIn(path)).toEqual([...before, '1', '2', '3']);
  });

  test('an event to a thousand endpoints is one fsync, and so are their outcomes; none is lost by closing', async () => {
    const path = newPath();
    const store = fileWebhookStore(path);
    await store.load();
    await store.saveSubscription(subscription);
    const handle = await open(path);
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'datasync');
    await handle.close();
    const ids = Array.from({ length: 1000 }, (_, index) => String(index));
    await store.addDeliveries(ids.map((id) => delivery(id)));
    expect(sync).toHaveBeenCalledTimes(1);
    await Promise.all(ids.slice(0, 500).map((id) => store.saveDelivery(delivery(id, 'delivered'))));
    expect(sync).toHaveBeenCalledTimes(2);
    const last = ids.slice(500).map((id) => store.saveDelivery(delivery(id, 'delivered')));
    await store.close();
    await Promise.all(last);
    expect(sync).toHaveBeenCalledTimes(3);
    sync.mockRestore();
    await expect(store.addDeliveries([delivery('late')])).rejects.toThrow(/was closed/);
    await expect(store.load()).rejects.toThrow(/was closed/);
    expect(await pendingIn(path)).toEqual([]);
  });

  test('it is cut at every byte and still opens, with what was whole', async () => {
    const path = newPath();
    await filled(path, ['1', '2']);
    const bytes = await readFile(path);
    for (let length = 0; length <= bytes.length; length += 7) {
      const cut = newPath();
      await writeFile(cut, bytes.subarray(0, length));
      expect(['', '1', '1,2']).toContain((await pendingIn(cut)).join());
    }
  });

  test('two cannot use a file at once, and a crash does not lock it for good', async () => {
    const path = newPath();
    const store = fileWebhookStore(path);
    await store.load();
    for (const same of [path, relative('', path)])
      await expect(fileWebhookStore(same).load()).rejects.toThrow(/uses the webhook store already/);
    await store.close();
    await writeFile(`${path}.lock`, '1');
    await expect(fileWebhookStore(path).load()).rejects.toThrow(/process 1 uses this webhook store/);
    await writeFile(`${path}.lock`, '999999999');
    expect(await pendingIn(path)).toEqual([]);
  });

  test('a process of another container keeps its lock, also if it has our number, for as long as it touches it', async () => {
    const path = newPath();
    const file = `${path}.lock`;
    await writeFile(file, `${process.pid} ${crypto.randomUUID()} another-container`);
    await expect(fileWebhookStore(path).load()).rejects.toThrow(/on another-container uses this webhook store.*try again in a minute/);
    const old = new Date(Date.now() - 61_000);
    await utimes(file, old, old);
    expect(await pendingIn(path)).toEqual([]);
  });

  test('of processes that take over the lock of one that crashed, one gets it', async () => {
    const children = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('../support/webhook-lock.ts', import.meta.url))], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const read = async (): Promise<string> => String((await lines.next()).value);
      return { child, read };
    });
    try {
      await Promise.all(children.map(({ read }) => read()));
      for (let round = 0; round < 100; round++) {
        const path = `${newPath()}.lock`;
        await writeFile(path, `999999999 ${round}`);
        for (const { child } of children) child.stdin.write(`${path}\n`);
        const outcomes = await Promise.all(children.map(({ read }) => read()));
        expect(outcomes.filter((outcome) => outcome === 'won')).toHaveLength(1);
        for (const outcome of outcomes) expect(outcome).toMatch(/^won$|uses this webhook store/);
        // Nothing is left of the take-over.
        expect((await readdir(folder)).filter((name) => join(folder, name).startsWith(path))).toHaveLength(1);
      }
    } finally {
      for (const { child } of children) child.kill();
    }
  }, 30_000);

  test('what is done with leaves the file', async () => {
    const path = newPath();
    const store = fileWebhookStore(path, { compactBytes: 20_000, keepDelivered: 2 });
    await store.load();
    await store.saveSubscription(subscription);
    const saved: Promise<void>[] = [];
    for (let round = 0; round < 500; round++) {
      await store.addDeliveries([delivery(String(round))]);
      saved.push(store.saveDelivery(delivery(String(round), 'delivered')));
    }
    await Promise.all(saved);
    expect((await store.deliveries('s', 10)).map(({ id }) => id)).toEqual(['499', '498']);
    await store.close();
    expect((await stat(path)).size).toBeLessThan(30_000);
  });
});

describe('kill -9', () => {
  const run = (...args: string[]): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('../support/webhook-dispatcher.ts', import.meta.url)), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  it('between acceptance and delivery: the next process delivers', async () => {
    const path = newPath();
    let isUp = false;
    const hanging: (() => void)[] = [];
    // While the first process lives, the endpoint takes the request and says nothing.
    const endpoint = await startEndpoint(() => (isUp ? 200 : new Promise((resolve) => hanging.push(() => resolve(500)))));
    const first = run(path, endpoint.url, '20');
    const [line] = (await once(first.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const { secret } = JSON.parse(String(line)) as { secret: string };
    const dead = once(first, 'exit');
    first.kill('SIGKILL');
    expect((await dead)[1]).toBe('SIGKILL');
    for (const release of hanging) release();
    isUp = true;
    const before = endpoint.got.length;
    const second = run(path, endpoint.url, '0');
    await endpoint.wait(before + 20);
    const webhooks = await Promise.all(endpoint.got.slice(before).map((got) => verified(got, secret)));
    expect(webhooks.map((webhook) => (webhook.json() as { data: { n: number } }).data.n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    const copy = newPath();
    const isDone = async () => (await copyFile(path, copy), (await pendingIn(copy)).length === 0);
    await until(isDone, 'the outcome is in the file');
    const ended = once(second, 'exit');
    second.kill('SIGKILL');
    await ended;
    await endpoint.close();
  }, 30_000);

  it('at any moment, while the file is written and made anew: every acknowledged event arrives', async () => {
    const path = newPath();
    const endpoint = await startEndpoint();
    const acknowledged: number[] = [];
    for (let round = 0; round < 3; round++) {
      const child = run(path, endpoint.url, '5', String(round * 1_000_000));
      let text = '';
      const enough = new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          text += String(chunk);
          if (text.split('\n').length > 150 + 37 * round) resolve();
        });
      });
      await enough;
      const dead = once(child, 'close');
      child.kill('SIGKILL');
      await dead;
      // A number that was cut short was not told.
      acknowledged.push(...text.split('\n').slice(0, -1).map(Number));
    }
    const last = run(path, endpoint.url, '0');
    const arrived = () => new Set(endpoint.got.map(({ body }) => (JSON.parse(body) as { data: { n: number } }).data.n));
    await until(
      () => {
        const all = arrived();
        return acknowledged.every((n) => all.has(n));
      },
      () => `all arrive: ${acknowledged.filter((n) => !arrived().has(n)).length} of ${acknowledged.length} did not`,
    );
    const ended = once(last, 'exit');
    last.kill('SIGKILL');
    await ended;
    await endpoint.close();
  }, 40_000);
});

describe('a dispatcher of a file', () => {
  it('does not keep a program alive that has nothing else to do', async () => {
    const code = `
      import { createService, defineContract } from '${new URL('../../src/index.ts', import.meta.url).href}';
      import { fileWebhookStore, webhookHandler } from '${new URL('../../src/webhook/server.ts', import.meta.url).href}';
      const service = createService(defineContract({ name: 'none' }), {});
      await webhookHandler(service, { store: fileWebhookStore(${JSON.stringify(newPath())}) }).ready;
      process.stdout.write('ready');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    const late = setTimeout(() => child.kill('SIGKILL'), 5000);
    expect(await ended).toEqual([0, null]);
    clearTimeout(late);
  });
});
