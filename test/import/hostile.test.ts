import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { listen } from '../../src/http/index.ts';
import { importContract } from '../../src/import/index.ts';
import { importing } from '../support/imported.ts';
import { smallApi } from '../support/small-api.ts';

const made = importing();

const globals = globalThis as { hacked?: unknown };

/** Texts that try to become code, or that cannot be names. */
const hostile = fc.oneof(
  fc.constantFrom(
    "'; globalThis.hacked = true; //", '`; globalThis.hacked = true; `', '${globalThis.hacked = true}', '*/ globalThis.hacked = true; /*', '*/', '/*', '//',
    "\\'; globalThis.hacked = true; //", '\n globalThis.hacked = true;\n', '\u2028globalThis.hacked = true\u2028', '</script>', '__proto__', 'constructor', 'prototype',
    'toString', 'then', 'close', 'class', 'await', 'enum', 'z', 'Date', 'Error', 'Array', 'contract', 'connect', '0', '', ' ', '💥', 'ß', '日本', '\ud800', '@ts-nocheck',
    '# sourceMappingURL=x', '\u202e', 'a\u0000b', "]'", '}})', 'a-b', 'a.b', '$ref', '...', 'safe', 'onFoo', 'subscribe', '{x}', 'get', 'undefined', 'NaN', '\\', '\\u0027',
  ),
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
); // prettier-ignore

describe('strings of a description never become code', () => {
  test('names, texts, constants, patterns, paths and credentials', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostile, { minLength: 12, maxLength: 12 }), async (texts) => {
        const [a, b, c, d, e, f, g, h, i, j, k, l] = texts as [string, string, string, string, string, string, string, string, string, string, string, string]; // prettier-ignore
        const pointer = (name: string) => `#/components/schemas/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`;
        const name = a.replace(/\p{Surrogate}/gu, '');
        const imported = await made.from({
          openapi: '3.1.0',
          info: { title: b, version: c, description: d },
          servers: [{ url: `https://example.com/${e}`, description: f }],
          paths: {
            '/plain': {
              post: {
                operationId: g,
                summary: h,
                description: i,
                tags: [j],
                parameters: [
                  { name: `q${k}`, in: 'query', description: l, schema: { type: 'string', pattern: e, default: f, example: a } },
                ],
                requestBody: { required: true, content: { 'application/json': { schema: { $ref: pointer(name) } } } },
                responses: { 200: { description: a, content: { 'application/json': { schema: { type: 'object', properties: Object.fromEntries([[name, { $ref: pointer(name) }]]) } } } } }, // prettier-ignore
              },
            },
            [`/x/{${b}}/y${c}`]: {
              get: {
                parameters: [{ name: b, in: 'path', required: true, schema: { enum: [d, e, 1] } }],
                responses: { 204: { description: g } },
              },
            },
          },
          components: {
            securitySchemes: Object.fromEntries([
              [i, { type: 'apiKey', in: 'header', name: j, description: k }],
              [`x${l}`, { type: 'apiKey', in: 'query', name: a }],
            ]),
            schemas: Object.fromEntries([
              [
                name,
                {
                  title: c,
                  description: d,
                  type: 'object',
                  required: [e],
                  properties: Object.fromEntries([
                    [e, { const: f }],
                    [g, { $ref: pointer(name) }],
                    [h, { enum: [i, j] }],
                  ]),
                },
              ],
            ]),
          },
        });
        const { diagnostics } = ts.transpileModule(imported.code, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } }); // prettier-ignore
        expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
        const { contract, connect } = await made.load(imported);
        expect(Object.keys(contract.operations)).toContain(imported.operations[0]);
        const client = connect({ url: 'http://127.0.0.1:9' });
        await client.close();
        expect(globals.hacked).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});

