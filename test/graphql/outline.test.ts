import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { blogContract } from '../../src/blog/index.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import type { Contract } from '../../src/core/contract.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { eventDocument, operationDocument } from '../../src/graphql/document/document.ts';
import { outlineContract } from '../../src/schema/outline/outline.ts';
import { graphqlTypes } from '../../src/graphql/engine/described.ts';
import { typesBy } from '../../src/graphql/engine/types.ts';
import { seededRandom } from '../../src/schema/sample/random.ts';
import { curiousSchemas } from '../support/curious-schemas.ts';
import { everyKind } from '../support/every-kind.ts';
import { RandomSchema } from '../support/random-schema.ts';

const outlined = typesBy(outlineContract);
/** `FIRST_SEED=1000 npx vitest run test/graphql/outline.test.ts` tries others. */
const FIRST = Number(process.env['FIRST_SEED'] ?? 0);

/** Every document of a contract, by one kind of view. */
function documentsOf(contract: Contract, types: ReturnType<typeof outlined>) {
  const documents = [
    ...Object.values(contract.operations).map((operation) => operationDocument(types, operation, undefined)),
    ...Object.values(contract.events).map((each) => eventDocument(types, each)),
  ];
  return documents.map(({ text, tellsAbsent }) => ({ text, tellsAbsent }));
}

const Named = z.object({ id: z.int32() }).meta({ id: 'Named' });
interface Tree {
  readonly name: string;
  readonly children: Tree[];
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }));
const shapes = defineContract({
  name: 'shapes',
  operations: {
    put: mutation({
      input: z.object({
        named: Named.meta({ description: 'noted' }),
        checked: Named.optional(),
        inline: z.object({ deep: z.object({ color: z.enum(['red', 'green']) }).nullable() }),
        choice: z.enum(['a', 'b']).meta({ id: 'Choice' }),
        words: z.literal(['x', 'y']),
        maybe: z.literal(['x', null]),
        nothing: z.null().optional(),
        int: z.number().int().min(0).max(10),
        big: z.number().int(),
        small: z.int().gt(-5).lt(5),
        list: z.array(z.array(z.iso.datetime().nullable())).default([]),
        bag: z.record(z.string(), Named).readonly(),
        tree: Tree,
        late: z.lazy(() => Named),
        json: z.json(),
      }),
      output: z.union([
        Named,
        z.object({ type: z.literal('circle'), r: z.number() }),
        z.union([z.object({ type: z.literal('square'), a: z.number().nullish() }), z.null()]),
      ]),
    }),
    get: query({
      input: z.object({ id: z.int32().optional(), after: z.string().nullable() }),
      output: z.array(
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('cat'), lives: z.int() }).meta({ id: 'Cat' }),
          z.object({ kind: z.enum(['dog', 'wolf']), lives: z.string() }).meta({ id: 'Dog' }),
        ]),
      ),
    }),
  },
  events: { grown: event({ channel: 'trees/{name}', payload: z.object({ name: z.string(), tree: Tree }) }) },
});
const Ring: z.ZodType<{ readonly a: string; readonly rest: readonly object[] }> = z.lazy(() =>
  z.intersection(z.object({ a: z.string() }), z.object({ rest: z.array(z.object({ id: z.int32() })) })),
);
const joined = defineContract({
  name: 'joined',
  operations: {
    put: mutation({
      input: z.object({
        plain: z
          .object({ a: z.string() })
          .and(z.object({ b: z.int32().optional() }))
          .and(z.object({ c: z.boolean().nullable() })),
        shared: z.intersection(
          z.object({ a: z.object({ p: z.string() }), x: z.string().optional() }),
          z.object({ a: z.object({ q: z.string() }), x: z.string().optional() }),
        ),
        called: z.intersection(z.object({ a: z.string() }), z.object({ b: z.int32() })).meta({ id: 'Called' }),
        either: z.intersection(z.object({ a: z.string() }), z.union([z.object({ b: z.int32() }), z.object({ c: z.int32() })])),
        tagged: z.intersection(
          z.union([z.object({ type: z.literal('one'), b: z.int32() }), z.object({ type: z.literal('two'), c: z.int32() })]),
          z.object({ a: z.string() }),
        ),
        late: Ring,
        caught: z.string().catch('none'),
        told: z.string().prefault('none'),
      }),
      output: z.object({ a: z.string() }).and(z.object({ b: z.array(z.int32()) })),
    }),
    choose: query({
      input: z.object({ id: z.int32() }),
      output: z.object({
        maybe: z.union([
          z.object({ type: z.literal('p'), a: z.string() }).nullable(),
          z.object({ type: z.literal('q'), b: z.string() }).optional(),
          z.object({ type: z.literal('r') }).default({ type: 'r' }),
        ]),
        joined: z.intersection(
          z.union([z.object({ type: z.literal('one'), b: z.int32() }), z.object({ type: z.literal('two'), c: z.int32() })]),
          z.object({ a: z.string() }),
        ),
        frozen: z.union([z.object({ type: z.literal('p'), a: z.string() }).readonly(), z.object({ type: z.literal('q'), b: z.string() })]),
        lazy: z.union([z.lazy(() => z.object({ type: z.literal('p'), a: z.string() })), z.object({ type: z.literal('q'), b: z.string() })]),
      }),
    }),
    caught: mutation({ input: z.object({ v: z.string().catch('none') }), output: z.array(z.string().catch('none')) }),
  },
});
const small = defineContract({
  name: 'small',
  operations: {
    add:
      mini.z &&
      mutation({ input: mini.object({ a: mini.optional(mini.int32()), b: mini._default(mini.string(), 'x') }), output: mini.int() }),
  },
});

describe('the outline of a contract', () => {
  it.each(Object.entries({ blogContract, conformanceContract, everyKind, shapes, joined, small } as Record<string, Contract>))(
    'makes the documents that the whole description makes: %s',
    (_, contract) => {
      expect(documentsOf(contract, outlined(contract))).toEqual(documentsOf(contract, graphqlTypes(contract)));
    },
  );

  it.each(Object.entries(curiousSchemas))('is that of the whole description: %s', (_, make) => {
    const value = make();
    const made = { input: z.object({ v: value }), output: z.object({ v: value }) };
    const contract = defineContract({ name: 'curious', operations: { make: mutation(made) } });
    expect(documentsOf(contract, outlined(contract))).toEqual(documentsOf(contract, graphqlTypes(contract)));
  });

  it('makes the documents that the whole description makes, for schemas of every nesting', () => {
    const differing: unknown[] = [];
    let compared = 0;
    for (let seed = FIRST; seed < FIRST + 700; seed++) {
      const random = seededRandom(seed);
      const schemas = new RandomSchema((below) => Math.floor(random() * below));
      const made = { input: z.object({ v: schemas.any(2) }), output: random() < 0.5 ? schemas.any(3) : schemas.object(3) };
      let contract: Contract;
      let whole: unknown;
      try {
        contract = defineContract({ name: 'random', operations: { make: mutation(made) } });
        whole = documentsOf(contract, graphqlTypes(contract));
      } catch (error) {
        // What the description refuses never serves.
        if (error instanceof TypeError) continue;
        throw error;
      }
      compared++;
      const light = documentsOf(contract, outlined(contract));
      if (JSON.stringify(light) !== JSON.stringify(whole)) differing.push({ seed, light, whole });
    }
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(250);
  });
});
