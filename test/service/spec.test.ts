/** `createService` with one object, in which `context` tells handlers its type. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, query } from '../../src/index.ts';

const contract = defineContract({
  name: 'desk',
  operations: {
    me: query({ output: z.int32() }),
    add: query({ input: z.object({ a: z.int32() }), output: z.int32() }),
  },
});

describe('createService with one object', () => {
  it('knows the context in handlers, and in caller, without its parameter being annotated', async () => {
    const service = createService({
      contract,
      context: async ({ headers }) => ({ uid: Number(headers['x-user']) }),
      caller: ({ context }) => String(context.uid),
      handlers: {
        me: (_, call) => {
          expectTypeOf(call.context).toEqualTypeOf<{ uid: number }>();
          return call.context.uid;
        },
        add: ({ a }, { context }) => a + context.uid,
      },
    });
    await using client = createClient({ contract, transport: service });
    const headers = { 'x-user': '7' };
    expect([await client.me(undefined, { headers }), await client.add({ a: 1 }, { headers })]).toEqual([7, 8]);
    await service.close();
  });

  it('refuses what it does not know, and a second argument', () => {
    const handlers = { me: () => 1, add: () => 2 };
    expect(() => createService({ contract, handlers, contxt: () => 1 } as never)).toThrow("'contxt'");
    expect(() => createService({ contract } as never)).toThrow('handlers is an object');
    expect(() => createService({ contract, handlers } as never, handlers as never)).toThrow('there is one argument');
    expect(() => createService(contract as never)).toThrow('handlers is an object');
    // @ts-expect-error a handler is missing
    expect(() => createService({ contract, handlers: { me: () => 1 } })).toThrow("the operation 'add' has no handler");
  });
});
