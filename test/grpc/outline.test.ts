import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { blogContract } from '../../src/blog/index.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import type { Contract } from '../../src/core/contract.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { protoBy } from '../../src/grpc/proto/build.ts';
import { protoOf } from '../../src/grpc/proto/described.ts';
import type { ProtoField, ProtoFile, ProtoMessage, ProtoType } from '../../src/grpc/proto/proto.ts';
import { bytes, instant, int64 } from '../../src/schema/codec/scalars.ts';
import { outlineContract } from '../../src/schema/outline/outline.ts';
import { seededRandom } from '../../src/schema/sample/random.ts';
import { curiousSchemas } from '../support/curious-schemas.ts';
import { everyKind } from '../support/every-kind.ts';
import { RandomSchema } from '../support/random-schema.ts';

const outlined = protoBy(outlineContract);
/** `FIRST_SEED=1000 npx vitest run test/grpc/outline.test.ts` tries others. */
const FIRST = Number(process.env['FIRST_SEED'] ?? 1);

/** All of a file that goes over the wire, or decides what does. */
function wireOf({ package: name, services, messages, enums }: ProtoFile) {
  return {
    name,
    methods: services.flatMap((service) =>
      service.methods.map(({ path, request, response, responseStream, hasNoSideEffects }) => {
        return { path, request: request?.name, response: response?.name, responseStream, hasNoSideEffects };
      }),
    ),
    messages: messages.map((message) => ({
      ...message,
      comment: '',
      deprecated: false,
      entries: entriesOf(message),
      variants: variantsOf(message),
    })),
    enums: enums.map((each) => ({ ...each, comment: '' })),
  };
}

function entriesOf({ entries }: ProtoMessage) {
  return entries.map(({ node, field, nullField, ...entry }) => ({
    ...entry,
    kind: node?.kind,
    field: fieldOf(field),
    nullField: nullField && fieldOf(nullField),
  }));
}

function fieldOf({ comment: _, deprecated: __, type, ...field }: ProtoField) {
  return { ...field, type: typeOf(type) };
}

function typeOf(type: ProtoType): unknown {
  return type.kind === 'message' ? type.message.name : type.kind === 'enum' ? type.enum.name : type;
}

/** What tells the variants apart. Of base64 zod keeps a laxer pattern than it describes: both are texts on the wire. */
function variantsOf({ variants }: ProtoMessage) {
  return variants.map(({ tags, node }) => {
    const { kind } = node;
    return {
      tags,
      kind,
      ...(kind === 'string' && {
        format: node.format === 'date-time',
        binary: node.binary,
        pattern: node.format === 'byte' ? 'base64' : node.pattern,
      }),
    };
  });
}

const Point = z.object({ x: z.int32().meta({ grpc: { type: 'sint32' } }), y: z.number().meta({ grpc: { type: 'float', number: 7 } }) });
const Named = Point.meta({ id: 'Named', grpc: { name: 'Renamed' } });
const noted = defineContract({
  name: 'noted',
  operations: {
    put: mutation({
      input: z.object({
        point: Named.meta({ description: 'where', grpc: { name: 'place', number: 4 } }),
        other: Named.optional(),
        far: z.lazy(() => Point).meta({ id: 'Far', grpc: { name: 'Distant' } }),
        count: z
          .int()
          .min(0)
          .meta({ grpc: { type: 'uint64' } })
          .optional(),
        text: z.int().meta({ grpc: { type: 'string' } }),
        raw: z
          .base64()
          .meta({ grpc: { type: 'bytes' } })
          .nullable(),
        when: z.iso.datetime(),
        exact: z.iso.datetime({ precision: 6 }).meta({ grpc: { number: 20 } }),
        here: z.iso.datetime({ local: true }),
        minutes: z.iso.datetime({ precision: -1 }),
        zoned: z.iso.datetime({ offset: true }).default('2024-01-15T09:30:00Z'),
        checked: z.iso.datetime().regex(/Z$/),
        size: int64(),
        moment: instant(),
        data: bytes(),
        either: z.union([z.email(), z.uuid(), z.iso.datetime(), z.iso.date(), z.templateLiteral(['a-', z.int()])]),
        several: z.union([z.array(z.string().startsWith('x')), z.record(z.string(), z.int32()), z.boolean(), z.null()]),
      }),
      output: z.array(Named),
    }),
    get: query({ input: z.object({ id: z.string() }), output: z.iso.datetime().nullable(), meta: { grpc: { name: 'Fetch' } } }),
  },
  events: { moved: event({ channel: 'moved/{id}', payload: z.object({ id: z.int32(), at: instant(), by: Named.nullish() }) }) },
});
const small = defineContract({
  name: 'small',
  operations: {
    add: mutation({ input: mini.object({ a: mini.optional(mini.int32()), b: mini._default(mini.string(), 'x') }), output: mini.int() }),
  },
});

describe('the outline of a contract', () => {
  it.each(Object.entries({ blogContract, conformanceContract, everyKind, noted, small } as Record<string, Contract>))(
    'makes the messages that the whole description makes: %s',
    (_, contract) => {
      expect(wireOf(outlined(contract))).toEqual(wireOf(protoOf(contract)));
    },
  );

  it.each(Object.entries(curiousSchemas))('is that of the whole description: %s', (_, make) => {
    const value = make();
    const made = { input: z.object({ v: value }), output: z.object({ v: value }) };
    const contract = defineContract({ name: 'curious', operations: { make: mutation(made) } });
    expect(wireOf(outlined(contract))).toEqual(wireOf(protoOf(contract)));
  });

  it('are those of the whole description, for schemas of every nesting', () => {
    const differing: unknown[] = [];
    let compared = 0;
    for (let seed = FIRST; seed < FIRST + 500; seed++) {
      const random = seededRandom(seed);
      const schemas = new RandomSchema((below) => Math.floor(random() * below));
      let contract: Contract;
      let whole: unknown;
      try {
        const value = schemas.any(3);
        const made = { input: z.object({ v: value }), output: z.object({ v: value }) };
        contract = defineContract({ name: 'random', operations: { make: mutation(made) } });
        whole = wireOf(protoOf(contract));
      } catch (error) {
        // What the description refuses never serves.
        if (error instanceof TypeError) continue;
        throw error;
      }
      compared++;
      const light = wireOf(outlined(contract));
      if (!isDeepStrictEqual(light, whole)) differing.push({ seed, light, whole });
    }
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(200);
  });
});
