/** Who may call: the contract's `security`, asked before the handler. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { grpc } from '../../src/grpc/client.ts';
import {
  ApiError,
  createClient,
  createService,
  defineContract,
  event,
  mutation,
  query,
  type Adapter,
  type ContextInfo,
  type Credentials,
} from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

const contract = defineContract({
  name: 'vault',
  securitySchemes: {
    token: { type: 'http', scheme: 'bearer' },
    password: { type: 'http', scheme: 'basic' },
    key: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
    cookie: { type: 'apiKey', in: 'cookie', name: 'sid' },
    oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://id.example/token', scopes: { write: 'Change things' } } } },
  },
  security: 'token',
  operations: {
    read: query({ output: z.object({ by: z.string() }) }),
    write: mutation({ output: z.object({ by: z.string() }), security: { oauth: ['write'] } }),
    enter: query({ output: z.object({ by: z.string() }), security: ['password', 'key', 'cookie'] }),
    both: query({ output: z.object({ by: z.string() }), security: { token: [], key: [] } }),
    hello: query({ output: z.object({ by: z.string() }), security: false }),
  },
  events: { opened: event({ channel: 'opened', payload: z.object({ by: z.string() }) }) },
});
const by = (name: string) => (_: unknown, call: { context: unknown }) => ({ by: `${name} for ${JSON.stringify(call.context ?? null)}` });
const handlers = { read: by('read'), write: by('write'), enter: by('enter'), both: by('both'), hello: by('hello') };
const found = (user: string | undefined) => user !== undefined && { user };
const security = {
  token: ({ token }: Credentials) => (token === 'good' ? { user: 'ann', caller: 'ann' } : undefined),
  password: async ({ username, password }: Credentials) => password === 'pä:ss' && { user: username },
  key: ({ token }: Credentials) => token === 'k1' && { user: 'keyed' },
  cookie: ({ token }: Credentials) => found({ s1: 'eve' }[token]),
  oauth: ({ token }: Credentials) => ({ user: 'ann', scopes: token === 'writer' ? ['read', 'write'] : ['read'] }),
};
const header = (authorization: string) => ({ headers: { authorization } });

describe('security of a contract', () => {
  const service = createService(contract, handlers, { security });
  const client = createClient({ contract, transport: service });

  it('lets a caller in whose credentials are verified, and refuses others before the handler', async () => {
    expect(await client.read(undefined, header('bearer  good'))).toEqual({ by: 'read for {"user":"ann","caller":"ann"}' });
    await expect(client.read()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', text: "read needs the header 'authorization: Bearer …'" });
    await expect(client.read(undefined, header('Bearer bad'))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      text: 'these credentials are not known',
    });
    await expect(client.read(undefined, header('Basic good'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await client.hello()).toEqual({ by: 'hello for null' });
  });

  it('asks for scopes: one that lacks is PERMISSION_DENIED', async () => {
    expect((await client.write(undefined, header('Bearer writer'))).by).toContain('ann');
    await expect(client.write(undefined, header('Bearer reader'))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      text: "this needs the scope 'write'",
    });
  });

  it('takes one of several, or several together', async () => {
    const basic = `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`;
    expect((await client.enter(undefined, header(basic))).by).toBe('enter for {"user":"ann"}');
    expect((await client.enter(undefined, { headers: { 'x-api-key': 'k1' } })).by).toBe('enter for {"user":"keyed"}');
    expect((await client.enter(undefined, { headers: { cookie: 'a=b; sid="s1"' } })).by).toBe('enter for {"user":"eve"}');
    await expect(client.enter(undefined, { headers: { cookie: 'asid=s1' } })).rejects.toMatchObject({
      text: "enter needs the header 'authorization: Basic …', or the header 'X-Api-Key', or the cookie 'sid'",
    });
    expect((await client.both(undefined, { headers: { authorization: 'Bearer good', 'x-api-key': 'k1' } })).by).toContain('ann');
    await expect(client.both(undefined, header('Bearer good'))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('asks who listens, and ends a subscription when the credentials do', async () => {
    await expect(client.onOpened(() => {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await (
      await client.onOpened(() => {}, header('Bearer good'))
    )();
    const brief = createService(contract, handlers, {
      security: { ...security, token: () => ({ user: 'ann', expiresAtMs: Date.now() + 30 }) },
      context: ({ granted }: ContextInfo) => ({ user: (granted?.['token'] as { user: string }).user }),
    });
    const ended = new Promise((resolve) => {
      const listening = createClient({ contract, transport: brief, reconnect: { baseDelayMs: 0 } });
      onTestFinished(() => listening.close());
      brief
        .subscribe(
          { event: contract.events.opened, params: {}, headers: { authorization: 'Bearer x' }, signal: new AbortController().signal },
          { next: () => {}, gap: () => {}, end: resolve },
        )
        .catch(resolve);
    });
    expect(await ended).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('is the identity of callers: for keys, and for surfaces that act for callers', async () => {
    const signal = new AbortController().signal;
    const open = await service.identify?.({ headers: {}, signal });
    expect(open).toEqual({ caller: undefined, expiresAtMs: undefined });
    expect(await service.identify?.({ headers: { authorization: 'Bearer good' }, signal })).toMatchObject({ caller: 'ann' });
    const closed = createService(
      defineContract({ ...contract, operations: { read: contract.operations.read }, events: {} }),
      { read: by('read') },
      { security: { token: security.token } },
    );
    await expect(closed.identify?.({ headers: {}, signal })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('asks the verifier for a caller in absence, without a token', async () => {
    const seen: Credentials[] = [];
    const absent = createService(contract, handlers, {
      security: { ...security, token: (credentials) => (seen.push(credentials), credentials.onBehalfOf === 'ann' && { caller: 'ann' }) },
    });
    const subscribe = (onBehalfOf: string) =>
      absent.subscribe(
        { event: contract.events.opened, params: {}, headers: {}, onBehalfOf, signal: new AbortController().signal },
        { next: () => {}, gap: () => {}, end: () => {} },
      );
    await subscribe('ann');
    await expect(subscribe('bob')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(seen[0]).toEqual({ scheme: 'token', token: '', scopes: [], onBehalfOf: 'ann' });
  });

  it('refuses scopes of a verifier that tells of none, and reports the cure once', async () => {
    const reports: unknown[] = [];
    const service = createService(contract, handlers, {
      security: { ...security, oauth: () => true },
      onError: ({ error }) => reports.push(error),
    });
    const client = createClient({ contract, transport: service });
    for (const each of [1, 2])
      await expect(client.write(undefined, header(`Bearer ${each}`))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(reports).toEqual([
      new TypeError('security.oauth must return { scopes: [ … ] }, because the contract asks for scopes: callers are refused until then'),
    ]);
  });

  it('hides why a verifier failed', async () => {
    const reports: unknown[] = [];
    const service = createService(contract, handlers, {
      security: { ...security, token: () => Promise.reject(new Error('the key server is down')) },
      onError: ({ error }) => reports.push(error),
    });
    await expect(createClient({ contract, transport: service }).read(undefined, header('Bearer good'))).rejects.toMatchObject({
      code: 'INTERNAL',
      text: 'internal error',
    });
    expect(reports).toEqual([new Error('the key server is down')]);
  });
});

describe('security over every protocol', () => {
  it('reads the same credentials', async () => {
    const served = await serve(createService(contract, handlers, { security }), {
      port: 0,
      grpcPort: 0,
      mqttEventHeaders: { authorization: 'Bearer good' },
    });
    onTestFinished(() => served.close());
    const headers = { authorization: 'Bearer good' };
    const adapters: Record<string, (headers?: Record<string, string>) => Adapter<'call'>> = {
      rest: (headers = {}) => rest({ url: served.http, headers }),
      graphql: (headers = {}) => graphql({ url: served.http, headers }),
      webSocket: (headers = {}) => webSocket({ url: served.http, headers }),
      soap: (headers = {}) => soap({ url: served.http, headers }),
      grpc: (headers = {}) => grpc({ url: served.grpc, headers }),
      mqtt: (headers = {}) => mqtt({ url: served.mqtt, headers, credentials: { username: 'bearer', password: 'good' } }),
    };
    for (const [name, adapter] of Object.entries(adapters)) {
      const known = createClient({ contract, transport: adapter(headers) });
      const stranger = createClient({ contract, transport: adapter({ authorization: 'Bearer bad' }) });
      expect([name, await known.read()]).toEqual([name, { by: 'read for {"user":"ann","caller":"ann"}' }]);
      await expect(stranger.read()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
      await Promise.all([known.close(), stranger.close()]);
    }
  });
});

describe('parts of a contract', () => {
  const token = { type: 'http', scheme: 'bearer' } as const;
  const output = z.string();

  it('take what the whole says, and bring their schemes', () => {
    const part = defineContract({
      name: 'part',
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } },
      operations: { plain: query({ output }), own: query({ output, security: 'key' }), free: query({ output, security: false }) },
    });
    const whole = defineContract({ name: 'whole', securitySchemes: { token }, security: 'token', parts: { part } });
    const { plain, own, free } = whole.operations;
    expect([plain.security, own.security, free.security]).toEqual([[{ token: [] }], [{ key: [] }], []]);
    expect(Object.keys(whole.securitySchemes ?? {}).sort()).toEqual(['key', 'token']);
    expect(() => defineContract({ name: 'other', securitySchemes: { key: token }, parts: { part } })).toThrow(
      "contract other: the part 'part' has another securitySchemes.key: give one of them another name",
    );
  });
});

describe('mistakes', () => {
  const operations = { read: query({ output: z.string(), security: 'tokn' }) };
  const token = { type: 'http', scheme: 'bearer' } as const;

  it('are named when the contract is defined', () => {
    expect(() => defineContract({ name: 'a', operations, securitySchemes: { token } })).toThrow(
      "read: security: the contract has no securitySchemes.tokn, do you mean 'token'?",
    );
    expect(() => defineContract({ name: 'a', security: [{}], operations: { read: query({ output: z.string() }) } })).toThrow(
      'security: an empty requirement lets anybody call: write security: false',
    );
  });

  it('are named when the service is made', () => {
    const guarded = defineContract({
      name: 'a',
      securitySchemes: { token },
      security: 'token',
      operations: { read: query({ output: z.string() }) },
    });
    const handlers = { read: () => 'x' };
    expect(() => createService(guarded, handlers)).toThrow(
      "the contract asks for 'token': give the option security: { token: (credentials) => … }",
    );
    expect(() => createService(guarded, handlers, { security: { token: () => true, other: () => true } })).toThrow(
      'security.other: the contract has no securitySchemes.other',
    );
    const inQuery = defineContract({
      ...guarded,
      securitySchemes: { token: { type: 'apiKey', in: 'query', name: 'k' } },
      operations: guarded.operations,
    });
    expect(() => createService(inQuery, handlers, { security: { token: () => true } })).toThrow('is an API key in the query');
  });

  it('does not throw where a verifier throws an ApiError of its own', async () => {
    const guarded = defineContract({
      name: 'a',
      securitySchemes: { token },
      security: 'token',
      operations: { read: query({ output: z.string() }) },
    });
    const service = createService(
      guarded,
      { read: () => 'x' },
      {
        security: {
          token: () => {
            throw new ApiError('UNAVAILABLE', 'try later', { retryAfterMs: 5 });
          },
        },
      },
    );
    await expect(createClient({ contract: guarded, transport: service }).read(undefined, header('Bearer x'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
