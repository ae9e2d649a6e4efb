import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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

  const api = (version: string, parameters: readonly object[], fields: readonly string[]) => ({
    openapi: '3.1.0',
    info: { title: 'Shop', version },
    paths: { '/items': { get: { operationId: 'getItem', parameters, responses: { 200: { description: 'x', content: { 'application/json': { schema: {
      type: 'object', required: fields, properties: Object.fromEntries(fields.map((field) => [field, { type: 'string' }])) } } } } } } } },
  }); // prettier-ignore
  const id = { name: 'id', required: true, schema: { type: 'string' } };

  test('compares descriptions, each judged for its own protocol', async () => {
    const file = async (name: string, text: string | object) => {
      const path = join(folder, name);
      await writeFile(path, typeof text === 'string' ? text : JSON.stringify(text));
      return path;
    };
    const compared = async (before: string, after: string) => {
      const { code, stdout, stderr } = await cli('check', before, after, '--json');
      expect(stderr).toBe('');
      const { changes } = JSON.parse(stdout) as Report;
      return [code, ...changes.map(({ rule, place, verdicts }) => `${place}: ${rule}: ${Object.entries(verdicts).flat().join(' ')}`)];
    };
    const old = await file('old.json', api('1.0.0', [{ ...id, in: 'query' }], ['a', 'c']));
    // A member in the middle, and a parameter that is a header: a number of gRPC has nothing to say of an OpenAPI document.
    const added = await file('added.json', api('1.1.0', [{ ...id, in: 'query' }], ['a', 'b', 'c']));
    const moved = await file('moved.json', api('1.1.0', [{ ...id, in: 'header' }], ['a']));
    expect(await compared(old, added)).toEqual([0, 'getItem: output.b: output added: rest safe']);
    expect(await compared(old, moved)).toEqual([
      1,
      'getItem: output.c: output removed: rest breaks old clients',
      'getItem: input.id: channel changed: rest breaks old clients',
    ]);

    const proto = (item: string) =>
      `syntax = "proto3"; package acme.v1; service Shop { rpc GetItem (Ask) returns (Item); } message Ask { int64 id = 1; } message Item { ${item} }`;
    const first = await file('old.proto', proto('int64 id = 1; string name = 2; int32 weight = 3;'));
    const later = await file('new.proto', proto('string note = 5; int64 id = 1; string name = 4; sint32 weight = 3;'));
    expect(await compared(first, later)).toEqual([
      1,
      'getItem: output.note: output added: grpc safe',
      'Item.name: number changed: grpc breaks old clients',
      'Item.weight: output type changed: grpc changes meaning',
    ]);

    const sdl = (more: string) => `type Query { item(id: ID!${more}): String }`;
    const schema = await file('old.graphql', sdl(''));
    expect(await compared(schema, await file('new.graphql', sdl(', at: Int!')))).toEqual([
      1,
      'getItem: input.at: input required: graphql breaks old clients',
    ]);
  });

  test('compares a contract with what it is printed as', async () => {
    for (const [format, ending, column] of [
      ['openapi', 'json', 'rest'],
      ['proto', 'proto', 'grpc'],
    ] as const) {
      await cli('print', format, '--contract', OLD, '--out', folder);
      const printed = format === 'proto' ? join(folder, `tasks.${ending}`) : join(folder, `${format}.${ending}`);
      const { code, stdout, stderr } = await cli('check', printed, NEW, '--json');
      const { changes } = JSON.parse(stdout) as Report;
      expect([format, code, stderr]).toEqual([format, 1, '']);
      expect(changes.map(({ rule }) => rule)).toContain('operation added');
      expect(Object.keys(changes[0]?.verdicts ?? {})).toEqual([column]);
    }
  });

  test.each([[['check', OLD]], [['check', OLD, 'nowhere.ts']], [['check', OLD, NEW, '--lok', 'x']]])('%j is wrong usage', async (args) => {
    expect((await cli(...args)).code).toBe(2);
  });
});
