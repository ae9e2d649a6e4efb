/** Middleware around calls and subscriptions, on both sides of a wire. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { bulkhead, limit, logging, memoryLimitStore, timeout, use, type LogFields, type Middleware } from '../../src/compose/index.ts';
import { listen } from '../../src/http/index.ts';
import { ApiError, createClient, createService, defineContract, event, mutation, query, stream, type Transport } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

const contract = defineContract({
  name: 'tasks',
  operations: {
    echo: query({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
    fail: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
    hang: query({ output: z.string() }),
    count: stream({ input: z.object({ to: z.int32() }), item: z.object({ n: z.int32() }) }),
  },
  events: { said: event({ channel: 'said', payload: z.object({ text: z.string() }) }) },
});

function makeService() {
  const aborted: unknown[] = [];
  const release: (() => void)[] = [];
  const service = createService(contract, {
    echo: ({ text }) => ({ text }),
    fail: ({ text }) => {
      throw new ApiError('NOT_FOUND', text);
    },
    hang: (_, call) =>
      new Promise((resolve, reject) => {
        release.push(() => resolve('done'));
        call.signal.addEventListener('abort', () => {
          aborted.push(call.signal.reason);
          reject(call.signal.reason as Error);
        });
      }),
    async *count({ to }) {
      for (let n = 1; n <= to; n++) yield { n };
    },
  });
  onTestFinished(() => service.close(0));
  return { service, aborted, release };
}

async function over(transport: Transport) {
  const server = await listen(restHandler(transport));
  onTestFinished(() => server.close(0));
  const client = createClient({ contract, transport: rest({ url: server.url }), reconnect: { baseDelayMs: 0, maxDelayMs: 1 } });
  onTestFinished(() => client.close());
  return client;
}

describe('use', () => {
  it('stands around calls, streams and subscriptions of a service, the first outermost', async () => {
    const { service } = makeService();
    const order: string[] = [];
    const name = (label: string): Middleware => ({
      async call(request, next) {
        order.push(`${label} ${request.operation.name}`);
        const output = await next(request);
        order.push(`${label} done`);
        return output;
      },
      async subscribe(request, sink, next) {
        order.push(`${label} ${request.operation ? request.operation.name : request.event.name}`);
        await next(request, sink);
      },
    });
    const seen: string[] = [];
    const client = await over(
      use(service, name('a'), name('b'), async (request, next) => {
        seen.push(request.operation ? request.operation.name : 'event');
        return next(request);
      }),
    );
    expect(await client.echo({ text: 'x' })).toEqual({ text: 'x' });
    const stop = await client.onSaid(() => {});
    const items = [];
    for await (const item of client.count({ to: 2 })) items.push(item);
    await stop();
    expect(items).toEqual([{ n: 1 }, { n: 2 }]);
    expect(order).toEqual(['a echo', 'b echo', 'b done', 'a done', 'a said', 'b said', 'a count', 'b count']);
    expect(seen).toEqual(['echo', 'event', 'count']);
  });

  it('stands around an adapter, and may change headers and answer itself', async () => {
    const { service } = makeService();
    const server = await listen(
      restHandler(
        use(service, async (request, next) => {
          if (request.headers['x-tenant'] !== 'acme') throw new ApiError('PERMISSION_DENIED', 'not a tenant');
          return next(request);
        }),
      ),
    );
    onTestFinished(() => server.close(0));
    const transport = use(rest({ url: server.url }), {
      call: (request, next) =>
        request.operation.name === 'hang'
          ? Promise.resolve('answered')
          : next({ ...request, headers: { ...request.headers, 'x-tenant': 'acme' } }),
    });
    const client = createClient({ contract, transport });
    expect(await client.echo({ text: 'x' })).toEqual({ text: 'x' });
    expect(await client.hang()).toBe('answered');
    await client.close();
    expect(() => use(service, 'logging' as never)).toThrow('each middleware is a function');
  });
});

describe('a mistake', () => {
  it('of middleware that would change nothing is told where it is made', () => {
    const { service } = makeService();
    const options = { perSecond: 2 } as unknown as Middleware;
    expect(() => use(service, options)).toThrow('use: each middleware is a function (request, next) => …, or { call, subscribe }');
    const mistyped = timeout({ afterMs: 20, operations: { hnag: 5 } });
    expect(() => use(service, mistyped)).toThrow("timeout: the contract tasks has no operation 'hnag', do you mean 'hang'?");
    expect(() => use(rest({ url: 'http://127.0.0.1:1' }), mistyped)(contract)).toThrow("do you mean 'hang'?");
  });
});

describe('logging', () => {
  const collect = () => {
    const lines: [level: string, fields: LogFields, message: string][] = [];
    const to = (level: string) => (fields: LogFields, message: string) => void lines.push([level, fields, message]);
    return { lines, logger: { info: to('info'), warn: to('warn'), error: to('error') } };
  };

  it('writes one line a call, without secrets and control characters', async () => {
    const { service } = makeService();
    const { lines, logger } = collect();
    const client = await over(use(service, logging({ logger })));
    await client.echo({ text: 'password' }, { headers: { 'x-request-id': 'r-1' } });
    await client.fail({ text: 'line\n2 token=sk_live_12345678901234567890 \u001b[31m' }).catch(() => {});
    expect(lines).toMatchObject([
      ['info', { member: 'echo', kind: 'query', code: 'OK', requestId: 'r-1', protocol: 'rest', address: '127.0.0.1' }, 'echo OK'],
      ['info', { member: 'fail', kind: 'mutation', code: 'NOT_FOUND' }, 'fail NOT_FOUND'],
    ]);
    const text = JSON.stringify(lines);
    expect(text).not.toContain('password');
    expect(text).not.toContain('sk_live');
    expect(lines[1]?.[1].error).toBe('line\\u000a2 token=[redacted] \\u001b[31m');
  });

  it('writes a line when a stream or a subscription ends, with what was sent', async () => {
    const { service } = makeService();
    const { lines, logger } = collect();
    const client = await over(use(service, logging({ logger })));
    const heard: unknown[] = [];
    const stop = await client.onSaid((said) => void heard.push(said));
    for await (const _ of client.count({ to: 3 }));
    await service.publish('said', { text: 'a' });
    await expect.poll(() => heard.length).toBe(1);
    await stop();
    await expect.poll(() => lines.length).toBe(2);
    expect(lines.map(([, { member, kind, count }]) => [member, kind, count])).toEqual([
      ['count', 'stream', 3],
      ['said', 'event', 1],
    ]);
  });

  it('samples successes, and never errors; a logger that fails fails nothing', async () => {
    const { service } = makeService();
    const { lines, logger } = collect();
    const client = createClient({ contract, transport: use(service, logging({ logger, sample: 0 })) });
    await client.echo({ text: 'x' });
    await client.fail({ text: 'x' }).catch(() => {});
    expect(lines.length).toBe(1);
    expect(() => logging({ sample: 2 })).toThrow('sample must be a number from 0 to 1');
  });
});

describe('timeout', () => {
  it('ends a call and aborts its handler; other times for single operations', async () => {
    const { service, aborted } = makeService();
    const client = createClient({ contract, transport: use(service, timeout({ afterMs: 20, operations: { echo: Infinity } })) });
    await expect(client.hang()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(aborted).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }]);
    expect(await client.echo({ text: 'x' })).toEqual({ text: 'x' });
    expect(() => timeout({} as never)).toThrow('give the option afterMs');
  });

  it('leaves a shorter deadline and a cancellation of the caller as they are', async () => {
    const { service, aborted } = makeService();
    const client = createClient({ contract, transport: use(service, timeout({ afterMs: 60_000 })) });
    await expect(client.hang(undefined, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const controller = new AbortController();
    const call = client.hang(undefined, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(aborted).toMatchObject([{ code: 'DEADLINE_EXCEEDED' }, { code: 'CANCELLED' }]);
  });
});

describe('bulkhead', () => {
  it('lets so many run, keeps some waiting in order, and refuses more', async () => {
    const { service, release } = makeService();
    const client = createClient({
      contract,
      transport: use(service, bulkhead({ maxCalls: 1, maxWaiting: 1, by: ({ operation }) => operation.name })),
    });
    const first = client.hang();
    const second = client.hang();
    await expect(client.hang()).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', sent: false });
    expect(await client.echo({ text: 'another room' })).toEqual({ text: 'another room' });
    await expect.poll(() => release.length).toBe(1);
    release[0]?.();
    expect(await first).toBe('done');
    await expect.poll(() => release.length).toBe(2);
    release[1]?.();
    expect(await second).toBe('done');
  });

  it('gives the place back if what it stands around throws instead of rejecting', async () => {
    const { service } = makeService();
    const picky: Middleware = {
      call(request, next) {
        if ((request.input as { text: string }).text === 'no') throw new ApiError('NOT_FOUND', 'no');
        return next(request);
      },
    };
    const client = createClient({ contract, transport: use(service, bulkhead({ maxCalls: 1, maxWaiting: 0 }), picky) });
    for (let at = 0; at < 2; at++) await expect(client.echo({ text: 'no' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await client.echo({ text: 'yes' })).toEqual({ text: 'yes' });
  });

  it('forgets a caller that leaves while it waits', async () => {
    const { service, release } = makeService();
    const client = createClient({ contract, transport: use(service, bulkhead({ maxCalls: 1, maxWaiting: 1 })) });
    const first = client.hang();
    await expect(client.hang(undefined, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect.poll(() => release.length).toBe(1);
    release[0]?.();
    await first;
    expect(await client.echo({ text: 'free' })).toEqual({ text: 'free' });
  });
});

describe('limit', () => {
  it('gives each caller a share, and says how long to wait', async () => {
    const { service } = makeService();
    const by = ({ headers }: { readonly headers: Readonly<Record<string, string>> }) => headers['x-user'];
    const client = await over(use(service, limit({ perSecond: 0.5, burst: 2, by })));
    const as = (user: string) => client.echo({ text: user }, { headers: { 'x-user': user } });
    await Promise.all([as('ann'), as('ann')]);
    const error = (await as('ann').catch((failure: unknown) => failure)) as ApiError;
    expect(error.code).toBe('RESOURCE_EXHAUSTED');
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(await as('bob')).toEqual({ text: 'bob' });
    await expect(client.onSaid(() => {}, { headers: { 'x-user': 'ann' }, timeoutMs: 300 })).rejects.toBeInstanceOf(ApiError);
    for (let at = 0; at < 5; at++) await client.echo({ text: 'no share' });
  });

  it('takes a store of yours, and bounds its own', async () => {
    const { service } = makeService();
    const taken: unknown[] = [];
    const store = { take: async (...args: unknown[]) => (taken.push(args), taken.length > 1 ? 1500.2 : 0) };
    const client = createClient({ contract, transport: use(service, limit({ perSecond: 10, by: () => 'all', cost: () => 3, store })) });
    await client.echo({ text: 'x' });
    await expect(client.echo({ text: 'x' })).rejects.toMatchObject({ retryAfterMs: 1501 });
    expect(taken[0]).toEqual(['all', 3, { perSecond: 10, burst: 10 }]);
    const small = memoryLimitStore({ maxCallers: 1 });
    const share = { perSecond: 0.001, burst: 1 };
    expect([small.take('a', 1, share), small.take('b', 1, share), small.take('a', 1, share)]).toEqual([0, 0, 0]);
    expect(small.take('a', 2, share)).toBe(Infinity);
  });
});