describe('documents that cannot be used', () => {
  const api = (schemas: object, ref = '#/components/schemas/A') => ({
    openapi: '3.0.0',
    info: { title: 'x', version: '1' },
    paths: {
      '/a': {
        get: { operationId: 'getA', responses: { 200: { description: 'x', content: { 'application/json': { schema: { $ref: ref } } } } } },
      },
    },
    components: { schemas },
  });

  test.each([
    ['a reference that leads nowhere', api({}), /the reference '#\/components\/schemas\/A' leads nowhere/],
    ['a reference to itself', api({ A: { $ref: '#/components/schemas/A' } }), /leads to itself/],
    ['another kind of document', { info: {} }, /not a description that is known/],
    ['no object', 'just text', /is not a description: it is a string/],
    ['a web page', '<!doctype html><html></html>', /web page/],
    ['neither JSON nor YAML', '{"a": [1, ', /is not JSON/],
    ['no operations', { openapi: '3.0.0', info: {}, paths: {} }, /no operation that a contract can say/],
    ['a file outside', api({}, '../../../etc/passwd'), /outside of its folder: allow it with --allow/],
    ['a file by its URL', api({}, 'file:///etc/passwd'), /outside of its folder/],
    ['another origin', api({}, 'https://attacker.example/x.json'), /on another origin: allow it with --allow https:\/\/attacker\.example/],
    ['billion laughs', `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefghijk'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefghij'[index]},`.repeat(10)}]`).join('\n')}`, /Excessive alias|alias/], // prettier-ignore
    [
      'a schema that contains itself',
      `openapi: 3.0.0\ninfo: {}\npaths: {}\nx: &x\n  y: *x\n`,
      /contains itself|no operation|cannot be read|alias/,
    ],
  ])('%s', async (_, description, message) => {
    await expect(made.from(description)).rejects.toThrow(message);
  });

  test('too deep, too large, too many, not there', async () => {
    await expect(made.from(`${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`)).rejects.toThrow(/nested|is not JSON/);
    const file = join(made.folder, 'large.json');
    await writeFile(file, JSON.stringify(api({ A: { type: 'string' } })));
    await expect(importContract(file, { maxBytes: 100 })).rejects.toThrow(/too large/);
    await expect(importContract(join(made.folder, 'none.json'))).rejects.toThrow(/there is no such file/);
    await expect(importContract(made.folder)).rejects.toThrow(/it is a folder/);
    await expect(made.from({ asyncapi: '1.2.0', topics: {} })).rejects.toThrow(
      /is AsyncAPI 1\.2\.0: OpenAPI 3, Swagger 2 and AsyncAPI 2 and 3 can be imported/,
    );
    await expect(made.from({ swaggerVersion: '1.2', apis: [] })).rejects.toThrow(/is Swagger 1\.2:/);
    await expect(importContract('ftp://example.com/x')).rejects.toThrow(/neither a file nor a URL/);
    const { url, close } = await listen(() => undefined, { port: 0 });
    await close();
    await expect(importContract(`${url}/x.json`, { timeoutMs: 2000 })).rejects.toThrow(/cannot be read: nothing listens there/);
    const many = { ...api({ A: { type: 'string' } }), paths: Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`/p${at}`, { get: { responses: {} } }])) }; // prettier-ignore
    await expect(made.from(many)).rejects.toThrow(/20000 operations, and a module takes 5000: choose some with --only/);
    expect((await made.from(many, { only: ['getP7'] })).operations).toEqual(['getP7']);
    await expect(made.from(api({ A: {} }), { only: ['getB'] })).rejects.toThrow(/no such operation: did you mean 'getA'/);
  });

  test('a link does not lead out of the folder, other files of it may be named', async () => {
    const folder = join(made.folder, 'inside');
    await mkdir(join(folder, 'schemas'), { recursive: true });
    await writeFile(join(made.folder, 'outside.yaml'), 'type: string');
    await writeFile(join(folder, 'schemas/a.yaml'), 'type: object\nproperties: { b: { $ref: "b.json#/$defs/B" } }');
    await writeFile(join(folder, 'schemas/b.json'), '{"$defs":{"B":{"type":"object","properties":{"a":{"$ref":"a.yaml"}}}}}');
    await writeFile(join(folder, 'api.json'), JSON.stringify(api({}, 'schemas/a.yaml')));
    const { code } = await importContract(join(folder, 'api.json'));
    expect(code).toMatch(/export const A = z\.object[^]*export const B = /);
    await symlink(join(made.folder, 'outside.yaml'), join(folder, 'link.yaml'));
    await writeFile(join(folder, 'api.json'), JSON.stringify(api({}, 'link.yaml')));
    await expect(importContract(join(folder, 'api.json'))).rejects.toThrow(/outside of its folder/);
    await writeFile(join(folder, 'api.json'), JSON.stringify(api({}, '../outside.yaml')));
    expect((await importContract(join(folder, 'api.json'), { allow: [made.folder] })).operations).toEqual(['getA']);
  });

  test('no credentials go to another origin, and no redirect leads out of what may be read', async () => {
    const api = (paths: object) => ({ openapi: '3.1.0', info: { title: 'Moved', version: '1' }, paths });
    const part = { get: { operationId: 'getPing', responses: { 204: { description: 'yes' } } } };
    const other = await smallApi(({ path }) => (path === '/part' ? [200, part] : [200, api({ '/ping': part })]));
    const own = await smallApi(({ path }) => {
      if (path === '/moved') return [302, undefined, { location: '/api' }];
      if (path === '/out') return [302, undefined, { location: `${other.url}/api` }];
      if (path === '/round') return [302, undefined, { location: '/round' }];
      return [200, api({ '/ping': { $ref: `${other.url}/part` } })];
    });
    const options = { allow: [other.url], headers: { authorization: 'Bearer own', 'x-key': 'own' } };
    expect((await importContract(`${own.url}/moved`, options)).operations).toEqual(['getPing']);
    expect(own.got.map(({ path, headers }) => [path, headers['x-key']])).toEqual([
      ['/moved', 'own'],
      ['/api', 'own'],
    ]);
    expect(other.got.map(({ path, headers }) => [path, headers['x-key'], headers['authorization']])).toEqual([
      ['/part', undefined, undefined],
    ]);
    await expect(importContract(`${own.url}/out`)).rejects.toThrow(`allow it with --allow ${other.url}`);
    await expect(importContract(`${own.url}/round`)).rejects.toThrow('redirected more than 5 times');
    expect((await importContract(`${own.url}/out`, options)).operations).toEqual(['getPing']);
    expect(other.got.map(({ headers }) => headers['x-key'])).toEqual([undefined, undefined]);
  });

  test('large and stable: the same text again, and the same names with fewer operations', async () => {
    const schemas = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`Type${at}`, { type: 'object', description: 'x'.repeat(3000), properties: { next: { $ref: `#/components/schemas/Type${(at + 1) % 3000}` } } }])); // prettier-ignore
    const text = JSON.stringify(api({ ...schemas, A: { type: 'array', items: { $ref: '#/components/schemas/Type0' } } }));
    expect(text.length).toBeGreaterThan(9_000_000);
    const first = await made.from(text);
    expect((await made.from(text)).code).toBe(first.code);
  });
});
