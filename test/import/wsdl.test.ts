import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { importContract } from '../../src/import/index.ts';
import { wsdlOption } from '../../src/import/wsdl/load.ts';
import { serve } from '../../src/serve/index.ts';
import { schema, wsdlWith } from '../support/foreign-soap.ts';
import { importing } from '../support/imported.ts';
import { partsWsdl } from './parts-wsdl.ts';

const made = importing();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server of the WSDL's own making: answers by what a request contains. */
async function answering(answers: Readonly<Record<string, string>>): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      bodies.push(/<soap:Body>(.*)<\/soap:Body>/s.exec(text)?.[1]?.replaceAll(/ xmlns:\w+="[^"]*"/g, '') ?? text);
      const [, content = ''] = Object.entries(answers).find(([name]) => text.includes(`:${name}`)) ?? [];
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(
        `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:parts" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>${content}</s:Body></s:Envelope>`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, bodies };
}

describe('WSDL', () => {
  test('the Blog that this library prints, served by the same service', async () => {
    const service = createBlogService();
    closing.push(() => service.close());
    const served = await serve(service, { port: 0, protocols: ['soap'] });
    closing.push(() => served.close());
    const url = `${served.http}/soap`;
    const imported = await importContract(`${url}?wsdl`);
    expect(imported).toMatchObject({ format: 'wsdl', events: [] });
    expect(imported.operations.toSorted()).toEqual(Object.keys(blogContract.operations).toSorted());
    const { connect } = await made.load(imported);
    const client = connect({ url });
    closing.push(() => client.close());
    expect(await client['getUser']?.({ id: 123 })).toMatchObject({ username: 'john_doe' });
    expect(await client['createUser']?.({ username: 'eva', email: 'eva@example.com' })).toMatchObject({ username: 'eva' });
    expect(await client['getUserPosts']?.({ userId: 123, limit: 1 })).toHaveLength(1);
    await expect(client['getUser']?.({ id: 4711 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await importContract(`${url}?wsdl`, { only: ['GetWeather'] })).toMatchObject({ name: 'weather', operations: ['getWeather'] });
  });

  test('the habits of .NET: wrappers of lists, results, attributes, choices, types that contain themselves', async () => {
    const folder = join(made.folder, 'parts');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'parts.wsdl'), partsWsdl.wsdl);
    await writeFile(join(folder, 'parts.xsd'), partsWsdl.xsd);
    const out = join(made.folder, 'client.ts');
    const imported = await importContract(join(folder, 'parts.wsdl'), { out });
    expect([imported.name, imported.operations]).toEqual(['parts', ['callPing', 'getNode', 'query', 'pay']]);
    expect(imported.findings.map(({ place, what }) => `${place}: ${what}`)).toEqual([
      '{urn:parts}Node: a choice between elements',
      'a type without a name: a DataSet, whose tables come with the rows',
      'Parts/Say: a request that is a text',
      "Parts/Pay: the header block 'Session'",
      'Parts/Pay: faults with a name',
    ]);
    expect(imported.code).toContain("wsdl: new URL('./parts/parts.wsdl', import.meta.url).href");
    expect((await importContract(join(folder, 'parts.wsdl'), { out })).code).toBe(imported.code);

    const { url, bodies } = await answering({
      GetNode:
        '<GetNodeResponse><GetNodeResult Id="9007199254740993"><Name xsi:nil="true"/><Colour>Light Blue</Colour><Parts><Node Id="2" name="b"><Name>B</Name><Tag>x</Tag><Tag>y</Tag></Node></Parts><Weight>1.50</Weight></GetNodeResult></GetNodeResponse>',
      Ping: '<PingResponse/>',
      Query: '<QueryResponse><QueryResult><diffgram><Row><id>1</id></Row></diffgram></QueryResult></QueryResponse>',
      Pay: '<PayResponse><Receipt>r1</Receipt><Paid>2026-01-02T03:04:05</Paid></PayResponse>',
    });
    const { connect } = await made.load(imported);
    const client = connect({ url, header: { Session: { Token: 't' } } });
    closing.push(() => client.close());
    expect(await client['getNode']?.({ code: 'AB1' })).toEqual({
      Name: null,
      colour: 'Light Blue',
      parts: [{ Name: 'B', tag: ['x', 'y'], id: 2n, '@name': 'b' }],
      tag: [],
      weight: 1.5,
      id: 9007199254740993n,
    });
    await expect(client['getNode']?.({ code: 'no code' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await client['callPing']?.()).toBeUndefined();
    expect(await client['query']?.({ sql: 'select 1' })).toEqual({ diffgram: { Row: { id: '1' } } });
    const means = { '@xsi:type': 'Card', number: '4111', amount: { currency: 'EUR', value: 9.5 } };
    expect(await client['pay']?.({ lines: [{ sku: 'A', quantity: 2 }], means })).toEqual({ receipt: 'r1', paid: '2026-01-02T03:04:05' });
    expect(bodies.at(-1)).toBe(
      '<n1:Pay><n1:Lines><n1:Line><n1:Sku>A</n1:Sku><n1:Quantity>2</n1:Quantity></n1:Line></n1:Lines><n1:Means xsi:type="n1:Card"><n1:Amount currency="EUR">9.5</n1:Amount><n1:Number>4111</n1:Number></n1:Means></n1:Pay>',
    );
  });

  test('equal names of several namespaces stay apart', async () => {
    const folder = join(made.folder, 'names');
    await mkdir(folder, { recursive: true });
    const type =
      '<xs:complexType><xs:sequence><xs:element name="id" type="xs:int"/><xs:element ref="y:id"/></xs:sequence><xs:attribute name="lang" type="xs:string"/><xs:attribute ref="xml:lang"/><xs:attribute ref="y:only"/></xs:complexType>';
    const other = schema('<xs:element name="id" type="xs:string"/><xs:attribute name="only" type="xs:boolean"/>', '', 'urn:y');
    const types = other + schema(`<xs:element name="Go">${type}</xs:element><xs:element name="GoR">${type}</xs:element>`);
    await writeFile(join(folder, 'names.wsdl'), wsdlWith({ types }));
    const content = 'xmlns:x="urn:x" xmlns:y="urn:y" lang="a" xml:lang="b" y:only="true"><x:id>1</x:id><y:id>2</y:id>';
    const { url, bodies } = await answering({ Go: `<x:GoR ${content}</x:GoR>` });
    const { connect } = await made.load(await importContract(join(folder, 'names.wsdl'), { out: join(made.folder, 'client.ts') }));
    const client = connect({ url });
    closing.push(() => client.close());
    const values = { id: 1, '{urn:y}id': '2', '@lang': 'a', '@xml:lang': 'b', only: true };
    expect(await client['go']?.(values)).toEqual(values);
    expect(bodies).toEqual(['<n1:Go lang="a" xml:lang="b" n2:only="true"><n1:id>1</n1:id><n2:id>2</n2:id></n1:Go>']);
  });

  test('a result that is left out is null', async () => {
    const folder = join(made.folder, 'absent');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'parts.wsdl'), partsWsdl.wsdl);
    await writeFile(join(folder, 'parts.xsd'), partsWsdl.xsd);
    const { url } = await answering({ GetNode: '<GetNodeResponse/>' });
    const imported = await importContract(join(folder, 'parts.wsdl'), { only: ['Parts/GetNode'] });
    const { connect } = await made.load(imported);
    const client = connect({ url });
    closing.push(() => client.close());
    expect(await client['getNode']?.({ code: 'AB1' })).toBeNull();
    expect(imported.code).not.toContain('Card');
  });

  test('a WSDL without a service, as devices share it, takes the address from its caller', async () => {
    const types = schema(
      '<xs:element name="Go"><xs:complexType/></xs:element><xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="Model" type="xs:string"/></xs:sequence></xs:complexType></xs:element>',
    );
    const file = join(made.folder, 'device.wsdl');
    const policy =
      '<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:w="http://www.w3.org/2007/05/addressing/metadata"><w:Addressing/></p:Policy>';
    const shared = wsdlWith({ types }).replace(/<service.*<\/service>/s, '');
    await writeFile(file, shared.replace('<soap:binding ', `${policy}<soap:binding `));
    const { url, bodies } = await answering({ Go: '<x:GoR xmlns:x="urn:x"><x:Model>m1</x:Model></x:GoR>' });
    const imported = await importContract(file, { out: join(made.folder, 'client.ts') });
    expect(imported.code).toMatch(/readonly url: string;\n\}/);
    expect(imported.code).toContain('connect(options: ConnectOptions) {');
    expect(imported.code).toContain('addressing: true');
    expect(imported.findings).toMatchObject([{ place: 'B', what: 'a port without an address', instead: 'give it as connect({ url: … })' }]);
    const { connect } = await made.load(imported);
    const client = connect({ url });
    closing.push(() => client.close());
    expect(await client['go']?.()).toBe('m1');
    expect(bodies).toEqual(['<n1:Go/>']);
  });

  test('documents that cannot be used', async () => {
    await expect(made.from('<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"/>')).rejects.toThrow(
      /neither a service nor a binding for SOAP/,
    );
    await expect(made.from('<?xml version="1.0"?><html/>')).rejects.toThrow(/is not a WSDL: its root is <html>/);
    await expect(made.from('<description xmlns="http://www.w3.org/ns/wsdl"/>')).rejects.toThrow(/it is WSDL 2\.0/);
    await expect(made.from('<?xml version="1.0"?><definitions>')).rejects.toThrow(/not well-formed XML/);
    const outside = '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="/etc/passwd"/></definitions>';
    await expect(made.from(outside)).rejects.toThrow(/\/etc\/passwd, which is outside of its folder: allow it with --allow \/etc/);
    const laughs = `<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><definitions xmlns="http://schemas.xmlsoap.org/wsdl/">&b;</definitions>`;
    await expect(made.from(laughs)).rejects.toThrow(/cannot be used: .*(?:DOCTYPE|document type|entity)/is);
    const missing = '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="missing.wsdl"/></definitions>';
    await expect(made.from(missing)).rejects.toThrow(/missing\.wsdl cannot be read: there is no such file/);
  });

  test('every module compiles', () => {
    expect(made.diagnostics()).toEqual([]);
  }, 60_000);
});

describe('the place of a WSDL beside the module', () => {
  test.each([
    ["o'brien.wsdl", `"./o'brien.wsdl"`],
    ['a#b?.wsdl', "'./a%23b%3F.wsdl'"],
    ['100%.wsdl', "'./100%25.wsdl'"],
  ])('%s is written as a URL', (name, literal) => {
    const written = wsdlOption(pathToFileURL(`/api/${name}`).href, '/api/client.ts');
    expect(written).toMatchObject({ code: `new URL(${literal}, import.meta.url).href` });
  });
});
