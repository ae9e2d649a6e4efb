import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { compareContracts } from '../../src/cli/check/compare.ts';
import type { Contract } from '../../src/core/contract.ts';
import { serve } from '../../src/serve/index.ts';
import { CLI, finish, killAll, start, type Result } from '../support/program.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONTRACT = `
import { defineContract, event, query, stream, mutation } from 'multi-api-sdk/core';
import * as z from 'zod';
const Item = z.object({
  id: z.int32(), title: z.string().default('none'), tags: z.array(z.enum(['a', 'b'])),
  get parts() { return z.array(Item).optional(); },
}).meta({ id: 'Item' });
export const contract = defineContract({
  name: 'acme', version: '2.1.0', description: 'What Acme sells.',
  securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
  operations: {
    getItem: query({ summary: 'Reads an item', input: z.object({ id: z.int32() }), output: Item, errors: { GONE: { code: 'NOT_FOUND', details: z.object({ since: z.string() }) } }, http: 'GET /items/{id}' }),
    putItem: mutation({ input: z.object({ item: Item }), output: Item, idempotent: true, http: 'PUT /items' }),
    readAll: stream({ input: z.object({ from: z.int32().default(0) }), item: Item, http: 'GET /all' }),
    drop: mutation({ input: z.object({ id: z.int32() }) }),
  },
  events: { changed: event({ channel: 'changed/{id}', payload: Item, writtenBy: 'putItem' }) },
});
`;

let folder: string;
beforeAll(async () => {
  // In the repository, where zod is found without an installation.
  folder = await mkdtemp(join(ROOT, 'test/.pack-'));
  await writeFile(join(folder, 'contract.ts'), CONTRACT);
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true, force: true });
});

const pack = (...args: readonly string[]): Promise<Result> => finish(start([CLI, 'pack', ...args]));

describe('pack', () => {
  test('writes a package that passes its own tests', async () => {
    const out = join(folder, 'acme');
    const { code, stdout, stderr } = await pack('--contract', join(folder, 'contract.ts'), '--name', '@acme/sdk', '--protocols', 'rest,websocket', '--server', 'https://api.acme.com', '--out', out); // prettier-ignore
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('@acme/sdk@2.1.0: 4 calls and 1 event over rest, websocket');
    const tested = await finish(start(['--test', '--test-reporter', 'tap', join(out, 'test/client.test.js')], { TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') })); // prettier-ignore
    expect(tested.stdout).toMatch(/^# pass 2$/m);
    const readme = await readFile(join(out, 'README.md'), 'utf8');
    expect(readme).toContain("const client = createAcmeClient({ apiKey: '…' });");
    expect(readme).toContain('| `getItem` | Reads an item | `GONE` |');
    const types = await readFile(join(out, 'dist/types.d.ts'), 'utf8');
    expect(types).not.toContain('zod');
    expect(types).toContain('readonly getItem: Call<[input: GetItemInput, options?: CallOptions], Item>;');
    expect(types).toMatch(/interface Item \{[^}]*\n {2}title: string;[^}]*parts\?: Item\[\] \| undefined;/s);
    expect(types).toMatch(/interface ItemInput \{[^}]*\n {2}title\?: string \| undefined;/s);
    expect(await readFile(join(out, 'dist/rest.d.ts'), 'utf8')).toContain('readonly apiKey?: string | undefined;');
    // Again, over the one that is there.
    expect(await pack('--contract', join(folder, 'contract.ts'), '--name', '@acme/sdk', '--out', out)).toMatchObject({ code: 0 });
  });

  test('has the contract that it was made of, and its client calls the service', async () => {
    const out = join(folder, 'blog');
    expect(await pack('--name', 'blog-client', '--protocols', 'rest,graphql,soap,mqtt,websocket', '--out', out)).toMatchObject({
      code: 0,
      stderr: '',
    });
    const { contract } = (await import(pathToFileURL(join(out, 'dist/contract.js')).href)) as { readonly contract: Contract };
    expect(compareContracts(blogContract, contract)).toEqual([]);
    expect(compareContracts(contract, blogContract)).toEqual([]);
    const service = createBlogService();
    const served = await serve(service, { port: 0, protocols: ['rest', 'graphql', 'soap', 'websocket'] });
    try {
      for (const protocol of ['rest', 'graphql', 'soap', 'websocket']) {
        const module = (await import(pathToFileURL(join(out, `dist/${protocol}.js`)).href)) as { createBlogClient(options: object): { getUser(input: object): Promise<object>; close(): Promise<void> } }; // prettier-ignore
        const url = protocol === 'websocket' ? served.http?.replace('http', 'ws') : served.http;
        const client = module.createBlogClient({ url });
        expect(await client.getUser({ id: 123 })).toMatchObject({ username: 'john_doe' });
        await client.close();
      }
    } finally {
      await served.close();
      await service.close();
    }
  });

  test('its types fit a program of its user, and refuse mistakes', async () => {
    const out = join(folder, 'typed');
    expect(await pack('--contract', join(folder, 'contract.ts'), '--name', 'acme', '--protocols', 'rest,soap', '--out', out)).toMatchObject({ code: 0 }); // prettier-ignore
    const program = join(folder, 'user.ts');
    await writeFile(
      program,
      `import { createAcmeClient } from './typed/dist/index.js';
import { createAcmeClient as overSoap } from './typed/dist/soap.js';
const client = createAcmeClient({ url: 'http://127.0.0.1', apiKey: 'k' });
export const item = await client.putItem({ item: { id: 1, tags: ['a'] } });
export const title: string = item.title;
for await (const each of client.readAll()) console.log(each.id);
await client.onChanged(({ id }) => console.log(id), { params: { id: 1 } });
const { ok } = await client.getItem.safe({ id: 1 });
console.log(ok);
await overSoap({ url: 'x' }).drop({ id: 1 });
// @ts-expect-error An input is a number.
await client.getItem({ id: '1' });
// @ts-expect-error SOAP has no events.
overSoap({ url: 'x' }).onChanged;
`,
    );
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, ROOT);
    const built = ts.createProgram([program], { ...options, exactOptionalPropertyTypes: false });
    const files = built.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
    const found = files.flatMap((file) => [...built.getSyntacticDiagnostics(file), ...built.getSemanticDiagnostics(file)]);
    expect(found.map(({ messageText, file }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`)).toEqual([]);
  });

  test('says what it cannot use', async () => {
    expect(await pack()).toMatchObject({ code: 2, stderr: expect.stringMatching(/which name\?/) });
    expect(await pack('--name', 'a', '--protocols', 'rest,smoke')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/'smoke' is not one of the protocols/),
    });
    expect(await pack('--name', 'a', '--out', 'src')).toMatchObject({ code: 2, stderr: expect.stringMatching(/holds something else/) });
  });
});
