/** Policy for calls: budgets and keys of retries, fallbacks, and queries that are sent once. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { dedupe, fallback, retry } from '../../src/compose/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { listen } from '../../src/http/index.ts';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  event,
  mutation,
  query,
  type Adapter,
  type CallRequest,
  type Contract,
  type ContextInfo,
  type Transport,
} from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';

const contract = defineContract({
  name: 'shop',
  operations: {
    pay: mutation({ input: z.object({ cents: z.int32() }), output: z.object({ paid: z.int32() }) }),
    look: query({ input: z.object({ id: z.int32() }), output: z.object({ id: z.int32(), tags: z.array(z.string()) }) }),
  },
  events: { sold: event({ channel: 'sold', payload: z.object({ id: z.int32() }) }) },
});

/** A transport that does with calls what a test says. */
function transport(call: (request: CallRequest, tries: number) => Promise<unknown>): Transport & { tries: number } {
  const made = {
    contract,
    name: 'test',
    tries: 0,
    call: (request: CallRequest) => call(request, ++made.tries),
    subscribe: () => Promise.reject(new ApiError('UNIMPLEMENTED', 'no events')),
    close: () => Promise.resolve(),
  };
  return made;
}
const down = () => Promise.reject(new ApiError('UNAVAILABLE', 'nothing listens there'));
const now = { baseDelayMs: 0, maxDelayMs: 0 };

describe('the budget of retries', () => {
  it('leaves calls with one try when a peer is down for long, and comes back by successes', async () => {
    const peer = transport((_, tries) => (tries <= 16 ? down() : Promise.resolve({ id: 1, tags: [] })));
    const client = createClient({ contract, transport: retry(peer, { ...now, budget: 2, attempts: 3 }) });
    const ask = () => client.look({ id: 1 }).catch((error: ApiError) => error.code);
    for (const tries of [3, 4, 5]) {
      expect(await ask()).toBe('UNAVAILABLE');
      expect(peer.tries).toBe(tries);
    }
    for (let at = 0; at < 22; at++) await ask();
    const before = peer.tries;
    expect(await ask()).toEqual({ id: 1, tags: [] });
    expect(peer.tries).toBe(before + 1);
  });
});

describe('automatic idempotency keys', () => {
  it('let a mutation be tried again: it runs once', async () => {
    let runs = 0;
    const service = createService(contract, { pay: ({ cents }) => (runs++, { paid: cents }), look: ({ id }) => ({ id, tags: [] }) });
    const lossy = transport(async (request, tries) => {
      const output = await service.call(request);
      return tries === 1 ? down() : output;
    });
    const client = createClient({ contract, transport: retry(lossy, { ...now, idempotencyKeys: true }) });
    expect(await client.pay({ cents: 7 })).toEqual({ paid: 7 });
    expect([runs, lossy.tries]).toEqual([1, 2]);
  });

  it('stop when the service says that it knows no callers', async () => {
    let runs = 0;
    const reports: unknown[] = [];
    const service = createService(
      contract,
      { pay: ({ cents }) => (runs++, { paid: cents }), look: ({ id }) => ({ id, tags: [] }) },
      { context: (_: ContextInfo) => ({}), onError: ({ error }) => reports.push(error) },
    );
    const server = await listen(restHandler(service));
    onTestFinished(() => server.close(0));
    const keys: unknown[] = [];
    const remote = rest({ url: server.url })(contract);
    const seen = transport((request) => {
      keys.push(typeof request.headers['idempotency-key']);
      return remote.call(request);
    });
    const client = createClient({ contract, transport: retry(seen, { ...now, idempotencyKeys: true }) });
    expect(await client.pay({ cents: 7 })).toEqual({ paid: 7 });
    expect(await client.pay({ cents: 8 })).toEqual({ paid: 8 });
    expect([runs, keys]).toEqual([2, ['string', 'undefined', 'undefined']]);
    await remote.close();
  });
});

