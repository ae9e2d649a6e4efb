import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation } from '../../src/core/define.ts';
import { listen } from '../../src/http/node/listen.ts';
import { soap } from '../../src/soap/client.ts';
import { soapHandler } from '../../src/soap/server.ts';
import { schema, wsdlWith } from '../support/foreign-soap.ts';
import { errorOf } from '../support/soap.ts';
import { missing, run } from '../support/system-peer.ts';
import { until } from '../support/until.ts';
import { freePort } from '../support/free-port.ts';

const noPhp = missing('php-cli php-soap', 'php', '-r', 'exit(extension_loaded("soap") ? 0 : 1);');
const script = (name: string) => new URL(`../peers/${name}`, import.meta.url).pathname;

const User = z.object({ name: z.string(), age: z.int() });
const el = (name: string, type: string, more = ''): string => `<xs:element name="${name}" type="${type}" ${more}/>`;
const user = `<xs:complexType name="User"><xs:sequence>${el('name', 'xs:string')}${el('age', 'xs:int')}</xs:sequence></xs:complexType>`;
const tags = `<xs:complexType name="Tags"><xs:sequence>${el('tag', 'xs:string', 'minOccurs="0" maxOccurs="unbounded"')}</xs:sequence></xs:complexType>`;
const arrays = `<xs:complexType name="Tags"><xs:complexContent><xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="xs:string[]"/></xs:restriction></xs:complexContent></xs:complexType>`;
const encoding = 'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"';
const parts = {
  parts: '<part name="user" type="x:User"/><part name="tags" type="x:Tags"/>',
  out: '<part name="return" type="xs:string"/>',
  style: 'rpc',
} as const;

const FORMS = {
  'document/literal': wsdlWith({
    types: schema(
      `${user}${tags}<xs:element name="Go"><xs:complexType><xs:sequence>${el('user', 'x:User')}${el('tags', 'x:Tags')}</xs:sequence></xs:complexType></xs:element><xs:element name="GoR"><xs:complexType><xs:sequence>${el('greeting', 'xs:string')}${el('users', 'x:User', 'maxOccurs="unbounded"')}${el('tags', 'x:Tags')}</xs:sequence></xs:complexType></xs:element>`,
    ),
  }),
  'RPC/literal': wsdlWith({ types: schema(user + tags, ''), ...parts, body: 'use="literal" namespace="urn:rpc"' }),
  'RPC/encoded': wsdlWith({
    types: schema(user + arrays, encoding),
    ...parts,
    body: 'use="encoded" namespace="urn:rpc" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"',
  }),
};

describe.skipIf(noPhp).each(Object.entries(FORMS))(`our client, PHP's SoapServer, %s ${noPhp ?? ''}`, (form, text) => {
  const folder = mkdtempSync(join(tmpdir(), 'php-'));
  const wsdl = join(folder, 'service.wsdl');
  let php: ChildProcess;
  beforeAll(async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    writeFileSync(wsdl, text.replace('http://foreign.test/soap', url));
    php = spawn('php', ['-S', `127.0.0.1:${port}`, script('php-server.php')], { env: { ...process.env, WSDL: wsdl }, stdio: 'ignore' });
    await until(
      () =>
        fetch(url).then(
          ({ ok }) => ok,
          () => false,
        ),
      'PHP listens',
    );
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => php.once('exit', resolve));
    php.kill();
    await ended;
    rmSync(folder, { recursive: true });
  });

  const input = z.object({ user: User, tags: z.array(z.string()) });
  const output =
    form === 'document/literal' ? z.object({ greeting: z.string(), users: z.array(User), tags: z.array(z.string()) }) : z.string();
  const contract = defineContract({ name: 'php', operations: { go: mutation({ input, output }) } });

  test('values and faults are understood by both', async () => {
    const client = createClient({ contract, transport: soap({ wsdl, operations: { go: {} } }) });
    const ada = { name: 'Ada <&>', age: 36 };
    const answer = await client.go({ user: ada, tags: ['a', 'b'] });
    expect(answer).toEqual(
      form === 'document/literal' ? { greeting: 'hello Ada <&>', users: [ada, ada], tags: ['a', 'b'] } : 'hello Ada <&>, a+b',
    );
    const fault = await errorOf(client.go({ user: { name: 'nobody', age: 1 }, tags: [] }));
    expect(fault).toMatchObject({
      code: 'INVALID_ARGUMENT',
      text: 'who is <nobody>?',
      remote: true,
      details: { faultcode: 'SOAP-ENV:Client', faultactor: 'urn:php' },
    });
    expect(JSON.stringify(fault.details)).toContain('7');
    await client.close();
  });
});

describe.skipIf(noPhp)(`PHP's SoapClient, our server ${noPhp ?? ''}`, () => {
  test('calls it from the WSDL, both versions', async () => {
    const service = createBlogService();
    const server = await listen(soapHandler(service));
    const got = JSON.parse(await run('php', script('php-client.php'), `${server.url}/soap?wsdl`, `${server.url}/soap`)) as unknown[];
    await server.close();
    await service.close();
    expect(got).toMatchObject(
      ['SOAP-ENV:Client', 'env:Sender'].map((code) => ({
        user: { User: { Id: 123, Username: 'john_doe' } },
        posts: 1,
        fault: { code: expect.stringContaining(code.split(':')[1] ?? '') as string, message: 'no user has the id 9', detail: 'NOT_FOUND' },
      })),
    );
  });
});
