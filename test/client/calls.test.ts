import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { cache, dedupe } from '../../src/compose/index.ts';
import { grpc } from '../../src/grpc/client.ts';
import { serveGrpc } from '../../src/grpc/server.ts';
import { type ApiError, createClient, createService, defineAdapter, defineContract, mutation, type Transport } from '../../src/index.ts';
import { codeOf, contract, fake } from './support.ts';

describe('calls', () => {
  it('hands the validated input, the headers, the deadline and a signal on', async () => {
    const { transport, calls } = fake({ call: async () => ({ cents: 1 }) });
    const client = createClient({ contract, transport, timeoutMs: 5000 });
    const before = performance.now();
    await client.getPrice({ id: 1, surplus: true } as never, { headers: { 'X-Trace': 't' }, idempotencyKey: 'k' });
    const [request] = calls;
    expect(request?.input).toEqual({ id: 1 });
    expect(request?.headers).toEqual({ 'x-trace': 't', 'idempotency-key': 'k' });
    expect(request?.deadline).toBeGreaterThanOrEqual(before + 5000);
    expect(request?.signal.aborted).toBe(false);
  });

  it('names itself and its time in the error of a deadline, and so does the start of a subscription', async () => {
    const never = () => new Promise<never>(() => {});
    const client = createClient({ contract, transport: fake({ call: never, subscribe: never }).transport });
    await expect(client.getPrice({ id: 1 }, { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      text: 'getPrice had no answer within 20 ms',
    });
    await expect(client.onPriceChanged(() => {}, { timeoutMs: 20 })).rejects.toMatchObject({
      text: 'onPriceChanged had no answer within 20 ms',
    });
  });

  it('makes UNKNOWN of what a transport throws beside ApiErrors, and keeps the cause', async () => {
    const cause = new TypeError('bug');
    const client = createClient({ contract, transport: fake({ call: () => Promise.reject(cause) }).transport });
    const error = await client.reset().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'UNKNOWN', cause });
    expect((error as ApiError).message).toContain('fake');
  });

  it('makes UNKNOWN of what a transport throws at once', async () => {
    const transport: Transport = {
      ...fake({}).transport,
      call: () => {
        throw new TypeError('bug');
      },
    };
    expect(await codeOf(createClient({ contract, transport }).reset())).toBe('UNKNOWN');
  });

  it('rejects, and never throws, for bad options', async () => {
    const client = createClient({ contract, transport: fake({}).transport });
    expect(await codeOf(client.reset(undefined, { timeoutMs: 0 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(client.reset(undefined, { headers: { host: 'x' } }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(client.onPriceChanged(() => {}, { timeoutMs: -1 }))).toBe('INVALID_ARGUMENT');
    for (const wrong of [{ timeoutMs: '500' }, { timeoutMs: null }, { signal: new AbortController() }, { signal: 'x' }]) {
      const options = wrong as object;
      expect(await codeOf(client.reset(undefined, options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(client.onPriceChanged(() => {}, options))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(client.onPriceChanged(options).next())).toBe('INVALID_ARGUMENT');
    }
    expect(await client.reset(undefined, { headers: { 'x-tenant': undefined } as never }).catch(String)).toContain('printable ASCII text');
    expect(await codeOf(client.onPriceChanged({ headers: { host: 'x' } }).next())).toBe('INVALID_ARGUMENT');
  });

  it('goes on if its onResponse throws, of which onError is told', async () => {
    const open = createService(contract, { getPrice: () => ({ cents: 1 }), reset: () => {} });
    const server = await serveGrpc(open, { port: 0 });
    onTestFinished(() => server.close(0));
    const answered = fake({ call: async (request) => (request.onResponse?.({ headers: {} }), { cents: 1 }) }).transport;
    for (const transport of [grpc({ url: server.address }), dedupe(answered), cache(answered)]) {
      const failures: unknown[] = [];
      const client = createClient({ contract, transport, onError: (error) => failures.push(error) });
      onTestFinished(() => client.close());
      const failure = new Error('a bug');
      const onResponse = () => {
        throw failure;
      };
      expect(await client.getPrice({ id: 1 }, { onResponse })).toEqual({ cents: 1 });
      expect(failures).toEqual([failure]);
    }
  });

  it('waits longer than a timer can', async () => {
    const client = createClient({ contract, transport: fake({ call: async () => ({ cents: 1 }) }).transport, timeoutMs: 2 ** 40 });
    expect(await client.getPrice({ id: 1 })).toEqual({ cents: 1 });
  });

  it('closes a transport that it made, and none that it was given', async () => {
    const given = fake({});
    await createClient({ contract, transport: given.transport }).close();
    expect(given.closed()).toBe(0);
    const made = fake({});
    const client = createClient({ contract, transport: defineAdapter(() => made.transport) });
    await Promise.all([client.close(), client.close()]);
    expect(made.closed()).toBe(1);
  });

  it('settles a call that is in flight when the client closes, whatever the transport does', async () => {
    const client = createClient({ contract, transport: fake({ call: () => new Promise(() => {}) }).transport });
    const call = expect(client.reset()).rejects.toMatchObject({ code: 'CANCELLED', sent: true });
    await client.close();
    await call;
    await expect(client.reset()).rejects.toMatchObject({ code: 'CANCELLED', sent: false });
  });

  it('is no promise, shows its members alone, and can be spread', () => {
    const client = createClient({ contract, transport: fake({}).transport });
    expect(Object.keys(client).sort()).toEqual(['getPrice', 'onPriceChanged', 'reset']);
    expect('then' in client).toBe(false);
  });
});

describe('a service as transport', () => {
  it('is not validated twice', async () => {
    let checked = 0;
    const counted = defineContract({
      name: 'counted',
      operations: { take: mutation({ input: z.object({ text: z.string().refine(() => (checked++, true)) }) }) },
    });
    await createClient({ contract: counted, transport: createService(counted, { take: () => {} }) }).take({ text: 'x' });
    expect(checked).toBe(1);
  });
});
