import { createFileRegistry, fromBinary, toBinary, create } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { blogContract } from '../../src/blog/contract.ts';
import { conformanceContract } from '../../src/conformance/index.ts';
import { defineContract, mutation } from '../../src/core/define.ts';
import { type Contract } from '../../src/core/contract.ts';
import { codecOf } from '../../src/grpc/codec/codec.ts';
import { descriptorsOf } from '../../src/grpc/proto/descriptor.ts';
import * as generated from './generated/blog/v1/blog.ts';
import { protoOf } from '../../src/grpc/proto/described.ts';
import { describeContract } from '../../src/schema/view.ts';
import { everyKind } from '../support/every-kind.ts';
import { arbitraryOf } from '../support/arbitrary.ts';

const RUNS = 60;

/** Equal instants count as equal: a timestamp does not keep how many digits it was written with. */
function sameInstants(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, member: unknown) =>
      typeof member === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(member) ? new Date(member).toISOString() : member,
    ),
  ) as unknown;
}

function oracle(contract: Contract) {
  const files = descriptorsOf(protoOf(contract));
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files.reverse() }));
  return (name: string) => {
    const found = registry.getMessage(`${protoOf(contract).package}.${name}`);
    if (!found) throw new Error(`no message ${name}`);
    return found;
  };
}

