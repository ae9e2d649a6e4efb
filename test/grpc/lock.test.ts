import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { type Contract, type Schema } from '../../src/core/contract.ts';
import { grpc } from '../../src/grpc/client.ts';
import { lockProto, printProto, type ProtoLock } from '../../src/grpc/schema.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { createService } from '../../src/service/service.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const of = (shape: Record<string, Schema>): Contract =>
  defineContract({ name: 'demo', operations: { put: mutation({ input: z.object(shape as never) }) } });
const giving = (output: Schema): Contract => defineContract({ name: 'demo', operations: { get: query({ output: output as never }) } });
const published = (shape: Record<string, Schema>): ProtoLock => lockProto(of(shape));
const print = (shape: Record<string, Schema>, lock: ProtoLock): string => printProto(of(shape), lock);

/** What a deployed client sends, as the service of an evolved contract hears it. */
async function heard(before: Schema, after: Schema, value: unknown): Promise<unknown> {
  const old = of({ value: before });
  const inputs: unknown[] = [];
  const service = createService(of({ value: after }), { put: (input: unknown) => void inputs.push(input) });
  const server = await serveGrpc(service, { lock: lockProto(old) });
  const client = createClient({ contract: old, transport: grpc({ url: server.address }) });
  cleanups.push(
    () => service.close(),
    () => server.close(),
    () => client.close(),
  );
  await (client as unknown as { put(input: unknown): Promise<void> }).put({ value });
  return (inputs[0] as { value?: unknown }).value;
}

describe('a client that was deployed before is understood', () => {
  const Small = z.object({ a: z.string() });
  const Large = z.object({ b: z.string(), c: z.int32() });
  it.each<[string, Schema, Schema, unknown]>([
    ['enum values that differ by punctuation change places', z.enum(['a-b', 'a_b']), z.enum(['a_b', 'a-b']), 'a-b'],
    ['the first of two such values goes', z.enum(['m', 'M']), z.enum(['M']), 'M'],
    ['a second such value comes before it', z.enum(['m']), z.enum(['M', 'm']), 'm'],
    ['the integers of a list grow', z.array(z.int32()), z.array(z.int()), [1, -2]],
    ['the integers of a record grow', z.record(z.string(), z.int32()), z.record(z.string(), z.int()), { a: 1 }],
    [
      'a union gets another unnamed variant',
      z.union([Small, Large]),
      z.union([Small, Large, z.object({ d: z.string() })]),
      { b: 'x', c: 1 },
    ],
    [
      'a type keeps its name in the .proto',
      z.array(Small.meta({ id: 'Thing' })),
      z.array(z.object({ z: z.string().optional(), a: z.string() }).meta({ id: 'Item', grpc: { name: 'Thing' } })),
      [{ a: 'x' }],
    ],
    [
      'variants get names',
      z.union([Small, Large]),
      z.union([
        z.object({ b: z.string(), c: z.int32() }).meta({ id: 'Large', grpc: { name: 'PutInputValueOption2' } }),
        z.object({ a: z.string() }).meta({ id: 'Small', grpc: { name: 'PutInputValueOption1' } }),
      ]),
      { b: 'x', c: 1 },
    ],
  ])('where %s', async (_, before, after, value) => {
    expect(await heard(before, after, value)).toEqual(value);
  });

  it('where its service has another name', async () => {
    const contract = (service: string) =>
      defineContract({
        name: 'demo',
        operations: { one: query({ service, output: z.string() }), two: query({ service: 'Rest', output: z.string() }) },
      });
    const lock = lockProto(contract('User'));
    const renamed = contract('Account');
    const service = createService(renamed, { one: () => 'one', two: () => 'two' });
    const server = await serveGrpc(service, { lock });
    const client = createClient({ contract: contract('User'), transport: grpc({ url: server.address }) });
    cleanups.push(
      () => service.close(),
      () => server.close(),
      () => client.close(),
    );
    expect(await client.one()).toBe('one');
    expect(printProto(renamed, lock)).toContain('service UserService {\n  rpc One');
    expect(printProto(renamed, lock)).not.toContain('AccountService');
    expect(lockProto(renamed, lock)).toEqual(lock);
  });
});

