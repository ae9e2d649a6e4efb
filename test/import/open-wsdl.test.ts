/** Types that leave room for elements they do not name, and types that others are derived from. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importContract } from '../../src/import/index.ts';
import { answerOf, schema, wsdlWith } from '../support/foreign-soap.ts';
import { importing } from '../support/imported.ts';

const made = importing();
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Imports a WSDL and calls its `Go` at a server with one answer. Gives the answer's value and what was sent. */
async function goes(name: string, types: string, answer: string) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      bodies.push(/<soap:Body>(.*)<\/soap:Body>/s.exec(Buffer.concat(chunks).toString())?.[1] ?? '');
      // As a page of PHP with an empty line before its code sends it.
      response.writeHead(200, { 'content-type': 'text/xml' }).end(`\n<?xml version="1.0"?>${answerOf(answer)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  const file = join(made.folder, `${name}.wsdl`);
  await writeFile(file, `\n${wsdlWith({ types })}`);
  const imported = await importContract(file, { out: join(made.folder, 'client.ts') });
  const { connect } = await made.load(imported);
  const client = connect({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  closing.push(() => client.close());
  return { imported, bodies, go: async (input: unknown) => client['go']?.(input) };
}

const PERSON =
  '<xs:complexType name="Row"><xs:sequence><xs:element name="type" type="xs:string"/><xs:element name="Id" type="xs:string" nillable="true"/><xs:any namespace="##targetNamespace" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>';

describe('elements that the schema does not name', () => {
  test('are a record beside the others, in the namespace that the schema allows', async () => {
    const types = schema(
      `${PERSON}<xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="rows" type="x:Row" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element><xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="row" type="x:Row" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>`,
    );
    const child = '<x:Owner xsi:type="x:Row"><x:type>User</x:type><x:Id xsi:nil="true"/><x:Name>Bob</x:Name></x:Owner>';
    const row = `<x:row><x:type>Account</x:type><x:Id>1</x:Id><x:Id>1</x:Id><x:Name>a&amp;b</x:Name><x:None xsi:nil="true"/><y:Tag>t</y:Tag>${child}</x:row>`;
    const { imported, bodies, go } = await goes('open', types, `<x:GoR>${row}</x:GoR>`);
    expect(imported.findings).toEqual([]);
    const owner = { '@xsi:type': 'Row', type: 'User', Id: null, Name: 'Bob' };
    expect(await go({ rows: [{ type: 'Account', id: null, any: { Name: '<', Owner: owner, '{urn:y}Tag': 't' } }] })).toEqual([
      { type: 'Account', id: '1', any: { Id: '1', Name: 'a&b', None: null, Tag: 't', Owner: owner } },
    ]);
    const nil = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"';
    expect(bodies[0]).toContain(
      `<n1:type>Account</n1:type><n1:Id ${nil}/><x:Name xmlns:x="urn:x">&lt;</x:Name><x:Owner xmlns:x="urn:x" xsi:type="n1:Row"><n1:type>User</n1:type><n1:Id ${nil}/><x:Name xmlns:x="urn:x">Bob</x:Name></x:Owner><x:Tag xmlns:x="urn:y">t</x:Tag>`,
    );
  });
});

describe('a type that may have text between its elements', () => {
  test('has the text as a member', async () => {
    const mixed =
      '<xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:attribute name="Dialect" type="xs:string"/>';
    const note =
      '<xs:complexType name="Note" mixed="true"><xs:sequence><xs:element name="b" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>';
    const types = schema(
      `<xs:complexType name="Topic" mixed="true">${mixed}</xs:complexType>${note}<xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="topic" type="x:Topic"/><xs:element name="note" type="x:Note"/></xs:sequence></xs:complexType></xs:element><xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="topic" type="x:Topic"/><xs:element name="note" type="x:Note"/></xs:sequence></xs:complexType></xs:element>`,
    );
    const { bodies, go } = await goes(
      'mixed',
      types,
      '<x:GoR><x:topic Dialect="d">tns1:Motion</x:topic><x:note>so <x:b>it</x:b></x:note></x:GoR>',
    );
    const value = { topic: { dialect: 'd', value: 'tns1:Motion' }, note: { b: 'it', '#text': 'so ' } };
    expect(await go(value)).toEqual(value);
    expect(bodies[0]).toContain('<n1:topic Dialect="d">tns1:Motion</n1:topic><n1:note>so <n1:b>it</n1:b></n1:note>');
  });
});

describe('a type that is not abstract, and has derived ones', () => {
  const derived = (name: string, content: string) =>
    `<xs:complexType name="${name}"><xs:complexContent><xs:extension base="x:Pet"><xs:sequence>${content}</xs:sequence></xs:extension></xs:complexContent></xs:complexType>`;
  const base = '<xs:complexType name="Pet"><xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence></xs:complexType>';
  const roots =
    '<xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="pet" type="x:Pet"/></xs:sequence></xs:complexType></xs:element><xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="pets" type="x:Pet" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>';
  const answer = '<x:GoR><x:pets><x:name>a</x:name></x:pets><x:pets xsi:type="x:Dog"><x:name>b</x:name><x:size>2</x:size></x:pets></x:GoR>';

  test('is one of them, and itself if it does not say', async () => {
    const types = schema(base + derived('Dog', '<xs:element name="size" type="xs:int"/>') + derived('Cat', '') + roots);
    const { imported, bodies, go } = await goes('derived', types, answer);
    expect(imported.findings).toEqual([]);
    const pets = [
      { '@xsi:type': 'Pet', name: 'a' },
      { '@xsi:type': 'Dog', name: 'b', size: 2 },
    ];
    expect(await go({ pet: { name: 'x' } })).toEqual(pets);
    await go({ pet: { '@xsi:type': 'Dog', name: 'x', size: 1 } });
    await go({ pet: { '@xsi:type': 'Cat', name: 'x' } });
    await expect(go({ pet: { '@xsi:type': 'Cow', name: 'x' } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(bodies.map((body) => /<n1:pet.*<\/n1:pet>/.exec(body)?.[0])).toEqual([
      '<n1:pet><n1:name>x</n1:name></n1:pet>',
      '<n1:pet xsi:type="n1:Dog"><n1:name>x</n1:name><n1:size>1</n1:size></n1:pet>',
      '<n1:pet xsi:type="n1:Cat"><n1:name>x</n1:name></n1:pet>',
    ]);
  });

  test('with a hundred of them takes what a type adds as a record', async () => {
    const many = Array.from({ length: 99 }, (_, index) => derived(`Cat${index}`, '')).join('');
    const types = schema(base + derived('Dog', '<xs:element name="size" type="xs:int"/>') + many + roots);
    const { imported, bodies, go } = await goes('many', types, answer);
    expect(imported.findings).toMatchObject([{ what: '100 types that are derived from one' }]);
    const pets = [{ name: 'a' }, { '@xsi:type': 'Dog', name: 'b', any: { size: '2' } }];
    expect(await go({ pet: { '@xsi:type': 'Dog', name: 'x', any: { size: 1 } } })).toEqual(pets);
    expect(bodies[0]).toContain('<n1:pet xsi:type="n1:Dog"><n1:name>x</n1:name><n1:size>1</n1:size></n1:pet>');
  });

  test('and all modules compile', () => {
    expect(made.diagnostics()).toEqual([]);
  }, 60_000);
});

describe('lists in alternatives', () => {
  test('are optional, and absent if another alternative is there', async () => {
    const either = '<xs:element name="Item" type="xs:int" maxOccurs="9"/><xs:element name="Problem" type="xs:string"/>';
    const choice = `<xs:complexType><xs:choice>${either}</xs:choice></xs:complexType>`;
    const types = schema(`<xs:element name="Go">${choice}</xs:element><xs:element name="GoR">${choice}</xs:element>`);
    const { bodies, go } = await goes('either', types, '<x:GoR><x:Problem>p</x:Problem></x:GoR>');
    expect(await go({ item: [1] })).toEqual({ problem: 'p' });
    await go({ problem: 'q' });
    expect(bodies.map((body) => body.replace(/ xmlns:n1="[^"]*"/g, ''))).toEqual([
      '<n1:Go><n1:Item>1</n1:Item></n1:Go>',
      '<n1:Go><n1:Problem>q</n1:Problem></n1:Go>',
    ]);
  });
});