describe.each([
  ['every kind', everyKind],
  ['conformance', conformanceContract],
  ['blog', blogContract],
] as const)('the codec of %s', (_, contract: Contract) => {
  const file = protoOf(contract);
  const view = describeContract(contract);
  const messageOf = oracle(contract);
  const places = [
    ...[...view.operations].flatMap(([name, { input, output }]) => {
      const method = file.operations.get(name);
      return [
        ...(input && method?.request ? [{ message: method.request, use: { node: input, nullable: false, meta: {} } }] : []),
        ...(output && method?.response ? [{ message: method.response, use: output }] : []),
      ];
    }),
    ...[...view.events].flatMap(([name, { payload }]) => {
      const method = file.events.get(name);
      return method ? [{ message: method.payload, use: { node: payload, nullable: false, meta: {} } }] : [];
    }),
  ];

  it.each(places.map((place) => [place.message.name, place] as const))(
    '%s: values come back, and another library makes the same bytes of them',
    (name, { message, use }) => {
      const codec = codecOf(message);
      const schema = messageOf(name);
      fc.assert(
        fc.property(arbitraryOf(use), (value) => {
          const bytes = codec.encode(value);
          expect(sameInstants(codec.decode(bytes))).toEqual(sameInstants(value));
          const again = toBinary(schema, fromBinary(schema, bytes));
          // Where an integer is stretched to a longer varint or a map is reordered the bytes may differ: then the value must not.
          if (!Buffer.from(again).equals(bytes)) expect(sameInstants(codec.decode(again))).toEqual(sameInstants(value));
        }),
        { numRuns: RUNS },
      );
    },
  );

  it.each(places.map((place) => [place.message.name, place] as const))('%s: what is sent twice is merged', (name, { message, use }) => {
    const codec = codecOf(message);
    const schema = messageOf(name);
    fc.assert(
      fc.property(arbitraryOf(use), arbitraryOf(use), (first, second) => {
        // By protobuf's rule the encoding of both, one behind the other, is that of the merged message.
        const bytes = Buffer.concat([codec.encode(first), codec.encode(second)]);
        const merged = toBinary(schema, fromBinary(schema, bytes));
        expect(sameInstants(codec.decode(bytes))).toEqual(sameInstants(codec.decode(merged)));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('ts-proto as the oracle', () => {
  const file = protoOf(blogContract);
  const view = describeContract(blogContract);

  /** How ts-proto's values differ from the contract's: names in the .proto, and ids that are text. */
  const renamed = (message: string, value: Record<string, unknown>): Record<string, unknown> => {
    const out: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      const name = key === 'username' ? 'name' : key;
      const isText = /^(authorId|userId)$/.test(key) || (key === 'id' && /User/.test(message));
      out[name] = isText ? String(member) : member;
    }
    return out;
  };

  const cases: (readonly [string, { encode(value: never): { finish(): Uint8Array }; decode(bytes: Uint8Array): unknown }])[] = [
    ['createUser', generated.CreateUserRequest],
    ['getUser', generated.GetUserRequest],
    ['getUserPosts', generated.GetUserPostsRequest],
    ['createPost', generated.CreatePostRequest],
    ['updatePost', generated.UpdatePostRequest],
    ['sendMessage', generated.SendMessageRequest],
    ['reportTemperature', generated.ReportTemperatureRequest],
  ];
  it.each(cases)('%s: both give the same bytes', (name, type) => {
    const request = file.operations.get(name)?.request;
    const input = view.operations.get(name)?.input;
    if (!request || !input) throw new Error(name);
    fc.assert(
      fc.property(arbitraryOf({ node: input, nullable: false, meta: {} }), (value) => {
        const theirs = Buffer.from(type.encode(renamed(request.name, value as Record<string, unknown>) as never).finish());
        expect(Buffer.from(codecOf(request).encode(value)).toString('hex')).toBe(theirs.toString('hex'));
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['User', generated.User],
    ['Post', generated.Post],
    ['Weather', generated.Weather],
    ['Article', generated.Article],
    ['ChatMessage', generated.ChatMessage],
    ['TemperatureReading', generated.TemperatureReading],
  ] as const)('%s: both give the same bytes, and read each other’s', (name, type) => {
    const message = file.messages.find((each) => each.name === name);
    const node = view.types.get(name);
    if (!message || !node) throw new Error(name);
    fc.assert(
      fc.property(arbitraryOf({ node, nullable: false, meta: {} }), (value) => {
        const expected = renamed(name, value as Record<string, unknown>);
        const theirs = Buffer.from(type.encode(expected as never).finish());
        const ours = codecOf(message).encode(value);
        expect(Buffer.from(ours).toString('hex')).toBe(theirs.toString('hex'));
        expect(sameInstants(codecOf(message).decode(theirs))).toEqual(sameInstants(value));
        expect(sameInstants(type.decode(ours))).toEqual(sameInstants(expected));
      }),
      { numRuns: RUNS },
    );
  });
});

describe('bytes of others', () => {
  const contract = defineContract({
    name: 'odd',
    operations: {
      put: mutation({ input: z.object({ text: z.string(), count: z.int(), color: z.enum(['red']), list: z.array(z.int32()) }) }),
    },
  });
  const request = protoOf(contract).operations.get('put')?.request;
  if (!request) throw new Error('no request');
  const codec = codecOf(request);

  it('garbage is INVALID_ARGUMENT and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          codec.decode(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('deeply nested groups are INVALID_ARGUMENT', () => {
    expect(() => codec.decode(Buffer.alloc(1_000_000, 0x0b))).toThrow('INVALID_ARGUMENT');
  });

  it('unknown fields are dropped, unpacked lists are read, what is absent has its default', () => {
    const bytes = Buffer.from([0x98, 0x06, 0x01, 0x20, 0x07, 0x20, 0x08]);
    expect(codec.decode(bytes)).toEqual({ text: '', count: 0, list: [7, 8] });
  });

  it('the two halves of a message, a timestamp, a union and a value are one', () => {
    const Inner = z.object({ a: z.string(), b: z.optional(z.string()), list: z.array(z.int32()) });
    const Kind = z.union([Inner, z.string()]);
    const whole = z.object({ inner: Inner, at: z.iso.datetime(), kind: Kind, any: z.json() });
    const halves = defineContract({ name: 'halves', operations: { put: mutation({ input: whole }) } });
    const message = protoOf(halves).operations.get('put')?.request;
    if (!message) throw new Error('no request');
    const halved = codecOf(message);
    const encode = (value: unknown) => halved.encode(value);
    const decode = (bytes: Buffer) => halved.decode(bytes);
    const one = { inner: { a: 'one', list: [1] }, at: '2024-01-15T09:30:00.000Z', kind: { a: 'k', b: 'kept', list: [1] }, any: { x: [1] } };
    const two = { inner: { a: '', b: 'two', list: [2] }, at: '1970-01-01T00:00:00.500Z', kind: { a: '', list: [2] }, any: { y: 2 } };
    expect(decode(Buffer.concat([encode(one), encode(two)]))).toEqual({
      inner: { a: 'one', b: 'two', list: [1, 2] },
      at: '2024-01-15T09:30:00.500Z',
      kind: { a: 'k', b: 'kept', list: [1, 2] },
      any: { x: [1], y: 2 },
    });
    // Another variant between the two takes the place of the first.
    expect(decode(Buffer.concat([encode(one), encode({ ...two, kind: 'text' }), encode(two)]))).toMatchObject({
      kind: { a: '', list: [2] },
    });
  });

  it('a Value has no numbers and texts that JSON has not', () => {
    const loose = defineContract({ name: 'loose', operations: { put: mutation({ input: z.object({ any: z.unknown() }) }) } });
    const message = protoOf(loose).operations.get('put')?.request;
    if (!message) throw new Error('no request');
    const infinite = [0x0a, 9, 0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f];
    for (const bytes of [infinite, [0x0a, 3, 0x1a, 1, 0xff]]) expect(() => codecOf(message).decode(Buffer.from(bytes))).toThrow('INVALID_ARGUMENT'); // prettier-ignore
  });

  it('an enum number from a newer peer stays a number, for the schema to refuse', () => {
    expect(codec.decode(Buffer.from([0x18, 0x63]))).toMatchObject({ color: 99 });
  });

  it('64 bits are not rounded to something that looks right', () => {
    const bytes = Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    expect(Number.isSafeInteger((codec.decode(bytes) as { count: number }).count)).toBe(false);
  });
});

describe('the gRPC codec', () => {
  it('refuses text that is not UTF-8', () => {
    const contract = defineContract({
      name: 'demo',
      operations: { put: mutation({ input: z.object({ text: z.string(), counts: z.record(z.string(), z.int32()) }) }) },
    });
    const request = protoOf(contract).operations.get('put')?.request;
    if (!request) throw new Error('put has a request');
    for (const bytes of [
      [0x0a, 2, 0xff, 0xfe],
      [0x12, 5, 0x0a, 1, 0xff, 0x10, 1],
    ])
      expect(() => codecOf(request).decode(Uint8Array.from(bytes))).toThrow(/do not fit the \.proto/);
  });

  it('the variant of a union is found where a pattern has flags, which its description has not', () => {
    const word = z.union([z.string().regex(/^\p{L}+$/u), z.int32()]);
    const loud = z.union([z.string().regex(/^a+$/i), z.int32()]);
    const contract = defineContract({ name: 'demo', operations: { put: mutation({ input: z.object({ word, loud }) }) } });
    const request = protoOf(contract).operations.get('put')?.request;
    if (!request) throw new Error('put has a request');
    for (const value of [
      { word: 'é', loud: 'AAA' },
      { word: 7, loud: 8 },
    ])
      expect(codecOf(request).decode(codecOf(request).encode(value))).toEqual(value);
  });
});
