/** Foreign services that are not JavaScript: Python's grpcio and Ruby's grpc serve the shop, and Ruby calls the Blog. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineContract, event, mutation } from '../../src/core/define.ts';
import { bytes, int64 } from '../../src/index.ts';
import { blogService, clientOf, serve } from '../support/grpc.ts';
import { missingPython, PYTHON, PYTHON_FOLDER } from '../support/python.ts';
import { SHOP_PROTOS, startShop } from '../support/shop.ts';

const RUBY_FOLDER = join(import.meta.dirname, '../ruby');
const definition = readFileSync(join(SHOP_PROTOS, 'shop.proto'), 'utf8');
const run = promisify(execFile);

const missing = missingPython();
const noRuby =
  missing ??
  (spawnSync('ruby', ['-e', "require 'grpc'"], { timeout: 20_000 }).status === 0 ? undefined : 'the Debian package ruby-grpc is not there');

const Part = z.object({ name: z.string(), parts: z.array(z.object({ name: z.string() })) });
const Item = z.object({
  id: int64(),
  title: z.string(),
  kind: z.enum(['book', 'paper-back']).optional(),
  madeAt: z.iso.datetime().optional(),
  nick: z.string().nullable(),
  blob: bytes(),
  nums: z.array(z.int()),
  byNo: z.record(z.string(), Part),
  phone: z.int().optional(),
  big: z.string().optional(),
  lasts: z.string().optional(),
  extra: z.record(z.string(), z.json()).optional(),
  any: z.json().optional(),
  more: z.array(z.json()),
  ready: z.boolean().optional(),
  loose: z.json().optional(),
  flags: z.record(z.string(), z.string()),
  author: z.string(),
});
const contract = defineContract({
  name: 'mine',
  operations: {
    getItem: mutation({ input: z.object({ id: z.int() }), output: Item }),
    updateItem: mutation({ input: z.object({ item: Item, updateMask: z.string() }), output: Item }),
    listItems: mutation({ input: z.object({ pageSize: z.int() }), output: z.array(Item) }),
    deleteItem: mutation({ input: z.object({ id: z.int() }) }),
  },
  events: { item: event({ channel: 'items/{title}', payload: z.object({ id: z.int(), title: z.string() }) }) },
});
const events = {
  item: {
    method: 'acme.shop.v1.Shop/WatchItems',
    input: ({ title }: { title?: string }) => ({ range: { from: 2, to: 4 }, author: title }),
  },
};
const item = {
  id: 9_007_199_254_740_993n, title: 'Ü', kind: 'paper-back' as const, madeAt: '2024-01-15T09:30:00.120Z', nick: 'n', blob: new Uint8Array([1, 2]), nums: [-1, 0],
  byNo: { '-3': { name: 'p', parts: [{ name: 'q' }] } }, phone: 0, big: '-9223372036854775808', lasts: '1.500s', extra: { a: [1, null] },
  any: { '@type': 'type.googleapis.com/acme.shop.v1.GetItemRequest', id: '5' }, more: [{ '@type': 'type.googleapis.com/google.protobuf.Duration', value: '2s' }],
  ready: false, loose: 'x', flags: { true: 'yes', false: 'no' }, author: '',
}; // prettier-ignore
/** As protobuf's own JSON has it. */
const asJson = {
  ...item, id: '9007199254740993', kind: 'KIND_PAPER_BACK', blob: 'AQI=', extra: { a: [1, null] }, author: undefined,
}; // prettier-ignore

describe.skipIf(missing !== undefined)(
  `Python's grpcio as a foreign service${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    it('reads what we send as it is meant, and we what it sends', async () => {
      const url = await startShop(PYTHON, join(PYTHON_FOLDER, 'shop.py'), 'python');
      const client = clientOf(contract, { url, definition, events, headers: { 'trace-bin': 'AP8H' } });
      const { author, ...back } = await client.updateItem({ item, updateMask: 'madeAt,byNo' });
      const { author: _, ...sent } = item;
      expect(back).toEqual(sent);
      expect(JSON.parse(author)).toEqual({ item: JSON.parse(JSON.stringify(asJson)), updateMask: 'madeAt,byNo' });
      expect(await client.getItem({ id: 3 })).toEqual({
      id: 3n, title: 'é', kind: 'book', madeAt: '2024-01-15T09:30:00.123456789Z', nick: '', blob: new Uint8Array([0, 255]), nums: [],
      byNo: { '-1': { name: '', parts: [{ name: 'inner' }] } }, phone: 7, big: '-9223372036854775808', lasts: '-3.000000001s', extra: { a: [1, null, { b: true }] },
      any: { '@type': 'type.googleapis.com/acme.shop.v1.GetItemRequest', id: '9' }, more: [{ '@type': 'type.googleapis.com/google.protobuf.Timestamp', value: '1970-01-01T00:00:01Z' }],
      loose: 'x', flags: { true: 'yes', false: 'no' }, author: '00ff07',
    }); // prettier-ignore
      expect(await client.listItems({ pageSize: 2 })).toEqual([]);
      expect(await client.deleteItem({ id: 2 })).toBeUndefined();
      const heard: unknown[] = [];
      for await (const each of client.onItem({ params: { title: 'ann' } })) heard.push(each);
      expect(heard).toEqual([2, 3, 4].map((id) => ({ id, title: 'ann' })));
    }, 60_000);
  },
);

describe.skipIf(noRuby !== undefined)(`Ruby's grpc${noRuby === undefined ? '' : ` (skipped: ${noRuby})`}`, () => {
  it('as a foreign service reads what we send as it is meant', async () => {
    const url = await startShop('ruby', join(RUBY_FOLDER, 'shop.rb'), 'ruby');
    const client = clientOf(contract, { url, definition, events });
    const { author, ...back } = await client.updateItem({ item, updateMask: 'title' });
    const { author: _, ...sent } = item;
    expect(back).toEqual(sent);
    expect(JSON.parse(author)).toMatchObject({
      item: { id: '9007199254740993', kind: 'KIND_PAPER_BACK', nick: 'n', madeAt: '2024-01-15T09:30:00.120Z' },
    });
    expect(await client.getItem({ id: 3 })).toMatchObject({ title: 'ruby', kind: 'book', nums: [1, 2] });
    await expect(client.getItem({ id: 404 })).rejects.toMatchObject({ code: 'NOT_FOUND', text: 'no item 404', remote: true });
    const heard: unknown[] = [];
    for await (const each of client.onItem({ params: { title: 'rb' } })) heard.push(each);
    expect(heard).toEqual([2, 3, 4].map((id) => ({ id, title: 'rb' })));
  }, 60_000);

  it('as a client calls the Blog: values, errors with details, events', async () => {
    const stubs = mkdtempSync(join(tmpdir(), 'blog-ruby-'));
    const proto = join(import.meta.dirname, '../../proto');
    await run('protoc', [
      '-I',
      proto,
      `--ruby_out=${stubs}`,
      '--plugin=protoc-gen-grpc=/usr/bin/grpc_ruby_plugin',
      `--grpc_out=${stubs}`,
      'blog/v1/blog.proto',
    ]);
    const { address } = await serve(blogService());
    const { stdout } = await run('ruby', [join(RUBY_FOLDER, 'blog.rb'), stubs, address], { timeout: 40_000 });
    expect(JSON.parse(stdout)).toMatchObject({
      user: 'john_doe',
      created: true,
      missing: { code: 5, message: 'no user has the id 7', types: expect.arrayContaining(['google.rpc.ErrorInfo']) },
      heard: 21.5,
    });
  }, 60_000);
});
