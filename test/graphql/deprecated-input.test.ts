import { buildSchema, validateSchema } from 'graphql';
import { z } from 'zod';
import { describe, expect, it } from 'vitest';
import { createService, defineContract, mutation, query } from '../../src/index.ts';
import { graphqlSchema } from '../../src/graphql/schema.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/index.ts';

const old = z.string().meta({ deprecated: true });

describe('a deprecated input that must be given', () => {
  const contract = defineContract({
    name: 't',
    operations: {
      add: mutation({ input: z.object({ title: z.string(), old, optional: z.optional(old) }), output: z.object({ old }) }),
      find: query({
        input: z.object({ old, defaulted: old.default('x').meta({ deprecated: true }) }),
        output: z.string(),
        http: 'GET /find',
      }),
    },
  });

  it('is not marked in the schema, which GraphQL forbids; others are', () => {
    const sdl = graphqlSchema(contract);
    expect(validateSchema(buildSchema(sdl))).toEqual([]);
    expect(sdl).toContain('old: String!\n');
    expect(sdl).toContain('optional: String @deprecated');
    expect(sdl).toContain('old: String! @deprecated\n}');
  });

  it('leaves the answers as they are', async () => {
    const service = createService(contract, { add: (input) => input, find: () => 'x' });
    const server = await listen(graphqlHandler(service));
    const answer = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    });
    expect([answer.status, await answer.json()]).toEqual([200, { data: { __typename: 'Query' } }]);
    await server.close();
    await service.close();
  });
});
