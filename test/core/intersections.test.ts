/** An intersection of objects is one object, wherever its fields are looked for. */
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { createClient, createService, defineContract, instant, mutation, query } from '../../src/core.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { composeHandlers, listen, type HttpServer } from '../../src/http/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

const Stamped = z.object({ at: instant() });
const Choice = Stamped.and(z.union([z.object({ kind: z.literal('a'), a: z.string() }), z.object({ kind: z.literal('b'), b: z.int32() })]));
const contract = defineContract({
  name: 'joined',
  operations: {
    visit: query({
      input: z.object({ room: z.string() }).and(z.object({ page: z.int32().optional() })),
      output: z.object({ room: z.string() }).and(Stamped),
      http: 'GET /rooms/{room}',
    }),
    choose: mutation({ input: z.object({ choice: Choice }), output: Choice, http: 'POST /choices' }),
  },
});

const AT = new Date('2026-01-31T12:00:00Z');
const service = createService(contract, { visit: ({ room }) => ({ room, at: AT }), choose: ({ choice }) => choice });

let server: HttpServer;
beforeAll(async () => {
  server = await listen(composeHandlers(restHandler(service), graphqlHandler(service)), { port: 0 });
});
afterAll(async () => {
  await server.close();
  await service.close();
});

describe.each(['rest', 'graphql'] as const)('an intersection over %s', (protocol) => {
  const open = () => createClient({ contract, transport: protocol === 'rest' ? rest({ url: server.url }) : graphql({ url: server.url }) });

  it('has the fields of both sides, of which one may be in the path', async () => {
    await using client = open();
    const visit = await client.visit({ room: 'a/b', page: 2 });
    expectTypeOf(visit.at).toEqualTypeOf<Date>();
    expect(visit).toEqual({ room: 'a/b', at: AT });
  });

  it('can be selected from', async () => {
    await using client = open();
    expect(await client.visit({ room: 'x' }, { select: { at: true } })).toEqual({ at: AT });
  });

  it('with a union is each of its variants', async () => {
    await using client = open();
    for (const choice of [{ at: AT, kind: 'a', a: 'x' } as const, { at: AT, kind: 'b', b: 5 } as const])
      expect(await client.choose({ choice })).toEqual(choice);
  });
});
