import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation } from '../../src/core/define.ts';
import { soap } from '../../src/soap/client.ts';
import { answerOf, bodyOf, schema, stubFetch, wsdlWith, type Sent } from '../support/foreign-soap.ts';
import { errorOf } from '../support/soap.ts';

const contract = defineContract({ name: 'load', operations: { go: mutation({ input: z.object({ a: z.string() }) }) } });
const location = 'http://foreign.test/dir/service.wsdl';
const A = '<xs:element name="A" type="xs:string"/>';
const go = '<xs:element name="Go" type="x:T"/><xs:element name="GoR"/>';
const T = `<xs:complexType name="T"><xs:sequence>${A}</xs:sequence></xs:complexType>`;

async function bodyFrom(documents: Readonly<Record<string, string>>, wsdl = location): Promise<string> {
  const sent: Sent[] = [];
  const client = createClient({
    contract,
    transport: soap({ wsdl, fetch: stubFetch(documents, () => answerOf('<x:GoR/>'), sent), operations: { go: {} } }),
  });
  try {
    await client.go({ a: '1' });
    return bodyOf(sent[0]);
  } finally {
    await client.close();
  }
}

describe('documents of a WSDL', () => {
  const whole = '<n1:Go xmlns:n1="urn:x"><n1:A>1</n1:A></n1:Go>';

  test('a schema that is imported, relative to where it is found', async () => {
    const types = schema('<xs:include schemaLocation="../xsd/go.xsd"/>');
    expect(
      await bodyFrom({
        [location]: wsdlWith({ types }),
        'http://foreign.test/xsd/go.xsd': schema(`<xs:include schemaLocation="t.xsd"/>${go}`),
        'http://foreign.test/xsd/t.xsd': schema(T),
      }),
    ).toBe(whole);
  });

  test('a schema without a namespace takes that of the one that includes it', async () => {
    const bare = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">${T}<xs:element name="Go" type="T"/></xs:schema>`;
    const types = schema('<xs:include schemaLocation="bare.xsd"/><xs:element name="GoR"/>');
    expect(await bodyFrom({ [location]: wsdlWith({ types }), 'http://foreign.test/dir/bare.xsd': bare })).toBe(whole);
  });

  test('redirects of the WSDL and of imports are followed, and counted', async () => {
    const moved = 'http://foreign.test/moved/x.xsd';
    const documents = {
      [location]: 'redirect:/new/service.wsdl',
      'http://foreign.test/new/service.wsdl': wsdlWith({ types: schema('<xs:include schemaLocation="x.xsd"/>') }),
      'http://foreign.test/new/x.xsd': `redirect:${moved}`,
      [moved]: schema(go + T),
    };
    expect(await bodyFrom(documents)).toBe(whole);
    expect(await errorOf(bodyFrom({ [location]: `redirect:${location}` }))).toMatchObject({ code: 'DATA_LOSS', sent: false });
    expect(await errorOf(bodyFrom({ [location]: 'redirect:file:///etc/passwd' }))).toMatchObject({ code: 'DATA_LOSS', sent: false });
  });

  test('imports in a circle end, schemas of standards are not fetched', async () => {
    const types = schema(
      '<xs:include schemaLocation="a.xsd"/><xs:import namespace="http://www.w3.org/2000/09/xmldsig#" schemaLocation="http://www.w3.org/TR/xmldsig-core/xmldsig-core-schema.xsd"/><xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" schemaLocation="enc.xsd"/>',
    );
    const a = schema(`<xs:include schemaLocation="b.xsd"/>${go}`);
    const b = schema(`<xs:include schemaLocation="a.xsd"/>${T}`);
    expect(
      await bodyFrom({ [location]: wsdlWith({ types }), 'http://foreign.test/dir/a.xsd': a, 'http://foreign.test/dir/b.xsd': b }),
    ).toBe(whole);
  });

  test('a WSDL in two documents', async () => {
    const abstract = wsdlWith({ types: schema(go + T) });
    const [binding = ''] = /<binding[^]*<\/service>/.exec(abstract) ?? [];
    const outer = `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:x="urn:x" targetNamespace="urn:x"><import namespace="urn:x" location="abstract.wsdl"/>${binding}</definitions>`;
    expect(await bodyFrom({ [location]: outer, 'http://foreign.test/dir/abstract.wsdl': abstract.replace(binding, '') })).toBe(whole);
  });

  test('what is missing, and what is no schema, is named', async () => {
    const types = schema('<xs:include schemaLocation="gone.xsd"/>');
    const gone = await errorOf(bodyFrom({ [location]: wsdlWith({ types }) }));
    expect(gone).toMatchObject({ sent: false });
    expect(gone.text).toContain('http://foreign.test/dir/gone.xsd');
    const page = await errorOf(bodyFrom({ [location]: wsdlWith({ types }), 'http://foreign.test/dir/gone.xsd': '<html/>' }));
    expect(page.text).toContain('its root is <html>');
    expect((await errorOf(bodyFrom({ [location]: '<description xmlns="http://www.w3.org/ns/wsdl"/>' }))).text).toContain('WSDL 2.0');
    expect(
      (
        await errorOf(
          bodyFrom({ [location]: wsdlWith({ types: schema(go + T) }).replaceAll('operation name="Go"', 'operation name="Come"') }),
        )
      ).text,
    ).toContain("no operation 'go': it has Come");
  });

  test('what never ends is bounded', async () => {
    const documents = new Proxy<Record<string, string>>(
      {},
      {
        get: (_, url) =>
          url === location
            ? wsdlWith({ types: schema('<xs:include schemaLocation="1.xsd"/>') })
            : schema(`<xs:include schemaLocation="${Number(/(\d+)\.xsd/.exec(String(url))?.[1]) + 1}.xsd"/>`),
      },
    );
    expect((await errorOf(bodyFrom(documents))).text).toContain('more than 1000 documents');
    expect((await errorOf(bodyFrom({ [location]: `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}` }))).text).toContain('256 levels');
  });

  const folder = mkdtempSync(join(tmpdir(), 'wsdl-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('files, and what they import beside them', async () => {
    mkdirSync(join(folder, 'xsd'));
    writeFileSync(join(folder, 'service.wsdl'), wsdlWith({ types: schema('<xs:include schemaLocation="xsd/go.xsd"/>') }));
    writeFileSync(
      join(folder, 'xsd', 'go.xsd'),
      `<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE schema><!-- Gr\u00fc\u00dfe -->${schema(go + T)}`,
      'latin1',
    );
    expect(await bodyFrom({}, join(folder, 'service.wsdl'))).toBe(whole);
    expect(await bodyFrom({}, `file://${join(folder, 'service.wsdl')}`)).toBe(whole);
  });

  test('a WSDL of two megabytes is read in a moment, and costs what is used of it', async () => {
    const many = Array.from(
      { length: 8000 },
      (_, n) =>
        `<xs:complexType name="T${n}"><xs:complexContent><xs:extension base="x:T"><xs:sequence><xs:element name="F${n}" type="x:T${(n + 1) % 8000}" minOccurs="0"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>`,
    ).join('');
    const wsdl = wsdlWith({ types: schema(go + T + many) });
    expect(wsdl.length).toBeGreaterThan(1_500_000);
    const start = performance.now();
    expect(await bodyFrom({ [location]: wsdl })).toBe(whole);
    // It is half a second here.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('faults of foreign services', () => {
  const fault = (detail: string, code = '<faultcode xmlns:q="urn:q">q:INVALID_INPUT</faultcode>') =>
    answerOf(`<s:Fault>${code}<faultstring>bad</faultstring><faultactor>urn:me</faultactor><detail>${detail}</detail></s:Fault>`);
  const wsdl = wsdlWith({
    types: schema(
      `${go}${T}<xs:element name="Err"><xs:complexType><xs:sequence><xs:element name="Code" type="xs:token"/><xs:element name="Hint" type="xs:string" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>`,
    ),
  });
  const errorFor = async (body: string, status = 500) => {
    const client = createClient({
      contract,
      transport: soap({ wsdl: location, fetch: stubFetch({ [location]: wsdl }, () => ({ status, body })), operations: { go: {} } }),
    });
    const error = await errorOf(client.go({ a: '1' }));
    await client.close();
    return error;
  };

  test('keep their code, their actor and their detail, typed if the WSDL types it', async () => {
    expect(await errorFor(fault('<x:Err><x:Code> E7 </x:Code><x:Hint>no stock</x:Hint></x:Err>'))).toMatchObject({
      code: 'UNKNOWN',
      text: 'bad',
      remote: true,
      details: { faultcode: 'q:INVALID_INPUT', faultactor: 'urn:me', detail: { Err: { Code: 'E7', Hint: ['no stock'] } } },
    });
    expect((await errorFor(fault('<Other a="1">x</Other><Other>y</Other>'))).details).toMatchObject({
      detail: { Other: [{ '@a': '1', '#text': 'x' }, 'y'] },
    });
    expect((await errorFor(fault(' text '))).details).toMatchObject({ detail: 'text' });
    expect((await errorFor(fault(''))).details).toEqual({ faultcode: 'q:INVALID_INPUT', faultactor: 'urn:me' });
  });

  test('of SOAP 1.2', async () => {
    const body = answerOf(
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>m:E7</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">bad</s:Text></s:Reason><s:Role>urn:me</s:Role><s:Detail><x:Err><x:Code>E7</x:Code><x:Hint>a</x:Hint></x:Err></s:Detail></s:Fault>',
      '',
      '1.2',
    );
    expect(await errorFor(body, 400)).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { faultcode: 'm:E7', faultactor: 'urn:me', detail: { Err: { Code: 'E7', Hint: ['a'] } } },
    });
  });

  test('a detail of a megabyte is cut', async () => {
    expect(JSON.stringify((await errorFor(fault(`<Trace>${'x'.repeat(1_000_000)}</Trace>`))).details).length).toBeLessThan(2000);
  });
});

describe('the types of a contract', () => {
  test('are looked at by the first call, not when a client is made', async () => {
    let looks = 0;
    const output = z.object({
      v: z.lazy(() => {
        looks++;
        return z.string();
      }),
    });
    const large = defineContract({ name: 'large', operations: { go: mutation({ output }), gone: mutation({ output }) } });
    const documents = { [location]: wsdlWith({ types: schema('<xs:element name="Go"/><xs:element name="GoR"/>') }) };
    const before = looks;
    const fetch = stubFetch(documents, () => answerOf('<x:GoR><v>1</v></x:GoR>'));
    const transport = soap({ wsdl: location, fetch, operations: { go: {} } })(large);
    expect(looks).toBe(before);
    const client = createClient({ contract: large, transport });
    expect(await client.go()).toEqual({ v: '1' });
    await client.close();
  });
});
