/* eslint-disable @typescript-eslint/no-misused-promises -- programs do it, and it is tested here */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ApiError, createClient, createService, defineContract, query } from '../../src/index.ts';
import { z } from 'zod';
import { contract, FAST, fake, open } from './support.ts';

/** A rejection that nobody hears fails the run of all tests. */
describe('async functions of the program that reject', () => {
  const bug = new Error('a bug');
  const rejects = () => Promise.reject(bug);

  it('are told to onError: onResponse, onDeprecated and onGap', async () => {
    const deprecated = defineContract({
      name: 'shop',
      operations: { ...contract.operations, old: query({ output: z.object({ cents: z.int32() }), deprecated: true }) },
      events: contract.events,
    });
    const { transport, subscriptions } = fake({
      call: async (request) => (request.onResponse?.({ headers: {} }), { cents: 1 }),
    });
    const onError = vi.fn();
    const client = createClient({
      contract: deprecated,
      transport: { ...transport, contract: deprecated },
      onError,
      onDeprecated: rejects,
      reconnect: FAST,
    });
    onTestFinished(() => client.close());
    expect(await client.getPrice({ id: 1 }, { onResponse: rejects })).toEqual({ cents: 1 });
    expect(onError.mock.calls).toEqual([[bug]]);
    expect(await client.old()).toEqual({ cents: 1 });
    await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(2));
    await client.onPriceChanged(() => {}, { onGap: rejects });
    subscriptions[0]?.sink.gap();
    await vi.waitFor(() => expect(onError.mock.calls).toEqual([[bug], [bug], [bug]]));
  });

  it('are told to onError: a listener that gives a thenable, as query builders are', async () => {
    const { transport, subscriptions } = fake({});
    const onError = vi.fn();
    const client = createClient({ contract, transport, onError });
    onTestFinished(() => client.close());
    const builder = { then: (_: unknown, reject: (error: Error) => void) => reject(bug) };
    await client.onPriceChanged(() => builder);
    for (const { sink } of subscriptions) open(sink, 1);
    await vi.waitFor(() => expect(onError.mock.calls).toEqual([[bug]]));
  });

  it('are printed: onError itself, of a client and of a service', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const service = createService({
      contract,
      onError: rejects,
      handlers: {
        getPrice: () => {
          throw new TypeError('broken');
        },
        reset: () => {},
      },
    });
    const client = createClient({ contract, transport: service, onError: rejects });
    await expect(client.getPrice({ id: 1 })).rejects.toMatchObject({ code: 'INTERNAL' });
    await vi.waitFor(() => expect(printed.mock.calls).toEqual([[bug]]));
    await client.onPriceChanged(() => rejects());
    await service.publish('priceChanged', { cents: 1 });
    await vi.waitFor(() => expect(printed.mock.calls).toEqual([[bug], [bug]]));
    await client.close();
    await service.close();
  });

  it('may be the end of a subscription that nobody can read', async () => {
    const { transport, subscriptions } = fake({});
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const client = createClient({ contract, transport });
    await client.onPriceChanged(() => {}, { onError: rejects });
    subscriptions[0]?.sink.end(new ApiError('PERMISSION_DENIED', 'no more'));
    await vi.waitFor(() => expect(printed.mock.calls).toEqual([[bug]]));
    await client.close();
  });
});
