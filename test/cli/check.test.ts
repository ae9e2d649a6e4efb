import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CLI, finish, killAll, start, type Result } from '../support/program.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const [OLD, NEW] = ['test/programs/tasks.ts', 'test/programs/tasks-next.ts'];
const cli = (...args: readonly string[]): Promise<Result> => finish(start([CLI, ...args]));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-'));
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true, force: true });
});

interface Report {
  readonly compatible: boolean;
  readonly changes: readonly { readonly rule: string; readonly place: string; readonly verdicts: Readonly<Record<string, string>> }[];
}

describe('check', () => {
  test('says of each change what it means on each protocol', async () => {
    const { code, stdout } = await cli('check', OLD, NEW, '--json');
    const { compatible, changes } = JSON.parse(stdout) as Report;
    expect([code, compatible]).toEqual([1, false]);
    const rules = changes.map(({ rule, place }) => `${place}: ${rule}`);
    expect(rules).toEqual([
      'addTask: input.title: input narrowed',
      'addTask: input.state: input added',
      'addTask: output.title: output narrowed',
      'addTask: output.state: output added',
      'getTask: operation added',
      'taskAdded: payload.title: payload narrowed',
      'taskAdded: payload.state: payload added',
      'AddTaskRequest.title: number changed',
      'Task.title: number changed',
    ]);
    expect(changes[0]?.verdicts).toMatchObject({ rest: 'breaks old clients', webhook: 'not there' });
    expect(changes[1]?.verdicts).toMatchObject({ rest: 'safe', graphql: 'breaks old servers' });
  });

  test('a lock of what was published keeps the numbers of gRPC', async () => {
    const lock = join(folder, 'tasks.lock.json');
    await cli('print', 'proto', '--contract', OLD, '--lock', lock);
    const { changes } = JSON.parse((await cli('check', OLD, NEW, '--lock', lock, '--json')).stdout) as Report;
    expect(changes.map(({ rule }) => rule)).not.toContain('number changed');
  });

  test('prints a table, and ends with 0 if nothing breaks', async () => {
    const broken = await cli('check', OLD, NEW);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/^ {2}input added +addTask: input\.state +· +servers +·/m);
    expect(broken.stdout).toContain('addTask: input.title  values that were taken are refused (maxLength 80)');
    const same = await cli('check', OLD, OLD);
    expect([same.code, same.stdout, same.stderr]).toEqual([0, '● no changes.\n', '']);
  });

  test.each([[['check', OLD]], [['check', OLD, 'nowhere.ts']], [['check', OLD, NEW, '--lok', 'x']]])('%j is wrong usage', async (args) => {
    expect((await cli(...args)).code).toBe(2);
  });
});
