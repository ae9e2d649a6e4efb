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
import { everyKind } from '../support/every-kind.ts';

const outlined = typesBy(outlineContract);

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
const small = defineContract({
  name: 'small',
  operations: {
    add:
      mini.z &&
      mutation({ input: mini.object({ a: mini.optional(mini.int32()), b: mini._default(mini.string(), 'x') }), output: mini.int() }),
  },
});

describe('the outline of a contract', () => {
  it.each(Object.entries({ blogContract, conformanceContract, everyKind, shapes, small } as Record<string, Contract>))(
    'makes the documents that the whole description makes: %s',
    (_, contract) => {
      expect(documentsOf(contract, outlined(contract))).toEqual(documentsOf(contract, graphqlTypes(contract)));
    },
  );
});
