/** Services whose answers come from their contract. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { conformanceContract } from '../../src/conformance/index.ts';
import { listen } from '../../src/http/index.ts';
import { blogContract } from '../../src/blog/index.ts';
import { createClient, defineContract, event, isApiError, mutation, query, stream } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { compileReceive } from '../../src/schema/codec/codec.ts';
import { seededRandom } from '../../src/schema/sample/random.ts';
import { sampleOf } from '../../src/schema/sample/sample.ts';
import { describeContract } from '../../src/schema/view.ts';
import { mockService } from '../../src/testing/index.ts';

const User = z.object({
  id: z.int32(),
  name: z
    .string()
    .min(2)
    .meta({ examples: ['Ada', 'Grace'] }),
  email: z.email(),
  code: z.string().regex(/^[A-Z]{3}-\d{2}$/),
  role: z.enum(['admin', 'guest']),
});
const contract = defineContract({
  name: 'people',
  operations: {
    getUser: query({
      input: z.object({ id: z.int32() }),
      output: User,
      errors: { NOT_FOUND: true, LOCKED: { code: 'FAILED_PRECONDITION', details: z.object({ until: z.iso.datetime() }) } },
    }),
    listUsers: query({
      input: z.object({ limit: z.int32().min(1).max(50).default(20), after: z.int32().optional() }),
      output: z.array(User),
      pagedBy: 'id',
    }),
    addUser: mutation({ input: z.object({ name: z.string() }), output: User }),
    odd: query({
      output: z.object({
        n: z
          .int32()
          .min(1)
          .max(50)
          .refine((n) => n % 7 === 3),
      }),
    }),
    never: query({ output: z.object({ n: z.int32().refine(() => false) }) }),
    watch: stream({ item: User }),
  },
  events: { userAdded: event({ channel: 'users/added', payload: User, writtenBy: 'addUser' }) },
});

function mocked(...args: Parameters<typeof mockService<typeof contract>> extends [unknown, ...infer R] ? R : never) {
  const service = mockService(contract, ...args);
  onTestFinished(() => service.close(0));
  const client = createClient({ contract, transport: service });
  onTestFinished(() => client.close());
  return { service, client };
}

describe('mockService', () => {
  it('answers with samples of the schemas, examples first, which take over what was asked for', async () => {
    const { client } = mocked();
    const user = await client.getUser({ id: 7 });
    expect(user.id).toBe(7);
    expect(['Ada', 'Grace']).toContain(user.name);
    expect(User.safeParse(user).success).toBe(true);
  });

  it('gives the same answers for the same seed and input, and others for another seed', async () => {
    const [a, b, c] = [mocked(), mocked(), mocked({}, { seed: 2 })];
    const answers = await Promise.all([a, b, c].map(({ client }) => client.getUser({ id: 1 })));
    expect(answers[0]).toEqual(answers[1]);
    expect(await a.client.getUser({ id: 1 })).toEqual(answers[0]);
    expect(answers[0]).not.toEqual(answers[2]);
    expect((await a.client.addUser({ name: 'Zoe' })).name).toBe('Zoe');
    expect((await a.client.addUser({ name: 'Zoe' })).id).not.toBe((await a.client.addUser({ name: 'Zoe' })).id);
  });

  it('looks for samples that refinements accept, and says what is missing if there are none', async () => {
    const { client } = mocked();
    expect((await client.odd()).n % 7).toBe(3);
    await expect(client.never()).rejects.toThrow(/no sample for the output of never.*examples/);
  });

  it('uses the handlers that are given, and refuses those of no operation', async () => {
    const { client } = mocked({ odd: () => ({ n: 10 }) });
    expect(await client.odd()).toEqual({ n: 10 });
    expect(() => mockService(contract, { nothing: () => 1 } as never)).toThrow(/'nothing' is not an operation/);
    expect(() => mockService(contract, { odd: 1 } as never)).toThrow(/handler of odd is not a function/);
    expect(() => mockService(contract, {}, { delayMs: -1 })).toThrow(/delayMs/);
  });

  it('pages, and comes to an end', async () => {
    const { client } = mocked();
    const ids = [];
    for await (const { id } of client.listUsers({ limit: 2 })) ids.push(id);
    expect(ids.length).toBe(1);
  });

  it('fails on demand: codes, declared errors with valid details, and only as often as asked', async () => {
    const { client, service } = mocked();
    service.fail('getUser', 'UNAVAILABLE', { times: 2, retryAfterMs: 5 });
    for (let at = 0; at < 2; at++) await expect(client.getUser({ id: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 5 });
    expect((await client.getUser({ id: 1 })).id).toBe(1);
    service.fail('getUser', 'LOCKED');
    const error: unknown = await client.getUser({ id: 1 }).catch((thrown: unknown) => thrown);
    if (!isApiError(error, contract.operations.getUser, 'LOCKED')) throw error;
    expect(Date.parse(error.details.until)).toBeGreaterThan(0);
    service.fail('getUser', 'LOCKED', { details: { until: '2030-01-01T00:00:00Z' } });
    await expect(client.getUser({ id: 1 })).rejects.toMatchObject({ details: { until: '2030-01-01T00:00:00Z' } });
    expect(() => service.fail('getUser', 'NONE' as never)).toThrow(/neither an error code nor/);
    expect(() => service.fail('nothing' as never, 'INTERNAL')).toThrow(/no operation 'nothing'/);
  });

  it('remembers its calls until it is reset', async () => {
    const { client, service } = mocked();
    await client.listUsers({}, { headers: { 'x-a': 'b' } });
    expect(service.calls).toMatchObject([{ operation: 'listUsers', input: { limit: 20 }, headers: { 'x-a': 'b' } }]);
    service.fail('odd', 'INTERNAL');
    service.reset();
    expect(service.calls).toEqual([]);
    await client.odd();
  });

  it('publishes events on demand, and those that its operations write', async () => {
    const { client, service } = mocked();
    const heard: unknown[] = [];
    const stop = await client.onUserAdded((user) => void heard.push(user));
    const published = await service.emit('userAdded', { id: 99 });
    const added = await client.addUser({ name: 'Zoe' });
    await stop();
    expect(heard).toEqual([published, added]);
    expect(heard[0]).toMatchObject({ id: 99 });
    await expect(service.emit('userAdded', { id: 'x' } as never)).rejects.toThrow(TypeError);
  });

  it('gives as many items of a stream as are asked for', async () => {
    const { client } = mocked({}, { items: 4 });
    const items = [];
    for await (const item of client.watch()) items.push(item);
    expect(items.length).toBe(4);
  });

  it('accepts any credentials for the schemes of the contract, and none is still refused', async () => {
    const secured = defineContract({
      name: 'safe',
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      security: 'token',
      operations: { read: query({ output: z.string() }) },
    });
    const service = mockService(secured);
    onTestFinished(() => service.close(0));
    const client = createClient({ contract: secured, transport: service });
    expect(await client.read(undefined, { headers: { authorization: 'Bearer any' } })).toEqual(expect.any(String));
    await expect(client.read()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await client.close();
  });

  it('mocks every operation of the Blog and of the conformance contract over the wire', async () => {
    const unread: string[] = [];
    for (const each of [blogContract, conformanceContract]) {
      const service = mockService(each);
      const server = await listen(restHandler(service));
      const client = createClient({ contract: each, transport: rest({ url: server.url }) }) as unknown as Record<
        string,
        (input: unknown) => Promise<unknown>
      >;
      const { operations } = describeContract(each);
      const called: string[] = [];
      for (const { name, item, input: schema } of Object.values(each.operations)) {
        const node = operations.get(name)?.input;
        if (item) continue;
        const read = schema && node && (await compileReceive(schema)(sampleOf({ node, nullable: false, meta: {} }, seededRandom(1))));
        if (read?.issues) {
          unread.push(name);
          continue;
        }
        await client[name]?.(read?.value);
        called.push(name);
      }
      expect(service.calls.map(({ operation }) => operation)).toEqual(called);
      await client['close']?.(undefined);
      await server.close(0);
      await service.close(0);
    }
    // It takes files of one type only, which its description does not say.
    expect(unread).toEqual(['sendSmallImage']);
  });
});
