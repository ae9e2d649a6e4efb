/** The requests of clients by a `$fetch` of ofetch. */
import { ofetch } from 'ofetch';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { conformanceCases, type ConformanceTarget } from '../../src/conformance/index.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { composeHandlers, listen } from '../../src/http/index.ts';
import { createClient } from '../../src/index.ts';
import { ofetchCarrier, type OfetchLike } from '../../src/ofetch/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { testCases } from '../support/conformance.ts';

async function served(seen: { readonly headers: Readonly<Record<string, unknown>> }[]) {
  const service = createBlogService({ context: ({ headers }) => void seen.push({ headers }) });
  const handler = composeHandlers(graphqlHandler(service), soapHandler(service), restHandler(service));
  const server = await listen(handler);
  onTestFinished(async () => {
    await server.close(0);
    await service.close(0);
  });
  return server.url;
}

describe('ofetchCarrier', () => {
  const adapters: Readonly<Record<string, (url: string, fetch: ReturnType<typeof ofetchCarrier>) => Adapter<'call'>>> = {
    rest: (url, fetch) => rest({ url, fetch }),
    graphql: (url, fetch) => graphql({ url: `${url}/graphql`, fetch }),
    soap: (url, fetch) => soap({ url: `${url}/soap`, fetch }),
  };

  it.each(Object.keys(adapters))('sends what %s asks for, with the interceptors and the defaults of the $fetch', async (name) => {
    const seen: { readonly headers: Readonly<Record<string, unknown>> }[] = [];
    const url = await served(seen);
    const asked: string[] = [];
    const answered: number[] = [];
    const $fetch = ofetch.create({
      headers: { 'x-default': 'yes' },
      onRequest: ({ request, options }) => {
        asked.push(request instanceof Request ? request.url : request);
        options.headers.set('authorization', 'Bearer from-interceptor');
      },
      onResponse: ({ response }) => void answered.push(response.status),
      retry: 5,
    });
    const client = createClient({ contract: blogContract, transport: adapters[name]?.(url, ofetchCarrier($fetch)) as Adapter<'call'> });
    expect((await client.getUser({ id: 123 })).username).toBe('john_doe');
    await expect(client.getUser({ id: 9 })).rejects.toMatchObject({ code: 'NOT_FOUND', remote: true });
    expect(seen[0]?.headers).toMatchObject({ 'x-default': 'yes', authorization: 'Bearer from-interceptor' });
    // Its retries are off.
    expect([asked.length, answered.length]).toEqual([2, 2]);
    await client.close();
  });

  it('goes through the fetch that the $fetch was made with', async () => {
    const seen: { readonly headers: Readonly<Record<string, unknown>> }[] = [];
    const url = await served(seen);
    const { createFetch } = await import('ofetch');
    const $fetch = createFetch({
      fetch: (input, init) =>
        fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), cookie: 'session=1' } }),
      Headers,
      AbortController,
    });
    const client = createClient({ contract: blogContract, transport: rest({ url, fetch: ofetchCarrier($fetch) }) });
    await client.getUser({ id: 123 });
    expect(seen[0]?.headers).toMatchObject({ cookie: 'session=1' });
    await client.close();
  });

  it('passes the visitor’s cookies on by what useRequestFetch() gives on the server', async () => {
    const seen: { readonly headers: Readonly<Record<string, unknown>> }[] = [];
    const url = await served(seen);
    const client = createClient({ contract: blogContract, transport: rest({ url, fetch: ofetchCarrier(requestFetch) }) });
    expect((await client.getUser({ id: 123 })).username).toBe('john_doe');
    await expect(client.getUser({ id: 9 })).rejects.toMatchObject({ code: 'NOT_FOUND', remote: true });
    expect(seen[0]?.headers).toMatchObject({ cookie: 'session=1' });
    await client.close();
  });

  it('says that nothing listens as the client does without it', async () => {
    const gone = await listen(() => undefined);
    await gone.close(0);
    const client = createClient({ contract: blogContract, transport: rest({ url: gone.url, fetch: ofetchCarrier(ofetch) }) });
    await expect(client.getUser({ id: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
    await client.close();
  });

  it('sends by a plain fetch too, and refuses what is neither', async () => {
    const url = await served([]);
    const client = createClient({ contract: blogContract, transport: rest({ url, fetch: ofetchCarrier(fetch) }) });
    expect((await client.getUser({ id: 123 })).username).toBe('john_doe');
    await client.close();
    expect(() => ofetchCarrier({} as never)).toThrow('give a $fetch of ofetch');
    const other = createClient({ contract: blogContract, transport: rest({ url, fetch: ofetchCarrier(() => Promise.resolve('text')) }) });
    await expect(other.getUser({ id: 123 })).rejects.toThrow(/did not call onResponse/);
    await other.close();
  });
});

/** As `event.$fetch` of Nitro, which `useRequestFetch()` gives on the server: a function without `raw` that adds the visitor's headers. */
const requestFetch = (url: string, init?: { readonly headers?: Record<string, string> }) =>
  ofetch<unknown>(url, { ...init, headers: { cookie: 'session=1', ...init?.headers } });

const targetOf = (name: string, $fetch: OfetchLike): ConformanceTarget => ({
  name,
  open: async (transport, { headers, onError }) => {
    const server = await listen(restHandler(transport, { onError }), { onError });
    return {
      transport: rest({ url: server.url, fetch: ofetchCarrier($fetch), ...(headers !== undefined && { headers }) }),
      close: () => server.close(),
    };
  },
  skips: [],
});
describe.each([
  ['rest by ofetch', ofetch],
  ['rest by a $fetch without raw', requestFetch],
] as const)('%s', (name, $fetch) =>
  testCases(
    targetOf(name, $fetch),
    conformanceCases.filter(({ id }) => /^(calls|errors|events|resuming|streams|headers)-/.test(id)),
  ),
);
