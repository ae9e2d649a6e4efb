/** Who may call: what descriptions say of it is in the contract, whose service then asks for it. */
import { describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/client.ts';
import { defineContract, event, mutation, query } from '../../src/core.ts';
import { listen } from '../../src/http/node/listen.ts';
import { openApi, restHandler } from '../../src/rest/server.ts';
import { asyncApi } from '../../src/schema/asyncapi.ts';
import { mockService } from '../../src/testing/index.ts';
import * as z from 'zod';
import { importing } from '../support/imported.ts';
import { djangoLike } from './descriptions.ts';
import { petstore2 } from './petstores.ts';

const made = importing();
const answer = {
  200: { description: 'x', content: { 'application/json': { schema: { type: 'object', properties: { id: { type: 'string' } } } } } },
};
const bank = {
  openapi: '3.1.0',
  info: { title: 'Bank', version: '1.0.0' },
  security: [{ bearer: [] }],
  paths: {
    '/a': { get: { operationId: 'read', responses: answer } },
    '/b': { post: { operationId: 'write', security: [{ oauth: ['write'] }, { 'the key': [], bearer: [] }], responses: answer } },
    '/c': { get: { operationId: 'peek', security: [], responses: answer } },
    '/d': { get: { operationId: 'guess', security: [{}, { bearer: [] }], responses: answer } },
    '/e': { get: { operationId: 'lost', security: [{ nowhere: [] }], responses: answer } },
  },
  components: {
    securitySchemes: {
      bearer: { $ref: '#/components/x-schemes/bearer' },
      'the key': { type: 'apiKey', in: 'header', name: 'X-Key' },
      oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://id.example/token', scopes: { write: 'Change things' } } } },
      unused: { type: 'mutualTLS' },
    },
    'x-schemes': { bearer: { type: 'http', scheme: 'Bearer', bearerFormat: 'JWT' } },
  },
};

describe('OpenAPI', () => {
  test('schemes, the document’s requirements and those of operations', async () => {
    const imported = await made.from(bank);
    const { contract, connect } = await made.load(imported);
    expect(contract.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      'the-key': { type: 'apiKey', in: 'header', name: 'X-Key' },
      oauth: bank.components.securitySchemes.oauth,
    });
    expect(imported.code).toContain("  security: 'bearer',\n  operations: {\n    read: query({ output:");
    const asked = Object.fromEntries(Object.entries(contract.operations).map(([name, { security }]) => [name, security]));
    expect(asked).toEqual({
      read: [{ bearer: [] }],
      write: [{ oauth: ['write'] }, { 'the-key': [], bearer: [] }],
      peek: [],
      guess: [],
      lost: [],
    });
    expect(imported.findings.map(({ place, what }) => `${place}: ${what}`)).toEqual([
      '#/paths/~1d/get: credentials that may be left out',
      '#/paths/~1e/get: a security scheme that is not declared (nowhere)',
      'security scheme unused: a certificate of the client (mutual TLS)',
    ]);

    const service = mockService(contract);
    const served = await listen(restHandler(service), { port: 0 });
    const client = connect({ url: served.url, token: 't' });
    const stranger = connect({ url: served.url });
    expect(await client['read']?.()).toMatchObject({ id: expect.any(String) });
    expect(await client['write']?.()).toMatchObject({ id: expect.any(String) });
    await expect(stranger['read']?.()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await stranger['peek']?.()).toMatchObject({ id: expect.any(String) });
    await Promise.all([client.close(), stranger.close()]);
    await served.close();
    await service.close();
  });

  test('what all chosen operations ask for is said once, with just the schemes of it', async () => {
    const { code } = await made.from(djangoLike);
    expect(code).toContain("security: ['cookieAuth', 'tokenAuth'],\n  operations: {");
    const { code: written } = await made.from(bank, { only: ['write'] });
    expect(written).toContain("security: [{ oauth: ['write'] }, { 'the-key': [], bearer: [] }],\n  operations: {");
    expect((await made.from(bank, { only: ['peek'] })).code).not.toMatch(/securitySchemes|security: /);
  });

  test('Swagger 2 names flows of OAuth otherwise', async () => {
    const pets = structuredClone(petstore2) as { paths: Record<string, Record<string, object>>; securityDefinitions: object };
    const flow = {
      type: 'oauth2',
      flow: 'accessCode',
      authorizationUrl: 'https://a.example',
      tokenUrl: 'https://t.example',
      scopes: { 'write:pets': 'Modify pets' },
    };
    pets.securityDefinitions = { login: { type: 'basic' }, oauth: flow };
    Object.assign(pets.paths['/pet']?.['post'] ?? {}, { security: [{ oauth: ['write:pets'] }, { login: [] }] });
    const { contract } = await made.load(await made.from(pets));
    const { type: _, flow: __, ...urls } = flow;
    expect(contract.securitySchemes).toEqual({
      login: { type: 'http', scheme: 'basic' },
      oauth: { type: 'oauth2', flows: { authorizationCode: urls } },
    });
    expect(contract.operations['addPet']?.security).toEqual([{ oauth: ['write:pets'] }, { login: [] }]);
  });
});

