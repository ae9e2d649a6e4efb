import { spawn } from 'node:child_process';
import { getEventListeners, setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient, createConformanceClientOf } from './programs/served.ts';
import type { Client } from '../src/index.ts';
import type { ConformanceContract } from '../src/conformance/index.ts';

const NOTE = { text: 'x', number: 1, ratio: 0, tags: [], nothing: null };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function opened(how: string) {
  const served = await createConformanceClientOf(how);
  const client = createClient(served.transport);
  closers.push(async () => {
    await client.close();
    await served.close();
  });
  return { ...served, client };
}

function listenersOn(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** Waits, without a timer that would count, until a condition holds; then says whether it does. */
async function eventually(condition: () => boolean): Promise<boolean> {
  const end = Date.now() + 5000;
  while (!condition() && Date.now() < end) await new Promise((resolve) => setImmediate(resolve));
  return condition();
}

function open(kinds: RegExp): number {
  return process.getActiveResourcesInfo().filter((kind) => kinds.test(kind)).length;
}

/** Calls that end in every way a call can end. */
async function callInEveryWay(client: Client<ConformanceContract>, signal: AbortSignal): Promise<void> {
  await client.noInput(undefined, { signal });
  await client.fail({ code: 'NOT_FOUND', message: 'x' }, { signal }).catch(() => {});
  await client.words({ count: 1.5 }, { signal }).catch(() => {});
  await client.noInput(undefined, { signal, headers: { host: 'refused' } }).catch(() => {});
  await client.wait({ id: 'x' }, { signal, timeoutMs: 20 }).catch(() => {});
  for await (const item of client.items({ total: 4 }, { signal })) if (item.id === 4) break;
}

describe.each(['in-process', 'rest'])('%s', (how) => {
  it('leaves no listener on the caller’s signal after calls, however they end', async () => {
    const { client } = await opened(how);
    const { signal } = new AbortController();
    await callInEveryWay(client, signal);
    expect(await eventually(() => listenersOn(signal) === 0)).toBe(true);
  });

  it('leaves no listener on the caller’s signal after subscriptions, however they end', async () => {
    const { client, service } = await opened(how);
    const { signal } = new AbortController();
    await (
      await client.onNote(() => {}, { signal })
    )();
    const stream = client.onNote({ signal });
    await stream.return();
    const loop = (async () => {
      for await (const note of client.onNote({ signal })) if (note) break;
    })();
    const publishing = setInterval(() => void service.publish('note', NOTE), 5);
    await loop;
    clearInterval(publishing);
    await client.onMessage(() => {}, { signal, params: { floor: 1 } as never }).catch(() => {});
    expect(await eventually(() => listenersOn(signal) === 0)).toBe(true);
  });

  it('keeps no listener, timer or subscription over 2,000 calls', async () => {
    const { client } = await opened(how);
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    await client.noInput();
    const before = open(/Timeout/);
    for (let round = 0; round < 100; round++) {
      await Promise.all(Array.from({ length: 20 }, () => client.noInput(undefined, { signal })));
    }
    expect(await eventually(() => listenersOn(signal) === 0)).toBe(true);
    expect(await eventually(() => open(/Timeout/) <= before)).toBe(true);
  });

  it('keeps no listener, timer or subscription over 2,000 subscriptions', async () => {
    const { client, probe } = await opened(how);
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    await (
      await client.onNote(() => {}, { signal })
    )();
    const before = open(/Timeout/);
    for (let round = 0; round < 100; round++) {
      const leave = await Promise.all(Array.from({ length: 20 }, () => client.onNote(() => {}, { signal })));
      await Promise.all(leave.map((unsubscribe) => unsubscribe()));
    }
    expect(await eventually(() => probe.subscriptions === 0)).toBe(true);
    expect(await eventually(() => listenersOn(signal) === 0)).toBe(true);
    expect(await eventually(() => open(/Timeout/) <= before)).toBe(true);
  });

  it('leaves no timer and no socket behind after close', async () => {
    const kinds = /Timeout|TCP|Pipe/;
    const before = open(kinds);
    const { service, client, close } = await opened(how);
    await client.noInput();
    await client.onNote(() => {});
    const loop = (async () => {
      for await (const note of client.onNote()) void note;
    })();
    const hanging = client.wait({ id: 'x' }).catch((error: unknown) => error);
    await service.publish('note', NOTE);
    await client.close();
    await Promise.all([loop, hanging]);
    await close();
    expect(await eventually(() => open(kinds) <= before)).toBe(true);
  });

  it.each(['calls', 'subscribes'])(
    'a process that %s and closes ends by itself',
    async (what) => {
      const script = fileURLToPath(new URL('programs/leaves.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', script, what, how], {
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        timeout: 30_000,
      });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const code = await new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
      expect({ code, output }).toEqual({ code: 0, output: 'done\n' });
    },
    40_000,
  );
});
