import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { clientTypes } from '../../src/cli/pack/client-types.ts';
import { draftOfContract } from '../../src/cli/pack/contract-draft.ts';
import { defineContract, query } from '../../src/core.ts';

const Leaf = z.object({ name: z.string().default('none') }).meta({ id: 'Leaf' });
const Node = z
  .object({
    get branch() {
      return Branch.optional();
    },
    leaf: Leaf,
  })
  .meta({ id: 'Node' });
const Branch = z
  .object({
    get node() {
      return Node.optional();
    },
  })
  .meta({ id: 'Branch' });

async function typesOf(types: Record<string, z.ZodType>): Promise<string> {
  const operations = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [
      `put${name}`,
      query({ input: z.object({ value: type }), output: z.object({ value: type }) }),
    ]),
  );
  const { draft } = await draftOfContract(defineContract({ name: 'trees', operations }));
  return clientTypes(draft, 'Trees');
}

describe('the types of a package', () => {
  it('are two for each type of a circle from which a default is reached', async () => {
    const text = await typesOf({ Node });
    expect(text).toMatch(/interface BranchInput \{\s+node\?: NodeInput \| undefined;/);
    expect(text).toMatch(/interface Branch \{\s+node\?: Node \| undefined;/);
    expect(text).toMatch(/interface NodeInput \{\s+branch\?: BranchInput \| undefined;\s+leaf: LeafInput;/);
  });
});
