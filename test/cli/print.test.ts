import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { printProto } from '../../src/grpc/schema.ts';
import { graphqlSchema } from '../../src/graphql/schema.ts';
import { importContract } from '../../src/import/index.ts';
import { openApi } from '../../src/rest/schema.ts';
import { asyncApi } from '../../src/schema/asyncapi.ts';
import { wsdl } from '../../src/soap/schema.ts';
import { CLI, finish, killAll, start, type Result } from '../support/program.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const TASKS = 'test/programs/tasks.ts';
const cli = (...args: readonly string[]): Promise<Result> => finish(start([CLI, 'print', ...args]));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'print-'));
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true, force: true });
});

describe('print', () => {
  test('writes one description to standard output, with its servers', async () => {
    const { code, stdout, stderr } = await cli(
      'openapi',
      '--contract',
      TASKS,
      '--server',
      'https://tasks.example.com',
      '--server',
      'wss://x',
    );
    expect([code, stderr]).toEqual([0, '']);
    const document = JSON.parse(stdout) as { readonly servers: unknown; readonly paths: object };
    expect(document.servers).toEqual([{ url: 'https://tasks.example.com' }]);
    expect(Object.keys(document.paths)).toContain('/tasks');
  });

  test('writes all of them into a folder, and the field numbers into their lock', async () => {
    const out = join(folder, 'all');
    const lock = join(folder, 'tasks.lock.json');
    const args = [
      'all',
      '--contract',
      TASKS,
      '--out',
      out,
      '--lock',
      lock,
      '--server',
      'https://tasks.example.com',
      '--server',
      'mqtt://broker',
    ];
    expect((await cli(...args)).code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(['asyncapi.json', 'openapi.json', 'schema.graphql', 'tasks.proto', 'tasks.wsdl']);
    expect(await readFile(join(out, 'tasks.wsdl'), 'utf8')).toContain('location="https://tasks.example.com/soap"');
    const asyncapi = JSON.parse(await readFile(join(out, 'asyncapi.json'), 'utf8')) as { readonly servers: object };
    expect(Object.keys(asyncapi.servers)).toEqual(['sse', 'mqtt']);
    expect(
      buildSchema(await readFile(join(out, 'schema.graphql'), 'utf8'))
        .getMutationType()
        ?.getFields(),
    ).toHaveProperty('addTask');

    // A number that was published stays.
    const moved = (await readFile(lock, 'utf8')).replace(/("title": \{\s+"number": )\d+/, '$17');
    await writeFile(lock, moved);
    expect((await cli('proto', '--contract', TASKS, '--out', out, '--lock', lock)).code).toBe(0);
    expect(await readFile(join(out, 'tasks.proto'), 'utf8')).toContain('string title = 7;');
    expect(await readFile(lock, 'utf8')).toBe(moved);
  });

  test.each([
    [['opnapi'], 'did you mean openapi?'],
    [[], 'which format?'],
    [['all', '--contract', TASKS], '--out'],
    [['openapi', '--contract', TASKS, '--server', 'example.com'], 'takes a URL'],
    [['proto', '--contract', TASKS, '--lock', 'package.json'], "no 'package'"],
  ])('%j is wrong usage', async (args, hint) => {
    const { code, stderr } = await cli(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(hint);
  });
});

const shop = defineContract({
  name: 'shop',
  securitySchemes: {
    token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of a session.' },
    key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
    oauth: {
      type: 'oauth2',
      flows: { clientCredentials: { tokenUrl: 'https://auth.example.com/token', scopes: { write: 'Changes things.' } } },
    },
    cert: { type: 'mutualTLS' },
  },
  security: ['token', { oauth: ['write'] }],
  operations: {
    getItem: query({
      input: z.object({ id: z.string().meta({ examples: ['a1', 'b2'] }) }),
      output: z
        .object({ id: z.string(), price: z.number().meta({ examples: [9.5] }) })
        .meta({ id: 'Item', examples: [{ id: 'a1', price: 9.5 }] }),
      http: 'GET /items/{id}',
      security: false,
    }),
    addItem: mutation({ input: z.object({ name: z.string() }), output: z.object({ id: z.string() }), http: 'POST /items' }),
    dropItem: mutation({ input: z.object({ id: z.string() }), http: 'DELETE /items/{id}', security: { key: [], cert: [] } }),
  },
  events: {
    sold: event({ channel: 'sold', payload: z.object({ id: z.string() }) }),
    dropped: event({ channel: 'dropped', payload: z.object({ id: z.string() }), security: { key: [], cert: [] } }),
  },
});

/** What stands at a path of a document. */
function at(document: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown> | undefined)?.[key], document);
}

describe('who may call', () => {
  test('is in OpenAPI, whose schemes an import reads as options', async () => {
    const document = openApi(shop);
    expect(at(document, 'components', 'securitySchemes')).toEqual(shop.securitySchemes);
    expect(at(document, 'paths', '/items', 'post', 'security')).toEqual([{ token: [] }, { oauth: ['write'] }]);
    expect(at(document, 'paths', '/items/{id}', 'delete', 'security')).toEqual([{ key: [], cert: [] }]);
    expect(at(document, 'paths', '/items/{id}', 'get')).not.toHaveProperty('security');
    expect(at(document, 'paths', '/sold', 'get', 'security')).toEqual([{ token: [] }, { oauth: ['write'] }]);
    const { code } = await importContract({ text: JSON.stringify(document) });
    expect(code).toContain('readonly key?: string');
    expect(code).toContain('readonly token?: string');
  });

  test('is in AsyncAPI, and in words if several schemes go together', () => {
    const document = asyncApi(shop);
    expect(at(document, 'components', 'securitySchemes')).toMatchObject({
      token: { type: 'http', scheme: 'bearer' },
      key: { type: 'httpApiKey', in: 'header', name: 'x-api-key' },
      oauth: { flows: { clientCredentials: { availableScopes: { write: 'Changes things.' } } } },
      cert: { type: 'X509' },
    });
    expect(at(document, 'operations', 'onSold', 'security')).toMatchObject([
      { $ref: '#/components/securitySchemes/token' },
      { type: 'oauth2', scopes: ['write'] },
    ]);
    expect(at(document, 'operations', 'onDropped', 'description')).toBe('Asks for key and cert.');
    const require = createRequire(import.meta.url);
    const Ajv = require('ajv') as new (options: object) => {
      compile(schema: object): ((value: unknown) => boolean) & { errors?: unknown };
    };
    const isValid = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(
      require('@asyncapi/specs/schemas/3.0.0-without-$id.json') as object,
    );
    expect([isValid(JSON.parse(JSON.stringify(document))), isValid.errors]).toEqual([true, null]);
  });

  test('is in words in SDL, .proto and WSDL', () => {
    const words = 'Asks for token, or for oauth (write).';
    expect(graphqlSchema(shop)).toContain(`"${words}"\n  addItem`);
    expect(printProto(shop)).toContain(`// ${words}\n  rpc AddItem`);
    expect(wsdl(shop, 'http://localhost/soap')).toContain(`<wsdl:documentation>${words}</wsdl:documentation>`);
    expect(graphqlSchema(shop)).not.toContain('Asks for .');
  });
});

describe('examples', () => {
  test('of .meta() are in OpenAPI, at parameters, members and types', () => {
    const document = openApi(shop);
    expect(at(document, 'paths', '/items/{id}', 'get', 'parameters', 0, 'schema', 'examples')).toEqual(['a1', 'b2']);
    expect(at(document, 'components', 'schemas', 'Item')).toMatchObject({
      examples: [{ id: 'a1', price: 9.5 }],
      properties: { price: { examples: [9.5] } },
    });
  });
});
