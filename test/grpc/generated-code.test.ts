/** Definitions of generated code, which say nothing of their messages: ts-proto's in its usual forms, and protoc's plugin for JavaScript. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { defineContract, mutation } from '../../src/core/define.ts';
import { grpc, type ForeignDefinition } from '../../src/grpc/client.ts';
import { clientOf } from '../support/grpc.ts';
import { ROOT } from '../support/source-graph.ts';

const PROTOS = join(import.meta.dirname, 'protos');
const hasProtoc = spawnSync('protoc', ['--version']).status === 0;

/** ts-proto's code for the shop, made for this run; inside the repository, so that it finds its packages. */
async function generate(name: string, options: string): Promise<ForeignDefinition> {
  const out = join(ROOT, 'node_modules/.cache/shop-ts-proto', name);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const plugin = join(ROOT, 'node_modules/.bin/protoc-gen-ts_proto');
  const all = `outputServices=grpc-js,esModuleInterop=true,importSuffix=.ts${options === '' ? '' : `,${options}`}`;
  execFileSync('protoc', ['-I', PROTOS, `--plugin=${plugin}`, `--ts_proto_out=${out}`, `--ts_proto_opt=${all}`, 'shop.proto'], {
    timeout: 60_000,
  });
  const code = (await import(/* @vite-ignore */ join(out, 'shop.ts'))) as { ShopService: ForeignDefinition };
  return code.ShopService;
}

async function serveShop() {
  const seen: Record<string, unknown>[] = [];
  const server = new Server();
  server.addService(loadSync(join(PROTOS, 'shop.proto'), { longs: String, enums: String, keepCase: true })['acme.shop.v1.Shop'] as never, {
    UpdateItem: ({ request }: { request: { item: object } }, done: (error: null, value: object) => void) => {
      seen.push(request.item as Record<string, unknown>);
      done(null, request.item);
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  onTestFinished(() => server.forceShutdown());
  return { url: `127.0.0.1:${port}`, seen };
}

const Part = z.object({ name: z.string(), parts: z.array(z.object({ name: z.string() })) });
const shapes = {
  id: z.int(),
  title: z.string(),
  madeAt: z.iso.datetime(),
  blob: z.base64(),
  nums: z.array(z.int()),
  counts: z.record(z.string(), z.int()),
  ubig: z.string(),
  part: Part,
  ready: z.boolean().nullable(),
  nick: z.string().optional(),
  maybe: z.int().optional(),
};
const Item = z.object(shapes);
const contractOf = (item: z.ZodObject) =>
  defineContract({ name: 'mine', operations: { updateItem: mutation({ input: z.object({ item }), output: item }) } });
const item: z.infer<typeof Item> = {
  id: 7,
  title: 'Ü',
  madeAt: '2024-01-15T09:30:00.500Z',
  blob: 'AQID',
  nums: [1, 0],
  counts: { a: 5 },
  ubig: '12',
  part: { name: 'p', parts: [{ name: 'q' }] },
  ready: null,
  nick: 'n',
};

describe.skipIf(!hasProtoc)(`ts-proto${hasProtoc ? '' : ' (skipped: protobuf-compiler is missing)'}`, () => {
  it.each([
    ['as it is', ''],
    ['dates as text', 'useDate=string'],
    ['dates as messages', 'useDate=false'],
    ['64 bits as Long', 'forceLong=long'],
    ['64 bits as bigint', 'forceLong=bigint'],
    ['64 bits as text', 'forceLong=string'],
    ['maps as Map', 'useMapType=true'],
    ['optional as undefined', 'useOptionals=all'],
  ])(
    '%s',
    async (name, options) => {
      const definition = await generate(name.replaceAll(' ', '-'), options);
      const { url, seen } = await serveShop();
      const client = clientOf(contractOf(Item), { url, definition });
      expect(await client.updateItem({ item })).toEqual(item);
      expect(seen[0]).toMatchObject({
        id: '7',
        made_at: { seconds: '1705311000', nanos: 500_000_000 },
        blob: Buffer.from([1, 2, 3]),
        nick: { value: 'n' },
      });
    },
    60_000,
  );

  it('whose enums are numbers needs descriptors for their names; those that are text do not', async () => {
    const numbers = await generate('numbers', '');
    const { url, seen } = await serveShop();
    const contract = contractOf(z.object({ kind: z.enum(['KIND_BOOK', 'KIND_PAPER_BACK']) }));
    expect(() => grpc({ url, definition: numbers })(contract)).toThrow(
      /item\.kind: the generated code has the numbers of the enum.*'descriptors' beside/s,
    );
    const descriptors = readFileSync(join(PROTOS, 'shop.proto'), 'utf8');
    const text = await generate('text', 'stringEnums=true');
    for (const options of [{ definition: numbers, descriptors }, { definition: text }]) {
      expect(await clientOf(contract, { url, ...options }).updateItem({ item: { kind: 'KIND_PAPER_BACK' } })).toEqual({
        kind: 'KIND_PAPER_BACK',
      });
    }
    expect(seen).toMatchObject([{ kind: 'KIND_PAPER_BACK' }, { kind: 'KIND_PAPER_BACK' }]);
  }, 60_000);

  it('without a field of the contract is refused when the client is made', async () => {
    const definition = await generate('plain', '');
    expect(() =>
      grpc({ url: '127.0.0.1:1', definition })(contractOf(z.object({ titel: z.string(), part: z.object({ nam: z.string() }) }))),
    ).toThrow(/item\.titel: the generated code has no such field.*item\.part\.nam: the generated code has no such field/s);
  }, 60_000);
});
