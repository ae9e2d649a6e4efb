import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, createService, defineContract, isApiError, mutation, query, type Handlers } from '../../src/index.ts';
import { printProto } from '../../src/grpc/server.ts';
import { openApi } from '../../src/rest/server.ts';
import { graphqlSchema } from '../../src/graphql/server.ts';
import { wsdl } from '../../src/soap/server.ts';

const shop = defineContract({
  name: 'shop',
  operations: {
    order: mutation({
      input: z.object({ item: z.string(), count: z.int32() }),
      output: z.object({ left: z.int32() }),
      errors: {
        NOT_FOUND: true,
        OUT_OF_STOCK: {
          code: 'FAILED_PRECONDITION',
          details: z.object({ left: z.int32(), from: z.string().default('the shelf') }),
          description: 'Fewer are left than were ordered.',
        },
        SOLD_OUT: { code: 'FAILED_PRECONDITION' },
      },
    }),
    find: query({ input: z.object({ item: z.string() }), output: z.string(), errors: ['NOT_FOUND'] }),
    hello: query({ output: z.string() }),
  },
});
const { order, find } = shop.operations;
type Order = Handlers<typeof shop>['order'];

function open(handler: Order) {
  const reports = vi.fn();
  const service = createService(shop, { order: handler, find: () => 'here', hello: () => 'hi' }, { onError: reports });
  const client = createClient({ contract: shop, transport: service });
  closing.push(() => client.close());
  return { client, reports };
}
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('typed errors', () => {
  it('are made by the call, narrow for the caller, and have their defaults filled in', async () => {
    const { client } = open((_, { errors }) => {
      throw errors.OUT_OF_STOCK({ left: 3 });
    });
    const error = await failure(client.order({ item: 'a', count: 4 }));
    if (!isApiError(error, order, 'OUT_OF_STOCK')) throw error;
    expectTypeOf(error.code).toEqualTypeOf<'FAILED_PRECONDITION'>();
    expectTypeOf(error.reason).toEqualTypeOf<'OUT_OF_STOCK'>();
    expectTypeOf(error.details.left).toEqualTypeOf<number>();
    expect(error).toMatchObject({ details: { left: 3, from: 'the shelf' }, text: 'Fewer are left than were ordered.' });
    expect(error.toJSON()).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'OUT_OF_STOCK' });
    expect(isApiError(error, order, 'SOLD_OUT')).toBe(false);
  });

  it('are none if the operation declares none', () => {
    expectTypeOf<keyof (typeof shop.operations.hello)['errors']>().toEqualTypeOf<never>();
    expect(Object.keys(shop.operations.hello.errors)).toEqual([]);
  });

  it('follow the contract in their types', () => {
    const types = (check: () => void) => void check;
    types(() => {
      const handler: Order = (_, { errors }) => {
        // @ts-expect-error the details are needed
        errors.OUT_OF_STOCK();
        // @ts-expect-error left is a number
        errors.OUT_OF_STOCK({ left: 'three' });
        // @ts-expect-error it has no details
        errors.SOLD_OUT({ left: 3 });
        // @ts-expect-error it is not declared
        errors.ABORTED();
        throw errors.NOT_FOUND({ text: 'no such item' });
      };
      void handler;
      const thrown: unknown = undefined;
      // @ts-expect-error order declares no such error
      isApiError(thrown, order, 'ABORTED');
      isApiError(thrown, find, 'NOT_FOUND');
    });
  });

  it('come as values from safe, told apart by their reasons', async () => {
    const { client } = open(({ count }, { errors }) => {
      if (count > 3) throw errors.OUT_OF_STOCK({ left: 3 });
      return { left: 3 - count };
    });
    const fine = await client.order.safe({ item: 'a', count: 1 });
    expect(fine).toEqual({ ok: true, output: { left: 2 } });
    const failed = await client.order.safe({ item: 'a', count: 4 });
    if (failed.ok) throw new Error('it succeeded');
    expectTypeOf(failed.error.reason).toEqualTypeOf<'OUT_OF_STOCK' | 'SOLD_OUT' | undefined>();
    if (failed.error.reason !== 'OUT_OF_STOCK') throw failed.error;
    expectTypeOf(failed.error.details.from).toEqualTypeOf<string>();
    expect(failed.error.details.left).toBe(3);
  });

  it('that break their contract are their code alone, and reported', async () => {
    const { client, reports } = open(() => {
      throw new ApiError('FAILED_PRECONDITION', 'odd', { reason: 'OUT_OF_STOCK', details: { left: 'SECRET' } });
    });
    const error = await failure(client.order({ item: 'a', count: 1 }));
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', text: 'odd' });
    expect(JSON.stringify(error)).not.toContain('SECRET');
    expect(isApiError(error) && error.reason).toBe(undefined);
    const [[report]] = reports.mock.calls as [[{ error: Error; member: string }]];
    expect(report).toMatchObject({ member: 'order', error: { message: expect.stringMatching(/OUT_OF_STOCK.*left/) as string } });
  });

  it('may have asynchronous checks of their details', async () => {
    const contract = defineContract({
      name: 'slow',
      operations: {
        fail: mutation({
          input: z.object({ left: z.int32() }),
          errors: { LOW: { code: 'ABORTED', details: z.object({ left: z.int32().refine(async (left) => left > 0) }) } },
        }),
      },
    });
    const service = createService(
      contract,
      {
        fail: ({ left }, { errors }) => {
          throw errors.LOW({ left });
        },
      },
      { onError: () => {} },
    );
    const client = createClient({ contract, transport: service });
    closing.push(() => client.close());
    expect(await failure(client.fail({ left: 1 }))).toMatchObject({ code: 'ABORTED', reason: 'LOW' });
    expect(await failure(client.fail({ left: 0 }))).not.toHaveProperty('reason');
  });

  it.each([
    ['a code with details', { NOT_FOUND: { code: 'NOT_FOUND', details: z.object({}) } }, /'NOT_FOUND': this is a code/],
    ['a name in small letters', { outOfStock: { code: 'ABORTED' } }, /'outOfStock': use up to 63 capital letters/],
    ['a name without a code', { LOW: true }, /'LOW': write \{ code \}/],
    ['details that are no object', { LOW: { code: 'ABORTED', details: z.string() } }, /'LOW': the details must be an object/],
  ])('are refused when the contract is defined: %s', (_, errors, message) => {
    expect(() => defineContract({ name: 'bad', operations: { go: mutation({ errors: errors as never }) } })).toThrow(message);
  });
});

describe('descriptions of typed errors', () => {
  it('stand in OpenAPI by status, with their details', () => {
    const { paths } = openApi(shop) as unknown as { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> };
    const responses = paths['/order']?.['post']?.responses ?? {};
    expect(JSON.stringify(responses['400'])).toContain('"reason":{"const":"OUT_OF_STOCK"}');
    expect(JSON.stringify(responses['400'])).toContain('Fewer are left');
  });

  it('stand in the SDL, the WSDL and the .proto file', () => {
    const words = 'Fails with OUT_OF_STOCK (FAILED_PRECONDITION, details: left, from): Fewer are left than were ordered.';
    expect(graphqlSchema(shop)).toContain(words);
    expect(printProto(shop)).toContain(words);
    expect(wsdl(shop, 'http://localhost/soap')).toContain('<wsdl:fault name="OrderOutOfStockFault"');
  });
});
