/** `createService` with one object, in which `context` tells handlers its type. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, query, type ContextInfo, type Handlers } from '../../src/index.ts';

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

  it('takes handlers that were typed before, in all forms, and demands the context that they read', async () => {
    const me: Pick<Handlers<typeof contract, { uid: number }>, 'me'> = { me: (_, call) => call.context.uid };
    const add: Pick<Handlers<typeof contract, { base: number }>, 'add'> = { add: ({ a }, { context }) => a + context.base };
    const handlers = { ...me, ...add };
    const services = [
      createService({ contract, context: ({ headers }) => ({ uid: Number(headers['x-user']), base: 1 }), handlers }),
      createService(contract, handlers, { context: async ({ headers }) => ({ uid: Number(headers['x-user']), base: 1 }) }),
      createService({
        contract,
        context: ({ headers }) => ({ uid: Number(headers['x-user']), base: 1 }),
        handlers: { ...me, add: ({ a }, { context }) => a + context.base },
      }),
    ];
    for (const service of services) {
      await using client = createClient({ contract, transport: service });
      const headers = { 'x-user': '7' };
      expect([await client.me(undefined, { headers }), await client.add({ a: 1 }, { headers })]).toEqual([7, 2]);
      await service.close();
    }
    // @ts-expect-error nothing gives the context
    createService({ contract, handlers });
    // @ts-expect-error nothing gives the context
    createService(contract, handlers, { graceMs: 1 });
    // @ts-expect-error nothing gives the context
    createService(contract, handlers);
    // @ts-expect-error the context lacks a member
    createService({ contract, context: ({ headers }) => ({ uid: Number(headers['x-user']) }), handlers });
    const all: Handlers<typeof contract, { token: { user: number } }> = { me: (_, call) => call.context.token.user, add: ({ a }) => a };
    // Grants are the context of a service that has no other. This contract has no such scheme.
    expect(() => createService(contract, all, { security: { token: () => ({ user: 1 }) } })).toThrow('security.token');
  });

  it('needs the type of the parameter of context if handlers that use it are written before', () => {
    const add = ({ a }: { a: number }) => a;
    createService(contract, { me: (_, call) => call.context.uid, add }, { context: () => ({ uid: 1 }) });
    createService(contract, { me: (_, call) => call.context.uid, add }, { context: (_: ContextInfo) => ({ uid: 1 }) });
    // @ts-expect-error TypeScript reads arguments from left to right, and makes `never` of a context that it has not read
    createService(contract, { me: (_, call) => call.context.uid, add }, { context: (info) => ({ uid: info.headers.a ? 1 : 2 }) });
    createService(contract, { me: () => 1, add: ({ a }) => a }, { context: ({ headers }) => headers, caller: ({ context }) => context.a });
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
