import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFile } from 'node:fs/promises';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import type * as page from '../../src/client/client.ts';
import { loadAsPage } from '../support/page-bundle.ts';

const gates = globalThis as { partsGate?: Promise<void> };
let open: () => void;

/** Each part waits for the gate while it is loaded. A program of its own for each test: a part is loaded once. */
const load = () =>
  loadAsPage<typeof page>(`export * from './src/client/client.ts';`, [
    {
      name: 'gate',
      setup(build) {
        build.onLoad({ filter: /src\/(client\/(subscribing|item-run|application-form)|guard\/select)\.ts$/ }, async ({ path }) => {
          return { contents: `${await readFile(path, 'utf8')}\nawait globalThis.partsGate;`, loader: 'ts' };
        });
      },
    },
  ]);
const removals: (() => Promise<void>)[] = [];

async function client() {
  const { module, remove } = await load();
  removals.push(remove);
  return module.createClient({ contract: blogContract, transport: createBlogService() });
}

beforeEach(() => {
  gates.partsGate = new Promise((resolve) => (open = resolve));
});
afterEach(() => open());
afterAll(async () => {
  await Promise.all(removals.map((remove) => remove()));
});

describe('while a part of the client is being loaded', () => {
  it('a listener is cancelled at once by its signal, by its deadline and by close', async () => {
    const blog = await client();
    const controller = new AbortController();
    const aborted = blog.onMessage(() => {}, { signal: controller.signal });
    const late = blog.onMessage(() => {}, { timeoutMs: 5 });
    const closed = blog.onMessage(() => {});
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await blog.close();
    await expect(closed).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('a loop can be left, and ends by its signal and by close without an error', async () => {
    const blog = await client();
    const left = blog.onMessage();
    await left.return?.();
    expect(await left.next()).toMatchObject({ done: true });
    const controller = new AbortController();
    const aborted = blog.onMessage({ signal: controller.signal }).next();
    const closed = blog.onMessage().next();
    controller.abort();
    expect(await aborted).toMatchObject({ done: true });
    await blog.close();
    expect(await closed).toMatchObject({ done: true });
  });

  it('a call that selects is cancelled, and works once the part is here', async () => {
    const blog = await client();
    const late = blog.getUser({ id: 123 }, { select: { username: true }, timeoutMs: 5 });
    await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const selected = blog.getUser({ id: 123 }, { select: { username: true } });
    expect(await blog.getUser({ id: 123 })).toMatchObject({ id: 123 });
    open();
    expect(await selected).toEqual({ username: 'john_doe' });
    await blog.close();
  });

  it('a listener hears what is published after its start', async () => {
    const blog = await client();
    const heard: unknown[] = [];
    const started = blog.onMessage((message) => void heard.push(message));
    open();
    const leave = await started;
    await blog.sendMessage({ sender: 'ann', message: 'hi' });
    expect(heard).toEqual([{ sender: 'ann', message: 'hi' }]);
    await leave();
    await blog.close();
  });
});
