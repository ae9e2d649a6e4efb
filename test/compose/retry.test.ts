import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { retry } from '../../src/compose/index.ts';
import { listen } from '../../src/http/index.ts';
import { ApiError, createClient, createService, defineContract, mutation, query } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

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

  it('lets a try that gets no answer give way to the next one, if the call may be repeated', async () => {
    const schema = { input: z.object({ id: z.int32() }), output: z.object({ tries: z.int32() }) };
    const slow = defineContract({ name: 'slow', operations: { read: query(schema), write: mutation(schema) } });
    let tries = 0;
    const answer = async ({ id }: { id: number }, call: { signal: AbortSignal }) => {
      if (++tries < id) await new Promise<void>((_, reject) => call.signal.addEventListener('abort', () => reject(new Error('left'))));
      return { tries };
    };
    const service = createService(slow, { read: answer, write: answer }, { onError: () => {} });
    const server = await listen(restHandler(service));
    onTestFinished(() => server.close(0));
    const transport = retry(rest({ url: server.url }), { attemptTimeoutMs: 100, baseDelayMs: 0, attempts: 4 });
    const client = createClient({ contract: slow, transport });
    onTestFinished(() => client.close());
    expect(await client.read({ id: 3 })).toEqual({ tries: 3 });
    tries = 0;
    expect(await client.write({ id: 2 }, { idempotencyKey: 'k' })).toEqual({ tries: 2 });
    tries = 0;
    await expect(client.read({ id: 9 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(tries).toBe(4);
    // A mutation without a key might run twice: it has the whole time of the call.
    tries = 0;
    await expect(client.write({ id: 2 }, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(tries).toBe(1);
    // The call's deadline ends all tries.
    tries = 0;
    await expect(client.read({ id: 9 }, { timeoutMs: 150 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(tries).toBeLessThan(4);
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
