import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ApiError, createService, defineContract, mutation, type Service, type ServiceOptions } from '../../src/index.ts';
import { retry, route } from '../../src/compose/index.ts';
import { rest } from '../../src/rest/client.ts';

const contract = defineContract({ name: 'shop', operations: { pay: mutation({ output: z.object({ paid: z.boolean() }) }) } });
const signal = new AbortController().signal;
const services: Service[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

function open<T>(options: ServiceOptions<T>): Service {
  const service = createService<typeof contract, T>(contract, { pay: () => ({ paid: true }) }, { onError: () => {}, ...options });
  services.push(service);
  return service;
}
const ask = (service: Service, headers: Record<string, string> = {}, onBehalfOf?: string) =>
  service.identify?.({ headers, signal, onBehalfOf });

describe('who calls', () => {
  it('is one and the same without a context', async () => {
    expect(await ask(open({}), { authorization: 'Bearer one' })).toEqual({ caller: '', expiresAtMs: undefined });
  });

  it('is who the context says, and for how long', async () => {
    const service = open({ context: ({ headers }) => ({ caller: `user ${headers['x-key']}`, expiresAtMs: 5 }) });
    expect(await ask(service, { 'x-key': '1' })).toEqual({ caller: 'user 1', expiresAtMs: 5 });
  });

  it('is who the option caller says, if both say something', async () => {
    const service = open({
      context: async ({ headers }) => ({ caller: 'context', key: headers['x-key'] }),
      caller: ({ context }) => `key ${context.key}`,
    });
    expect(await ask(service, { 'x-key': '1' })).toMatchObject({ caller: 'key 1' });
  });

  it('is nobody if the context does not say', async () => {
    expect(await ask(open({ context: () => ({ user: 1 }) }))).toMatchObject({ caller: undefined });
  });

  it('is asked on behalf of an absent caller, whom the context may refuse', async () => {
    const context = vi.fn(({ onBehalfOf }: { onBehalfOf: string | undefined }) => {
      if (onBehalfOf === 'eve') throw new ApiError('PERMISSION_DENIED', 'not any more');
      return { caller: onBehalfOf };
    });
    const service = open({ context });
    expect(await ask(service, {}, 'ann')).toMatchObject({ caller: 'ann' });
    await expect(ask(service, {}, 'eve')).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(context.mock.calls[0]?.[0]).toMatchObject({ member: undefined, onBehalfOf: 'ann' });
  });

  it('passes through compositions, and is unknown of a peer', async () => {
    const service = open({ context: () => ({ caller: 'ann' }) });
    for (const transport of [retry(service), route({ default: service })(contract), route({ pay: service })(contract)])
      expect(await transport.identify?.({ headers: {}, signal })).toMatchObject({ caller: 'ann' });
    const far = rest({ url: 'http://127.0.0.1:1' })(contract);
    expect(far.identify).toBe(undefined);
    await far.close();
  });

  it('that fails with an exception is INTERNAL, and reported', async () => {
    const onError = vi.fn();
    const service = open({
      onError,
      context: () => {
        throw new Error('SECRET');
      },
    });
    await expect(ask(service)).rejects.toMatchObject({ code: 'INTERNAL', text: 'internal error' });
    expect(onError).toHaveBeenCalledOnce();
  });
});
