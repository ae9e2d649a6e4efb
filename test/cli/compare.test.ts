import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineContract, event, mutation, query } from '../../src/core.ts';
import { htmlReport } from '../../src/cli/measure/report/html.ts';
import { summarize } from '../../src/cli/measure/report/summary.ts';
import { examplesOf } from '../../src/cli/measure/sampled-examples.ts';
import { noChromium, openPage } from '../support/chromium.ts';
import { CLI, finish, killAll, start, type Result } from '../support/program.ts';
import { startServe } from '../support/serve-process.ts';

// Each test starts processes.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const TASKS = 'test/programs/tasks.ts';
const compare = (...args: readonly string[]): Promise<Result> => finish(start([CLI, 'compare', '--repeat', '3', ...args]));
let folder: string;

interface Report {
  readonly protocols: readonly string[];
  readonly rows: readonly { readonly name: string; readonly kind: string; readonly cells: Readonly<Record<string, unknown>> }[];
  readonly summary: Readonly<Record<string, { readonly members: readonly string[] } & Readonly<Record<string, unknown>>>>;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-'));
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true, force: true });
});

describe('compare', () => {
  test('measures a service of a module in a second process, on every protocol', async () => {
    const { code, stdout, stderr } = await compare(TASKS, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const { protocols, rows, summary } = JSON.parse(stdout) as Report;
    expect(protocols).toEqual(['rest', 'graphql', 'websocket', 'webhook', 'soap', 'grpc', 'mqtt', 'mcp']);
    const figures = { bytes: expect.any(Number), p50Ms: expect.any(Number), clientCpuMs: expect.any(Number), serviceCpuMs: expect.any(Number) };
    const [addTask, plan, taskAdded] = rows;
    expect(addTask).toMatchObject({ name: 'addTask', kind: 'mutation', cells: { rest: { ok: true, roundTrips: 1, ...figures }, webhook: null } });
    expect(plan?.cells['grpc']).toMatchObject({ ok: true, ...figures });
    expect(taskAdded).toMatchObject({ kind: 'event', cells: { soap: null, webhook: { ok: true, ...figures }, mqtt: { ok: true } } });
    expect(summary['calls']?.['grpc']).toMatchObject(figures);
    expect(summary['events']?.members).toEqual(['taskAdded']);
  }); // prettier-ignore

  test('tells what it measured to people', async () => {
    const { code, stdout } = await compare(TASKS, '--via', 'rest', '--via', 'websocket', '--only', 'addTask');
    expect(code).toBe(0);
    expect(stdout).toMatch(/bytes of one call, mean\n {2}REST +█+\S? \d+\n {2}WebSocket █+/);
    expect(stdout).toMatch(/addTask\n {2}REST +1 +\d+ +[\d.]+ +[\d.]+ +\d+ +\d+\n/);
    expect(stdout).toContain('Fewest bytes for one call: WebSocket with');
    expect(stdout).not.toContain('\u001b');
  });

  test('a contract without a service answers with samples; the page stands by itself', async () => {
    const page = join(folder, 'report.html');
    const { code, stdout } = await compare('--contract', TASKS, '--via', 'rest', '--via', 'grpc', '--html', page);
    expect(code).toBe(0);
    expect(stdout).toContain(`The page is ${page}`);
    const text = await readFile(page, 'utf8');
    expect(text).toContain('<h1>tasks on 2 protocols</h1>');
    expect(text).toContain('POST /tasks');
    expect(text).not.toMatch(/<script|src=|<link|@import|url\(/);
    if (noChromium !== undefined) return;
    const shown = await openPage(pathToFileURL(page).href);
    try {
      expect(await shown.evaluate('[...document.querySelectorAll("svg")].every((svg) => svg.getBoundingClientRect().width > 20)')).toBe(
        true,
      );
      expect(shown.requested.filter((url) => !url.startsWith('file:') && url !== 'about:blank')).toEqual([]);
      expect(shown.complaints).toEqual([]);
    } finally {
      await shown.close();
    }
  });

  test('a service that runs elsewhere is asked its queries only, and the refusal of a sample is measured', async () => {
    const server = await startServe();
    const inputs = join(folder, 'inputs.json');
    await writeFile(inputs, JSON.stringify({ getUser: { id: 123 }, getPost: { id: 987_654 } }));
    const { code, stdout } = await compare('--urls', server.url, '--via', 'rest', '--via', 'soap', '--inputs', inputs, '--json');
    await server.stop();
    expect(code).toBe(0);
    const { rows } = JSON.parse(stdout) as Report;
    const cells = Object.fromEntries(rows.map(({ name, cells }) => [name, cells]));
    expect(cells['createUser']).toEqual({ rest: null, soap: null });
    expect(cells['temperature']).toEqual({ rest: null, soap: null });
    expect(cells['getUser']?.['rest']).toMatchObject({ ok: true });
    expect(cells['getUser']?.['rest']).not.toHaveProperty('serviceCpuMs');
    expect(cells['getPost']?.['soap']).toMatchObject({ ok: true, refused: 'NOT_FOUND' });
  });

  test('an address where nothing listens fails, and says so', async () => {
    const { code, stdout } = await compare('--urls', 'rest=http://127.0.0.1:1', '--only', 'getUser');
    expect(code).toBe(1);
    expect(stdout).toContain('getUser failed over REST');
  });

  test.concurrent.each([
    [['--via', 'rset'], 'did you mean rest?'],
    [['--only', 'getUsr'], 'did you mean getUser?'],
    [['--urls', 'rset=http://x'], 'did you mean rest?'],
    [['--urls', 'localhost'], '--urls takes <protocol>=<url>'],
    [['--urls', 'rest=http://x', '--only', 'createUser'], 'mutations need --mutations'],
    [['--inputs', 'nowhere.json'], 'there is no file nowhere.json'],
    [['--inputs', 'package.json'], "has 'name', which is neither an operation nor an event"],
    [['./nowhere.ts'], 'there is no file ./nowhere.ts'],
    [[TASKS, '--urls', 'http://x'], 'give one of them'],
  ])('wrong usage %j ends with 2', async (args, hint) => {
    const { code, stdout, stderr } = await compare(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(hint);
  });
});

describe('the examples of a contract', () => {
  const contract = defineContract({
    name: 'shop',
    operations: {
      find: query({ input: z.object({ id: z.int32() }) }),
      add: mutation({ input: z.object({ name: z.string() }) }),
      even: query({ input: z.object({ count: z.int32().refine((count) => count % 2 === 0 && count > 1e9, 'must be even and large') }) }),
    },
    events: { added: event({ channel: 'added', payload: z.object({ name: z.string() }) }) },
  });

  test('ask a query the same each time, and give mutations and events something new', async () => {
    const { operations, events } = await examplesOf(contract, undefined);
    expect(operations['find']?.(0)).toEqual(operations['find']?.(1));
    expect(operations['add']?.(0)).not.toEqual(operations['add']?.(1));
    expect(events['added']?.(0)).toEqual({ name: expect.any(String) });
  });

  test('say what is wrong when no sample fits, or the given one does not', async () => {
    const { operations } = await examplesOf(contract, undefined);
    expect(() => operations['even']?.(0)).toThrow(/no valid value of even could be made up.*must be even.*--inputs/s);
    const inputs = join(folder, 'wrong.json');
    await writeFile(inputs, '{"find":{"id":"x"}}');
    const given = await examplesOf(contract, inputs);
    expect(() => given.operations['find']?.(0)).toThrow(/wrong\.json: find/);
  });
});

describe('the page', () => {
  test('shows foreign text as text', () => {
    const cell = { ok: true, roundTrips: 1, bytes: 1, p50Ms: 1, p99Ms: 1, refused: '<b>' } as const;
    const rows = [{ name: '</summary><script>', kind: 'query', cells: { rest: cell, soap: { ok: false, error: '<img src=x>' } } }] as const;
    const record = {
      protocol: 'rest',
      direction: 'in',
      start: '<svg onload=x>',
      headers: { a: '"><script>' },
      body: '</pre><script>',
    } as const;
    const page = htmlReport({
      name: '<title>',
      rows,
      groups: summarize(rows),
      repeat: 1,
      isRemote: false,
      wire: { rest: { '</summary><script>': [record] } },
      descriptions: { '</summary><script>': '<script>alert(1)</script>' },
    });
    expect(page).not.toMatch(/<script|<img|<svg onload|<b>|<title><title>/);
  });
});
