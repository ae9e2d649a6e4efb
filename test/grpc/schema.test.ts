import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import lock from '../../proto/blog/v1/blog.lock.json' with { type: 'json' };
import { blogContract } from '../../src/blog/contract.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { type Contract, type Schema } from '../../src/core/contract.ts';
import { lockProto, printProto } from '../../src/grpc/schema.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'node_modules/.bin');
const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env['PATH'] ?? ''}` };
const buf = (...args: string[]) => promisify(execFile)(join(BIN, 'buf'), args, { cwd: ROOT, env, timeout: 60_000 });
const hasBuf = spawnSync(join(BIN, 'buf'), ['--version']).status === 0;
const noBuf = hasBuf ? '' : ' (skipped: buf is not installed)';

const of = (shape: Record<string, Schema>): Contract =>
  defineContract({ name: 'demo', operations: { put: mutation({ input: z.object(shape as never) }) } });
const requestOf = (text: string) =>
  /message PutRequest \{\n([^}]*)\}/
    .exec(text)?.[1]
    ?.split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

describe('the Blog’s .proto', () => {
  const text = printProto(blogContract);

  it('has the messages of the introduction to gRPC', () => {
    expect(text).toContain('rpc CreateUser(CreateUserRequest) returns (User);');
    expect(text).toContain('message CreateUserRequest {\n  string name = 1;\n  string email = 2;\n}');
    expect(text).toMatch(/string id = 1;\n {2}string name = 2;\n {2}string email = 3;\n {2}google.protobuf.Timestamp created_at = 4;/);
    expect(text).toContain('rpc OnTemperature(OnTemperatureRequest) returns (stream TemperatureEvent);');
    expect(text).toContain('rpc Chat(stream ChatMessage) returns (stream ChatMessage);');
    expect(text).toContain('rpc DeletePost(DeletePostRequest) returns (google.protobuf.Empty);');
  });

  it('names a plain channel’s request after its payload where both have the same shape', () => {
    const channelOf = (input: object, payload: object): string | undefined => {
      const Line = z.object(payload as never).meta({ id: 'Line' });
      const contract = defineContract({
        name: 'demo',
        operations: { say: mutation({ input: z.object(input as never), output: Line }) },
        events: { said: event({ channel: 'talk', payload: Line, writtenBy: 'say' }) },
      });
      return /rpc Talk\(.*/.exec(printProto(contract))?.[0];
    };
    const text = { who: z.string(), what: z.string() };
    expect(channelOf(text, { who: z.string(), what: z.string() })).toBe('rpc Talk(stream Line) returns (stream Line);');
    for (const other of [{ who: z.string() }, { what: z.string(), who: z.string() }, { ...text, what: z.string().optional() }])
      expect(channelOf(other, text)).toBe('rpc Talk(stream SayRequest) returns (stream Line);');
  });

  it('needs no lock at run time: its numbers are still those of the contract', () => {
    expect(printProto(blogContract, lock)).toBe(text);
  });

  it.skipIf(!hasBuf)(
    `passes buf lint${noBuf}`,
    async () => {
      expect((await buf('lint')).stdout).toBe('');
    },
    70_000,
  );

  it.skipIf(!hasBuf)(
    `is what ts-proto’s code was made from (else: npm run proto)${noBuf}`,
    async () => {
      const out = mkdtempSync(join(tmpdir(), 'ts-proto-'));
      await buf('generate', '-o', out);
      const path = 'test/grpc/generated/blog/v1/blog.ts';
      expect(readFileSync(join(ROOT, path), 'utf8')).toBe(readFileSync(join(out, path), 'utf8'));
    },
    70_000,
  );
});

describe('the lock', () => {
  const first = lockProto(of({ a: z.string(), b: z.int32(), c: z.boolean() }));

  it('keeps the numbers of fields that move', () => {
    expect(requestOf(printProto(of({ c: z.boolean(), a: z.string(), b: z.int32() }), first))).toEqual([
      'bool c = 3;',
      'string a = 1;',
      'int32 b = 2;',
    ]);
  });

  it('reserves what is removed, for ever', () => {
    const without = of({ a: z.string(), c: z.boolean() });
    expect(requestOf(printProto(without, first))).toEqual(['reserved 2;', 'reserved "b";', 'string a = 1;', 'bool c = 3;']);
    const second = lockProto(without, first);
    expect(requestOf(printProto(of({ a: z.string(), c: z.boolean(), d: z.string() }), second))).toEqual(['reserved 2;', 'reserved "b";', 'string a = 1;', 'bool c = 3;', 'string d = 4;']); // prettier-ignore
  });

  it('gives a field that comes back or changes its encoding a new number', () => {
    const second = lockProto(of({ a: z.string() }), first);
    expect(requestOf(printProto(of({ a: z.string(), b: z.int32() }), second))).toEqual([
      'reserved 2, 3;',
      'reserved "c";',
      'string a = 1;',
      'int32 b = 4;',
    ]);
    expect(requestOf(printProto(of({ a: z.number(), b: z.int(), c: z.boolean() }), first))).toEqual(['reserved 1;', 'double a = 4;', 'int64 b = 2;', 'bool c = 3;']); // prettier-ignore
  });

  it('keeps what was in it, printed again and again', () => {
    const second = lockProto(of({ c: z.boolean() }), first);
    expect(lockProto(of({ c: z.boolean() }), second)).toEqual(second);
    expect(lockProto(blogContract, lock)).toEqual(lock);
  });

  it('keeps the numbers of enum values', () => {
    const before = lockProto(of({ color: z.enum(['red', 'green', 'blue']) }));
    expect(printProto(of({ color: z.enum(['blue', 'green', 'pink']) }), before)).toContain(
      'enum PutInputColor {\n  reserved 1;\n  reserved "PUT_INPUT_COLOR_RED";\n  PUT_INPUT_COLOR_UNSPECIFIED = 0;\n  PUT_INPUT_COLOR_BLUE = 3;\n  PUT_INPUT_COLOR_GREEN = 2;\n  PUT_INPUT_COLOR_PINK = 4;\n}',
    );
  });

  it('refuses another contract’s, and a number that contradicts it', () => {
    expect(() => printProto(blogContract, first)).toThrow('the lock is that of demo.v1');
    expect(() => printProto(of({ a: z.string().meta({ grpc: { number: 9 } }) }), first)).toThrow('published with 1');
    expect(() => printProto(of({ a: z.string(), d: z.string().meta({ grpc: { number: 2 } }) }), first)).toThrow('is reserved');
  });
});

describe('what a schema’s meta says', () => {
  it('names, numbers and types fields', () => {
    const contract = of({
      a: z.string(),
      b: z.int32().meta({ grpc: { name: 'count', number: 1, type: 'sint32' } }),
      c: z.int().meta({ grpc: { type: 'string' } }),
      d: z.base64().meta({ grpc: { type: 'bytes' } }),
      e: z.iso.datetime().meta({ grpc: { type: 'string' } }),
    });
    expect(requestOf(printProto(contract))).toEqual([
      'string a = 2;',
      'sint32 count = 1;',
      'string c = 3;',
      'bytes d = 4;',
      'string e = 5;',
    ]);
  });

  it('is refused where it does not fit', () => {
    expect(() => printProto(of({ a: z.string().meta({ grpc: { type: 'int32' } }) }))).toThrow('PutRequest.a');
    expect(() => printProto(of({ a: z.int32().meta({ grpc: { type: 'uint32' } }) }))).toThrow('take one of string, int32');
    expect(() => printProto(of({ a: z.string().meta({ grpc: { number: 19_500 } }) }))).toThrow('is not a field number');
    expect(() => printProto(of({ a: z.string().meta({ grpc: { name: 'ä' } }) }))).toThrow('must be letters');
  });

  it('resolves collisions, which are refused', () => {
    expect(() => printProto(of({ aB: z.string(), a_b: z.string() }))).toThrow("two fields 'a_b'");
    const Clash = z.object({ a: z.string() }).meta({ id: 'PutRequest' });
    expect(() => printProto(of({ clash: Clash }))).toThrow("both called 'PutRequest'");
    expect(() => printProto(of({ a: z.enum(['dark_red']).meta({ id: 'Color' }), b: z.enum(['red']).meta({ id: 'ColorDark' }) }))).toThrow("both called 'COLOR_DARK_RED'"); // prettier-ignore
    expect(() => printProto(of({ a: z.object({ a: z.string() }).meta({ id: 'DemoService' }) }))).toThrow("both called 'DemoService'");
    const Kind = z.object({ a: z.string() }).meta({ id: 'Kind' });
    const scoped = printProto(of({ u: z.union([Kind, z.string()]), v: z.string().nullable(), v_or_null: z.string() }));
    expect(scoped).toContain('oneof kind_2 {\n    Kind kind = 1;');
    expect(scoped).toContain('oneof v_or_null_2 {');
    const talk = (meta: object) =>
      defineContract({
        name: 'demo',
        operations: {
          talk: query({ output: z.string() }),
          say: mutation({ input: z.object({ a: z.string() }), output: z.object({ a: z.string() }) }),
        },
        events: { said: event({ channel: 'talk', payload: z.object({ a: z.string() }), writtenBy: 'say', ...meta }) },
      });
    expect(() => printProto(talk({}))).toThrow("two methods 'Talk'");
    expect(printProto(talk({ meta: { grpc: { channel: 'Converse' } } }))).toContain(
      'rpc Converse(stream SaidPayload) returns (stream SaidPayload);',
    );
  });
});
