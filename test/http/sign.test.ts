/** The option `sign` of every client over HTTP: each request of each is signed over the bytes that arrive. */
import { createHmac } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, mutation, type Adapter } from '../../src/index.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { graphql } from '../../src/graphql/client.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest, type SignOption } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import { failure } from '../support/failure.ts';
import { smallApi } from '../support/small-api.ts';

const contract = defineContract({
  name: 'signed',
  operations: { add: mutation({ input: z.object({ word: z.string() }), output: z.object({ id: z.int32() }) }) },
});
const digest = (method: string, target: string, body: string | Uint8Array) =>
  createHmac('sha256', 'k').update(`${method} ${target} `).update(body).digest('hex');
const sign: SignOption = ({ method, url, body }) => {
  const { pathname, search } = new URL(url);
  return { headers: { 'X-Signature': digest(method, pathname + search, body ?? '') } };
}; // prettier-ignore

const clients: Readonly<Record<string, (url: string) => Adapter<'call'>>> = {
  rest: (url) => rest({ url, sign }),
  graphql: (url) => graphql({ url, sign }),
  soap: (url) => soap({ url, sign }),
  connect: (url) => connect({ url, sign }),
  mcp: (url) => mcp({ url, sign }),
};

describe('the signature of a client of', () => {
  it.each(Object.entries(clients))('%s', async (_, adapter) => {
    const { url, got } = await smallApi(() => [403, { message: 'no' }]);
    const client = createClient({ contract, transport: adapter(url), timeoutMs: 5000 });
    onTestFinished(() => client.close());
    expect(await failure(client.add({ word: 'é' }))).toMatchObject({ remote: true });
    expect(got.length).toBeGreaterThan(0);
    for (const { method, path, query, headers, body } of got)
      expect(headers['x-signature']).toBe(digest(method, query === '' ? path : `${path}?${query}`, body));
  });
});
