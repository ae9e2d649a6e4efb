import { describe, expect, it, onTestFinished } from 'vitest';
import { createClient, createService, defineContract, event, query, stream } from '../../src/index.ts';
import { ApiError } from '../../src/index.ts';
import { listen } from '../../src/http/node/listen.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { z } from 'zod';

const contract = defineContract({
  name: 'stacks',
  operations: {
    fail: query({ input: z.object({}), output: z.object({}), http: 'GET /fail' }),
    wait: query({ input: z.object({}), output: z.object({}), http: 'GET /wait' }),
    items: stream({ input: z.object({}), item: z.object({ n: z.int32() }), http: 'GET /items' }),
  },
  events: { thing: event({ channel: 'things', payload: z.object({ n: z.int32() }) }) },
});

async function open() {
  const service = createService({
    contract,
    context: ({ member }) => {
      if (member?.name === 'thing') throw new ApiError('PERMISSION_DENIED', 'not yours');
    },
    handlers: {
      fail: () => {
        throw new ApiError('NOT_FOUND', 'not here');
      },
      wait: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      async *items() {
        yield { n: 1 };
        throw new ApiError('ABORTED', 'half way');
      },
    },
  });
  const server = await listen(restHandler(service));
  const client = createClient({ contract, transport: rest({ url: server.url }) });
  onTestFinished(async () => {
    await client.close();
    await server.close();
    await service.close();
  });
  return client;
}

type Opened = Awaited<ReturnType<typeof open>>;

/** Each fails while it is waited for. Its name stands in the stack. */
const waits: readonly (readonly [name: string, code: string, wait: (client: Opened) => Promise<unknown>])[] = [
  ['callerOfFail', 'NOT_FOUND', async function callerOfFail(client) {
    return await client.fail({});
  }],
  ['callerOfSafe', 'NOT_FOUND', async function callerOfSafe(client) {
    const outcome = await client.fail.safe({});
    throw outcome.ok ? new Error('it did not fail') : outcome.error;
  }],
  ['callerInTime', 'DEADLINE_EXCEEDED', async function callerInTime(client) {
    return await client.wait({}, { timeoutMs: 50 });
  }],
  ['callerOfItems', 'ABORTED', async function callerOfItems(client) {
    for await (const { n } of client.items({})) expect(n).toBe(1);
  }],
  ['listenerOfThings', 'PERMISSION_DENIED', async function listenerOfThings(client) {
    return await client.onThing(() => {});
  }],
  ['loopOverThings', 'PERMISSION_DENIED', async function loopOverThings(client) {
    for await (const { n } of client.onThing()) expect(n).toBe(1);
  }],
]; // prettier-ignore

describe('the stack of an error leads to the code that waits for it', () => {
  it.each(waits)('%s', async (name, code, wait) => {
    const error = await wait(await open()).catch((reason: unknown) => reason as ApiError);
    expect(error).toMatchObject({ code, stack: expect.stringContaining(`${name} (`) as string });
    expect((error as ApiError).stack?.split('\n')[0]).toBe(`ApiError: ${(error as ApiError).message}`);
  });
});
