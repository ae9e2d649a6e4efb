import { expect, it, describe } from 'vitest';
import { z } from 'zod';
import { retry } from '../../src/compose/index.ts';
import { ApiError, createClient, createService, defineContract, mutation } from '../../src/index.ts';

const contract = defineContract({
  name: 'shop',
  operations: { pay: mutation({ input: z.object({ cents: z.int32() }), output: z.object({ paid: z.int32() }) }) },
});

describe('retry', () => {
  it.each([{ attempts: 0 }, { attempts: NaN }, { baseDelayMs: NaN }, { maxDelayMs: -1 }])(
    'refuses %j, which would try for ever or never',
    (options) => {
      expect(() => retry(() => expect.fail(), options)).toThrow(TypeError);
    },
  );

  it('waits for the outcome of a keyed call that was cut off and still runs', async () => {
    let finish = (): void => {};
    let runs = 0;
    const service = createService(contract, {
      pay: async ({ cents }) => {
        runs++;
        await new Promise<void>((resolve) => (finish = resolve));
        return { paid: cents };
      },
    });
    let tries = 0;
    // The first answer is lost on its way; the second try finds the first call still running.
    const lossy = {
      contract,
      name: 'lossy',
      subscribe: () => Promise.reject(new ApiError('UNIMPLEMENTED', 'no events')),
      close: () => Promise.resolve(),
      async call(request: Parameters<typeof service.call>[0]) {
        tries++;
        const outcome = service.call(request);
        if (tries === 1) {
          outcome.catch(() => {});
          throw new ApiError('UNAVAILABLE', 'the connection broke');
        }
        try {
          return await outcome;
        } catch (error) {
          finish();
          throw (error as ApiError).with({ retryAfterMs: 0 });
        }
      },
    };
    const client = createClient({ contract, transport: retry(lossy, { baseDelayMs: 0, maxDelayMs: 0 }) });
    expect(await client.pay({ cents: 7 }, { idempotencyKey: 'k' })).toEqual({ paid: 7 });
    expect([runs, tries]).toEqual([1, 3]);
    await service.close();
  });

  it('is CANCELLED where the caller of a transport leaves while it waits', async () => {
    const away = {
      contract,
      name: 'away',
      call: () => Promise.reject(new ApiError('UNAVAILABLE', 'nothing listens there', { sent: false, retryAfterMs: 60_000 })),
      subscribe: () => expect.unreachable(),
      close: async () => {},
    };
    const caller = new AbortController();
    const request = { operation: contract.operations.pay, input: { cents: 1 }, signal: caller.signal, headers: {} };
    const call = retry(away).call(request);
    const left = new Error('left');
    setImmediate(() => caller.abort(left));
    await expect(call).rejects.toMatchObject({ name: 'ApiError', code: 'CANCELLED', cause: left });
  });
});
