/** The types of a client's methods as other types see them; checked by the compiler. */
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.ts';
import { createClient, createService, defineContract, event, query } from '../../src/index.ts';

const User = z.object({ id: z.int32(), name: z.string(), tags: z.array(z.object({ label: z.string(), weight: z.int32() })) });
const contract = defineContract({
  name: 'shop',
  operations: {
    getUser: query({ input: z.object({ id: z.int32() }), output: User }),
    listUsers: query({ input: z.object({ q: z.string().optional() }), output: z.array(User) }),
    count: query({ output: z.int32() }),
  },
  events: { added: event({ channel: 'added', payload: User }) },
});
type User = z.infer<typeof User>;
const ann: User = { id: 1, name: 'Ann', tags: [{ label: 'a', weight: 1 }] };
const service = createService(contract, { getUser: () => ann, listUsers: () => [ann], count: () => 1 });
const client = createClient({ contract, transport: service });

describe('the type of a method', () => {
  it('gives its whole result and its input to ReturnType and Parameters', () => {
    expectTypeOf<Awaited<ReturnType<typeof client.getUser>>>().toEqualTypeOf<User>();
    expectTypeOf<Awaited<ReturnType<typeof client.listUsers>>>().toEqualTypeOf<User[]>();
    expectTypeOf<Awaited<ReturnType<typeof client.count>>>().toEqualTypeOf<number>();
    expectTypeOf<Parameters<typeof client.getUser>[0]>().toEqualTypeOf<{ id: number }>();
    expectTypeOf(client.getUser).toExtend<(input: { id: number }) => Promise<{ name: string }>>();
    expectTypeOf(client.count).toExtend<() => Promise<number>>();
  });

  it('gives what select names, and everything without it', async () => {
    const some = await client.getUser({ id: 1 }, { select: { name: true, tags: { label: true } }, timeoutMs: 1000 });
    expectTypeOf(some).toEqualTypeOf<{ name: string; tags: { label: string }[] }>();
    expect(some).toEqual({ name: 'Ann', tags: [{ label: 'a' }] });
    for (const options of [{ timeoutMs: 1000 }, { select: undefined }, undefined]) {
      const whole = await client.getUser({ id: 1 }, options);
      expectTypeOf(whole).toEqualTypeOf<User>();
      expect(whole).toEqual(ann);
    }
  });

  it('refuses what select cannot name', async () => {
    const unknown = { nam: true } as const;
    const unknownBelow = { select: { tags: { wait: true } } } as const;
    const refused = [
      // @ts-expect-error there is no such field
      client.getUser({ id: 1 }, { select: { nam: true } }),
      // @ts-expect-error not beside one that is there either
      client.listUsers({}, { select: { name: true, nam: true } }),
      // @ts-expect-error nor below
      client.getUser({ id: 1 }, { select: { tags: { wait: true } } }),
      // @ts-expect-error nor by a constant that has no other
      client.getUser({ id: 1 }, { select: unknown }),
      // @ts-expect-error nor by one below
      client.getUser({ id: 1 }, unknownBelow),
    ];
    for (const call of refused) await expect(call).rejects.toThrow('INVALID_ARGUMENT');
  });

  it('takes a listener that gives something back, which nobody reads', async () => {
    const names: string[] = [];
    const stop = await client.onAdded(({ name }) => names.push(name));
    await service.publish('added', ann);
    await until(() => names.length === 1);
    await stop();
    expect(names).toEqual(['Ann']);
  });
});