describe('what would be taken for something else is refused', () => {
  it('a type that has another name', () => {
    const lock = published({ user: z.object({ a: z.string() }).meta({ id: 'User' }), color: z.enum(['red']) });
    const Person = z.object({ b: z.int32(), a: z.string() }).meta({ id: 'Person' });
    expect(() => print({ user: Person, color: z.enum(['red']) }, lock)).toThrow(/PutRequest\.user was published as User, and there is Person now.*grpc: \{ name: 'User' \}/); // prettier-ignore
    expect(() => print({ user: z.object({ a: z.string() }).meta({ id: 'User' }), color: z.enum(['red']).meta({ id: 'Color' }) }, lock)).toThrow("grpc: { name: 'PutInputColor' }"); // prettier-ignore
    expect(print({ user: Person.meta({ grpc: { number: 7 } }), color: z.enum(['red']) }, lock)).toContain('Person user = 7;');
  });

  it('items of a response that have another name', () => {
    const Post = z.object({ a: z.string() });
    const lock = lockProto(giving(z.array(Post.meta({ id: 'Post' }))));
    expect(() => printProto(giving(z.array(Post.meta({ id: 'Article' }))), lock)).toThrow('GetResponse.articles was published as Post');
    const kept = printProto(giving(z.array(Post.meta({ id: 'Article', grpc: { name: 'Post' } }))), lock);
    expect(kept).toContain('repeated Post posts = 1;');
  });

  it('a rpc that answers with something else', () => {
    const User = z.object({ a: z.string() }).meta({ id: 'User' });
    const lock = lockProto(giving(User));
    expect(() => printProto(giving(User.nullable()), lock)).toThrow(
      'DemoService.Get was published with User as its response, and has GetResponse now: clients would misread it',
    );
    expect(() => printProto(giving(z.object({ a: z.string() }).meta({ id: 'Person' })), lock)).toThrow("keep its name with .meta({ id: '…', grpc: { name: 'User' } })"); // prettier-ignore
    expect(() => printProto(giving(User.nullable()), { ...lock, services: undefined } as never)).not.toThrow();
  });

  it('unnamed variants of a union that change places', () => {
    const A = z.object({ id: z.string(), a: z.string() });
    const B = z.object({ id: z.string(), b: z.string() });
    const C = z.object({ id: z.string(), c: z.string() });
    const union = (...variants: Schema[]) => ({ value: z.union(variants as never) });
    const lock = published(union(A, B));
    for (const variants of [[B, A], [A, C, B], [C, A, B], [B]]) expect(() => print(union(...variants), lock)).toThrow('Add variants to PutInputValue at its end'); // prettier-ignore
    for (const variants of [[A, B, C], [A]]) expect(() => print(union(...variants), lock)).not.toThrow();
  });

  it('a message that was an enum', () => {
    const lock = published({ color: z.enum(['red']).meta({ id: 'Color' }) });
    expect(() => print({ color: z.object({ a: z.string() }).meta({ id: 'Color' }) }, lock)).toThrow(
      "'Color' was published as something else",
    );
  });
});

describe('a lock of a .proto file', () => {
  it('base64 that travels as bytes gets a new number', () => {
    const lock = published({ data: z.base64() });
    expect(print({ data: z.base64().meta({ grpc: { type: 'bytes' } }) }, lock)).toContain('reserved 1;\n  bytes data = 2;');
  });

  it('there are no numbers above the largest', () => {
    const last = z.string().meta({ grpc: { number: 2 ** 29 - 1 } });
    expect(() => print({ a: last, b: z.string() }, published({ a: last }))).toThrow('there is not a field number left');
  });

  it('an event may be written by an operation of a later service', () => {
    const contract = defineContract({
      name: 'demo',
      operations: {
        look: query({ service: 'First', output: z.string() }),
        say: mutation({ service: 'Second', input: z.object({ a: z.string() }), output: z.object({ a: z.string() }) }),
      },
      events: { said: event({ service: 'First', channel: 'talk', payload: z.object({ a: z.string() }), writtenBy: 'say' }) },
    });
    expect(printProto(contract)).toContain('rpc Talk(stream SaidPayload) returns (stream SaidPayload);');
  });
});
