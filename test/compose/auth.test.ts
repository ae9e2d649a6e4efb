/** Credentials on every call: tokens that expire, and servers that issue them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { apiKey, auth, basic, bearer, oauth2 } from '../../src/compose/index.ts';
import { listen } from '../../src/http/index.ts';
import {
  createClient,
  createService,
  defineContract,
  event,
  file,
  mutation,
  query,
  type ContextInfo,
  type Credentials,
} from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { restHandler } from '../../src/rest/server.ts';
import { smallApi } from '../support/small-api.ts';

const contract = defineContract({
  name: 'vault',
  securitySchemes: {
    token: { type: 'http', scheme: 'bearer' },
    login: { type: 'http', scheme: 'basic' },
    key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  },
  operations: {
    read: query({ output: z.object({ by: z.string() }), security: 'token' }),
    enter: query({ output: z.object({ by: z.string() }), security: ['login', { key: [] }] }),
    both: query({ output: z.object({ by: z.string() }), security: { token: [], key: [] } }),
    open: query({ output: z.object({ by: z.string() }) }),
  },
  events: { opened: event({ channel: 'opened', payload: z.object({ by: z.string() }), security: 'token' }) },
});

async function makeVault(isValid: (token: string) => boolean) {
  const handler = (_: unknown, { context, headers }: { context: { names: string }; headers: Readonly<Record<string, string>> }) => ({
    by: context.names + (headers['authorization'] !== undefined ? ' authorized' : ''),
  });
  const service = createService(
    contract,
    { read: handler, enter: handler, both: handler, open: handler },
    {
      security: {
        token: ({ token }: Credentials) => isValid(token) && { name: 'token' },
        login: ({ username, password }: Credentials) => password === 'pä:ss' && { name: username },
        key: ({ token }: Credentials) => token === 'k' && { name: 'key' },
      },
      context: ({ granted = {} }: ContextInfo) => ({ names: Object.keys(granted).join('+') }),
    },
  );
  const server = await listen(restHandler(service));
  onTestFinished(async () => {
    await server.close(0);
    await service.close(0);
  });
  return server.url;
}

/** An authorization server that issues numbered tokens. */
async function makeIssuer(answer: (fields: URLSearchParams, issued: number) => [status: number, body: unknown]) {
  const requests: { readonly fields: Record<string, string>; readonly authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const fields = new URLSearchParams(text);
      requests.push({ fields: Object.fromEntries(fields), authorization: request.headers.authorization });
      const [status, body] = answer(fields, requests.length);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { requests, tokenUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` };
}

describe('auth', () => {
  it('sends what each member asks for, by the schemes of the contract', async () => {
    const url = await makeVault((token) => token === 't');
    const transport = auth(rest({ url }), { token: bearer(async () => 't'), key: apiKey('k') });
    const client = createClient({ contract, transport });
    onTestFinished(() => client.close());
    expect(await client.read()).toEqual({ by: 'token authorized' });
    expect(await client.enter()).toEqual({ by: 'key' });
    expect(await client.both()).toEqual({ by: 'token+key authorized' });
    expect(await client.open()).toEqual({ by: '' });
    await (
      await client.onOpened(() => {})
    )();
    const other = createClient({ contract, transport: auth(rest({ url }), basic('ann', 'pä:ss')) });
    onTestFinished(() => other.close());
    expect(await other.enter()).toEqual({ by: 'login authorized' });
    expect(() => createClient({ contract, transport: auth(rest({ url }), { tokn: bearer('t') }) })).toThrow("do you mean 'token'?");
    expect(() => bearer('two\nlines')).toThrow('the secret must be printable ASCII');
  });

  it('tells of the refusal, not of a file that was read', async () => {
    const { url } = await smallApi(() => [401, '']);
    const files = defineContract({ name: 'files', operations: { put: mutation({ input: z.object({ content: file() }) }) } });
    let asked = 0;
    const client = createClient({
      contract: files,
      transport: auth(
        rest({ url }),
        bearer(() => `t${++asked}`),
      ),
    });
    onTestFinished(() => client.close());
    const content = new Blob(['text']).stream();
    await expect(client.put({ content: { name: 'a.txt', content } })).rejects.toMatchObject({ code: 'UNAUTHENTICATED', remote: true });
  });

  it('says why there were no credentials, and sends nothing', async () => {
    const url = await makeVault(() => true);
    const failing = bearer(() => Promise.reject(new Error('the vault of tokens is locked')));
    const client = createClient({ contract, transport: auth(rest({ url }), failing) });
    await expect(client.read()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', sent: false });
  });
});

describe('bearer', () => {
  it('says at once that it got no secret, such as a variable that is not set', () => {
    const unset = undefined as unknown as string;
    expect(() => bearer(unset)).toThrow(new TypeError('bearer: give the secret, or a function that gives it, not undefined'));
    expect(() => apiKey(unset)).toThrow('apiKey: give the secret, or a function that gives it, not undefined');
  });
});

describe('oauth2', () => {
  it('renews a shared token that expires under 100 concurrent calls once', async () => {
    let valid = 'token-1';
    const url = await makeVault((token) => token === valid);
    const { tokenUrl, requests } = await makeIssuer((_, issued) => [
      200,
      { access_token: `token-${issued}`, token_type: 'Bearer', expires_in: 3600 },
    ]);
    const client = createClient({
      contract,
      transport: auth(rest({ url }), oauth2({ tokenUrl, clientId: 'id with space', clientSecret: 's:ecret', scopes: ['a', 'b'] })),
    });
    onTestFinished(() => client.close());
    const calls = (count: number) => Promise.all(Array.from({ length: count }, () => client.read()));
    expect((await calls(10)).length).toBe(10);
    expect(requests.length).toBe(1);
    expect(requests[0]).toEqual({
      fields: { grant_type: 'client_credentials', scope: 'a b' },
      authorization: `Basic ${Buffer.from('id+with+space:s%3Aecret').toString('base64')}`,
    });
    valid = 'token-2';
    expect((await calls(100)).length).toBe(100);
    expect(requests.length).toBe(2);
    const heard: unknown[] = [];
    valid = 'token-3';
    await client.onOpened((opened) => void heard.push(opened));
    expect(requests.length).toBe(3);
  });

  it('refreshes with the token that the server gave last', async () => {
    const url = await makeVault(() => true);
    const kept: string[] = [];
    const { tokenUrl, requests } = await makeIssuer((_, issued) => [
      200,
      { access_token: `a${issued}`, refresh_token: `r${issued}`, expires_in: 0.001 },
    ]);
    const source = oauth2({
      tokenUrl,
      clientId: 'app',
      refreshToken: 'r0',
      onRefreshToken: (token) => {
        kept.push(token);
        // The token is good all the same.
        throw new Error('the disk is full');
      },
    });
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => printed.mockRestore());
    const client = createClient({ contract, transport: auth(rest({ url }), source) });
    onTestFinished(() => client.close());
    await client.read();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await client.read();
    expect(requests.map(({ fields }) => fields)).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'r0', client_id: 'app' },
      { grant_type: 'refresh_token', refresh_token: 'r1', client_id: 'app' },
    ]);
    expect(kept).toEqual(['r1', 'r2']);
    expect(printed).toHaveBeenCalledTimes(2);
  });

  it('fails with the error of the server and without secrets; the next call asks again', async () => {
    const url = await makeVault(() => true);
    const { tokenUrl } = await makeIssuer((_, issued) =>
      issued === 1
        ? [401, { error: 'invalid_client', error_description: 's3cret is wrong' }]
        : issued === 2
          ? [503, 'down']
          : [200, { access_token: 'a' }],
    );
    const client = createClient({
      contract,
      transport: auth(rest({ url }), oauth2({ tokenUrl, clientId: 'app', clientSecret: 's3cret' })),
    });
    onTestFinished(() => client.close());
    await expect(client.read()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      text: 'the token endpoint gave no token: invalid_client',
      sent: false,
    });
    await expect(client.read()).rejects.toMatchObject({ code: 'UNAVAILABLE', sent: false });
    expect(await client.read()).toEqual({ by: 'token authorized' });
    expect(() => oauth2({ tokenUrl, clientId: 'app' })).toThrow('give clientSecret, or a refreshToken');
  });

  it('gives a call up that is refused with a new token too', async () => {
    const url = await makeVault(() => false);
    const { tokenUrl, requests } = await makeIssuer((_, issued) => [200, { access_token: `a${issued}` }]);
    const client = createClient({ contract, transport: auth(rest({ url }), oauth2({ tokenUrl, clientId: 'app', clientSecret: 's' })) });
    onTestFinished(() => client.close());
    await expect(client.read()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', remote: true });
    expect(requests.length).toBe(2);
  });
});
