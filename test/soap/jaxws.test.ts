import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { bytes, instant, int64 } from '../../src/core.ts';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient } from '../../src/index.ts';
import { importContract } from '../../src/import/index.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { compile, importWsdl, javaArguments, makeWrappers, noJaxWs } from '../support/jaxws.ts';
import { errorOf } from '../support/soap.ts';
import { run, startServer } from '../support/system-peer.ts';
import { until } from '../support/until.ts';

const Item = z.object({
  id: int64(),
  lang: z.string().optional(),
  name: z.string(),
  tags: z.array(z.string()),
  price: z.number().nullish(),
  when: z.optional(instant()),
  data: z.optional(bytes()),
  kind: z.enum(['SMALL', 'extra large']).optional(),
});
const operations = {
  echo: mutation({ input: z.object({ item: Item }), output: Item }),
  list: query({ input: z.object({ count: z.int32() }), output: z.array(Item.extend({ rare: z.boolean().optional() })) }),
  greet: query({ input: z.object({ name: z.string() }), output: z.object({ return: z.string(), length: z.int32() }) }),
  note: mutation({ input: z.object({ text: z.string() }) }),
  noted: query({ output: z.string() }),
};
const contract = defineContract({ name: 'shop', operations });
const item = {
  id: 9_007_199_254_740_993n,
  lang: 'de',
  name: ' a <b> & "c" ü😀 ',
  tags: ['x', '', '<y/>'],
  price: null,
  when: new Date('2024-01-15T09:30:00.250Z'),
  data: Uint8Array.of(0, 255, 128),
  kind: 'extra large' as const,
};
const bare = { id: 1n, name: '', tags: [], price: null };

describe.skipIf(noJaxWs)(`JAX-WS ${noJaxWs ?? ''}`, { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'jaxws-'));
  let java: Awaited<ReturnType<typeof startServer>>;
  const adapter = (path: string) =>
    soap({
      wsdl: `http://127.0.0.1:${java.port}/${path}?wsdl`,
      header: { session: 'mine' },
      operations: { echo: {}, list: {}, greet: {}, note: {}, noted: {} },
    });
  beforeAll(async () => {
    await compile(folder, 'Peer');
    await makeWrappers(folder, 'shop.Peer$Shop');
    java = await startServer('java', ...javaArguments(folder, 'shop.Peer'));
  }, 60_000);
  afterAll(async () => {
    await java.stop();
    rmSync(folder, { recursive: true });
  });

  test.each(['11', '12'])('its server understands our client, SOAP %s, and it the answers', async (version) => {
    const client = createClient({ contract, transport: adapter(version) });
    expect(await client.echo({ item })).toEqual(item);
    expect(await client.echo({ item: bare })).toEqual(bare);
    const items = await client.list({ count: 2 });
    expect(items).toEqual([
      { ...bare, name: 'item 1 <&> ü' },
      { ...bare, id: 2n, name: 'item 2 <&> ü', rare: false },
    ]);
    expect(await client.list({ count: 1 })).toHaveLength(1);
    expect(await client.list({ count: 0 })).toEqual([]);
    expect(await client.greet({ name: 'Ada' })).toEqual({ return: 'hello Ada of mine', length: 3 });
    await client.note({ text: 'noted <it>' });
    // It answers before it has run.
    await until(async () => (await client.noted()) === 'noted <it>', 'the note is there');
    const trouble = await errorOf(client.greet({ name: 'nobody' }));
    expect(trouble).toMatchObject({ text: 'no such name', remote: true });
    expect(JSON.stringify(trouble.details)).toMatch(/"left":"?3"?.*who is <nobody>\?/);
    expect(await errorOf(client.greet({ name: 'crash' }))).toMatchObject({ text: 'it broke', remote: true });
    await client.close();
  });

  test('RPC/literal', async () => {
    const { echo } = operations;
    const rpc = soap({ wsdl: `http://127.0.0.1:${java.port}/rpc?wsdl`, operations: { echo: {} } });
    const client = createClient({ contract: defineContract({ name: 'shop', operations: { echo } }), transport: rpc });
    expect(await client.echo({ item })).toEqual(item);
    await client.close();
  });

  test.each(['11', '12'])('messages in parts (MTOM), SOAP %s', async (version) => {
    const { echo } = operations;
    const types: (string | undefined)[] = [];
    const transport = soap({
      wsdl: `http://127.0.0.1:${java.port}/parts${version}?wsdl`,
      mtom: true,
      addressing: version === '11',
      operations: { echo: {} },
      onWire: ({ headers }) => types.push(headers?.['content-type']?.split(';')[0]),
    });
    const client = createClient({ contract: defineContract({ name: 'shop', operations: { echo } }), transport });
    const large = { ...item, data: Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7) % 256) };
    expect(await client.echo({ item: large })).toEqual(large);
    expect(types.slice(-2)).toEqual(['multipart/related', 'multipart/related']);
    await client.close();
  });

  test('headers of WS-Addressing that it demands', async () => {
    const { code } = await importContract(`http://127.0.0.1:${java.port}/parts11?wsdl`);
    expect(code).toContain('addressing: true');
    const { greet } = operations;
    const without = soap({ wsdl: `http://127.0.0.1:${java.port}/parts11?wsdl`, operations: { greet: {} } });
    const client = createClient({ contract: defineContract({ name: 'shop', operations: { greet } }), transport: without });
    await expect(client.greet({ name: 'Ada' })).rejects.toMatchObject({
      remote: true,
      text: expect.stringMatching(/required header/i) as string,
    });
    await client.close();
  });

  test('its client calls our server by the classes that it makes of the WSDL, both versions', async () => {
    const service = createBlogService();
    const server = await listen(soapHandler(service));
    const wsdl = `${server.url}/soap?wsdl`;
    expect(await importWsdl(folder, wsdl)).not.toContain('ERROR');
    await compile(folder, 'Caller');
    const lines = (await run('java', ...javaArguments(folder, 'caller.Caller', wsdl))).trim().split('\n');
    await server.close();
    await service.close();
    const users = ['123 john_doe 2024-01-15T09:30:00Z', 'no user has the id 9: NOT_FOUND'];
    const posts = ['true true', '2', 'INVALID_ARGUMENT'];
    expect(lines).toEqual([...users, ...users, ...posts, ...posts, '21.5']);
  });
});