describe('fallback', () => {
  const service = () => createService(contract, { pay: ({ cents }) => ({ paid: cents }), look: ({ id }) => ({ id, tags: [] }) });

  it('goes to REST within one deadline when a gRPC peer is dead, and comes back', async () => {
    const shop = service();
    const http = await listen(restHandler(shop));
    const first = await serveGrpc(shop, { port: 0 });
    const port = Number(first.address.split(':').pop());
    const used: string[] = [];
    const spy = (inner: Transport): Transport => ({
      ...transport((request) => {
        used.push(inner.name);
        return inner.call(request);
      }),
      subscribe: (request, sink) => (used.push(`${inner.name} events`), inner.subscribe(request, sink)),
      close: () => inner.close(),
    });
    const over =
      (adapter: Adapter<never>): Adapter =>
      (of: Contract) =>
        spy(adapter(of));
    const client = createClient({
      contract,
      transport: fallback([over(grpc({ url: first.address })), over(rest({ url: http.url }))], {
        failures: 1,
        openMs: 200,
        maxOpenMs: 200,
      }),
      timeoutMs: 5_000,
    });
    onTestFinished(async () => {
      await client.close();
      await http.close(0);
      await shop.close(0);
    });
    const look = () => client.look({ id: 1 });
    await look();
    await first.close(0);
    await look();
    await look();
    expect(used).toEqual(['grpc', 'grpc', 'rest', 'rest']);
    const heard: unknown[] = [];
    await client.onSold(({ id }) => void heard.push(id));
    await shop.publish('sold', { id: 5 });
    await expect.poll(() => heard).toEqual([5]);
    const second = await serveGrpc(shop, { port });
    onTestFinished(() => second.close(0));
    await expect.poll(async () => (await look(), used.at(-1)), { timeout: 10_000, interval: 50 }).toBe('grpc');
  });

  it('leaves a transport alone no longer because many calls failed at once', async () => {
    const first = transport((_, tries) => (tries <= 50 ? down() : Promise.resolve({ id: 1, tags: [] })));
    const second = transport(() => Promise.resolve({ id: 2, tags: [] }));
    const client = createClient({ contract, transport: fallback([first, second], { openMs: 20, maxOpenMs: 100_000 }) });
    await Promise.all(Array.from({ length: 50 }, () => client.look({ id: 1 })));
    await expect.poll(() => client.look({ id: 1 })).toEqual({ id: 1, tags: [] });
  });

  it('repeats no mutation that may have been run', async () => {
    const [first, second] = [transport(down), transport(() => Promise.resolve({ paid: 1 }))];
    const client = createClient({ contract, transport: fallback([first, second]) });
    await expect(client.pay({ cents: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(second.tries).toBe(0);
    expect(await client.pay({ cents: 1 }, { idempotencyKey: 'k' })).toEqual({ paid: 1 });
    const unsent = transport(() => Promise.reject(new ApiError('UNAVAILABLE', 'no route', { sent: false })));
    expect(await createClient({ contract, transport: fallback([unsent, second]) }).pay({ cents: 1 })).toEqual({ paid: 1 });
  });

  it('takes an answer for an answer, and leaves time for the next of one that hangs', async () => {
    const second = transport(() => Promise.resolve({ id: 2, tags: [] }));
    const refused = transport(() => Promise.reject(new ApiError('NOT_FOUND', 'no', { remote: true })));
    await expect(createClient({ contract, transport: fallback([refused, second]) }).look({ id: 1 })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(second.tries).toBe(0);
    const hanging = transport(() => new Promise(() => {}));
    const client = createClient({ contract, transport: fallback([hanging, second]), timeoutMs: 200 });
    expect(await client.look({ id: 2 })).toEqual({ id: 2, tags: [] });
    expect(() => fallback([] as never)).toThrow('give a list of transports');
  });
});

describe('dedupe', () => {
  it('tells each caller the headers of the answer', async () => {
    const service = createService(contract, {
      pay: ({ cents }) => ({ paid: cents }),
      look: async ({ id }, call) => {
        call.response.headers.set('x-seen', String(id));
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { id, tags: [] };
      },
    });
    const client = createClient({ contract, transport: dedupe(service) });
    const answers = await Promise.all([client.look.withResponse({ id: 1 }), client.look.withResponse({ id: 1 })]);
    expect(answers.map(({ headers }) => headers['x-seen'])).toEqual(['1', '1']);
  });

  it('sends equal queries in flight once; each caller has an output of its own', async () => {
    const releases: (() => void)[] = [];
    const peer = transport(
      ({ input }) => new Promise((resolve) => releases.push(() => resolve({ ...(input as { id: number }), tags: ['a'] }))),
    );
    const client = createClient({ contract, transport: dedupe(peer) });
    const calls = [
      client.look({ id: 1 }),
      client.look({ id: 1 }),
      client.look({ id: 2 }),
      client.look({ id: 1 }, { headers: { 'x-user': 'b' } }),
    ];
    expect(peer.tries).toBe(3);
    for (const release of releases) release();
    const outputs = await Promise.all(calls);
    outputs[0]?.tags.push('mine');
    expect(outputs[1]?.tags).toEqual(['a']);
    void client.look({ id: 1 });
    expect(peer.tries).toBe(4);
  });

  it('goes on for the others when one leaves, and is ended by the last', async () => {
    const aborted: unknown[] = [];
    let release: () => void = () => {};
    const peer = transport((request) => {
      request.signal.addEventListener('abort', () => aborted.push(request.signal.reason));
      return new Promise((resolve) => (release = () => resolve({ id: 1, tags: [] })));
    });
    const client = createClient({ contract, transport: dedupe(peer) });
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [first, second].map(({ signal }) => client.look({ id: 1 }, { signal, timeoutMs: Infinity }));
    first.abort();
    await expect(calls[0]).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(aborted).toEqual([]);
    release();
    expect(await calls[1]).toEqual({ id: 1, tags: [] });
    const again = client.look({ id: 1 }, { signal: second.signal, timeoutMs: Infinity });
    second.abort();
    await expect(again).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(aborted).toMatchObject([{ code: 'CANCELLED' }]);
  });
});