describe('what is printed comes back', () => {
  const shop = defineContract({
    name: 'shop',
    securitySchemes: {
      token: { type: 'http', scheme: 'bearer' },
      key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://id.example/token', scopes: { write: 'Changes.' } } } },
      login: { type: 'http', scheme: 'basic', description: 'The same as at the door.' },
    },
    security: ['token', { oauth: ['write'] }],
    operations: {
      getItem: query({ output: z.object({ id: z.string() }), http: 'GET /item', security: false }),
      addItem: mutation({ input: z.object({ id: z.string() }), http: 'POST /items' }),
      dropItem: mutation({ input: z.object({ id: z.string() }), http: 'DELETE /items/{id}', security: { key: [], login: [] } }),
    },
    events: {
      sold: event({ channel: 'sold', payload: z.object({ id: z.string() }) }),
      lost: event({ channel: 'lost', payload: z.object({ id: z.string() }), security: 'login' }),
      open: event({ channel: 'open', payload: z.object({ id: z.string() }), security: false }),
    },
  });
  type Members = Readonly<Record<string, { readonly security?: unknown }>>;
  const securityIn = ({ operations, events }: { readonly operations: Members; readonly events: Members }) =>
    Object.fromEntries(Object.entries({ ...operations, ...events }).map(([name, { security = [] }]) => [name, security]));

  test('from OpenAPI', async () => {
    const { contract } = await made.load(await made.from(openApi(shop)));
    expect(contract.securitySchemes).toEqual(shop.securitySchemes);
    expect(securityIn(contract)).toEqual(securityIn(shop));
  });

  test('from AsyncAPI, for events', async () => {
    const { contract } = await made.load(await made.from(asyncApi(shop)));
    const { token, oauth, login } = shop.securitySchemes ?? {};
    expect(contract.securitySchemes).toEqual({ token, oauth, login });
    const { sold, lost, open } = securityIn(shop);
    expect(securityIn(contract)).toMatchObject({ sold, lost, open });
  });

  test('a service of the imported contract asks for it, in the same process too', async () => {
    const { contract } = await made.load(await made.from(openApi(shop)));
    const service = mockService(contract);
    const client = createClient({ contract, transport: service }) as unknown as Record<
      string,
      (input?: unknown, options?: object) => Promise<unknown>
    >;
    await expect(client['addItem']?.({ id: 'a' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await client['addItem']?.({ id: 'a' }, { headers: { authorization: 'Bearer t' } })).toBeUndefined();
    await service.close();
  });
});

describe('AsyncAPI 2', () => {
  test('what a server asks for is asked of all, and kinds that a contract does not know are named', async () => {
    const lights = {
      asyncapi: '2.6.0',
      info: { title: 'Lights', version: '1.0.0' },
      servers: { here: { url: 'mqtt://localhost', protocol: 'mqtt', security: [{ login: [] }] } },
      channels: {
        lit: { subscribe: { operationId: 'lit', message: { payload: { type: 'object' } } } },
        set: { publish: { operationId: 'set', security: [{ scram: [] }], message: { payload: { type: 'object' } } } },
      },
      components: { securitySchemes: { login: { type: 'userPassword' }, scram: { type: 'scramSha256' } } },
    };
    const imported = await made.from(lights);
    const { contract } = await made.load(imported);
    expect(contract.securitySchemes).toEqual({ login: { type: 'http', scheme: 'basic' } });
    expect(contract.events['lit']?.security).toEqual([{ login: [] }]);
    expect(imported.findings).toMatchObject([{ place: '#/channels/set/publish', what: 'a kind of credentials (scram)' }]);
  });
});
