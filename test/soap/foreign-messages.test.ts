import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, bodyOf, callForeign, headerOf, schema, wsdlWith, type ForeignCall } from '../support/foreign-soap.ts';
import { readEnvelope } from '../../src/soap/wire/envelope.ts';
import { errorOf } from '../support/soap.ts';

const el = (name: string, type: string): string => `<xs:element name="${name}" type="${type}"/>`;
const typed = (name: string, content: string): string =>
  `<xs:element name="${name}"><xs:complexType><xs:sequence>${content}</xs:sequence></xs:complexType></xs:element>`;
const complex = (name: string, content: string): string => `<xs:complexType name="${name}">${content}</xs:complexType>`;
const sequence = (content: string): string => `<xs:sequence>${content}</xs:sequence>`;
const sentBy = async (call: ForeignCall): Promise<string> => bodyOf((await callForeign(call)).sent).replace(/ xmlns(:\w+)?="[^"]*"/g, '');
const readBy = async (call: ForeignCall): Promise<unknown> => (await callForeign(call)).result;

describe('RPC', () => {
  const parts = '<part name="user" type="x:U"/><part name="n" type="xs:int"/>';
  const U = complex('U', sequence(el('name', 'xs:string') + el('age', 'xs:int')));
  const types = schema(U, '');
  const input = z.object({ n: z.int(), user: z.object({ age: z.int(), name: z.string() }) });
  const args = { n: 1, user: { age: 2, name: 'a' } };
  const out = '<part name="return" type="xs:string"/>';
  const returns = (value: string): string => answerOf(`<m:GoResponse xmlns:m="urn:rpc">${value}</m:GoResponse>`);

  test('literal: parts in the namespace of the body', async () => {
    const wsdl = wsdlWith({ types, parts, out, style: 'rpc', body: 'use="literal" namespace="urn:rpc"' });
    const { sent, result } = await callForeign({ wsdl, input, args, output: z.string(), answer: returns('<return>ok</return>') });
    expect(bodyOf(sent)).toBe('<n1:Go xmlns:n1="urn:rpc"><user><name>a</name><age>2</age></user><n>1</n></n1:Go>');
    expect(result).toBe('ok');
  });

  test('encoded: each value says its type', async () => {
    const wsdl = wsdlWith({
      types,
      parts,
      out,
      style: 'rpc',
      body: 'use="encoded" namespace="urn:rpc" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"',
    });
    const { sent } = await callForeign({
      wsdl,
      input,
      args,
      output: z.string(),
      answer: returns('<return xsi:type="xs:string">ok</return>'),
    });
    expect(bodyOf(sent).replace(/ xmlns:\w+="[^"]*"/g, '')).toBe(
      '<n1:Go soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><user xsi:type="n2:U"><name xsi:type="xs:string">a</name><age xsi:type="xs:int">2</age></user><n xsi:type="xs:int">1</n></n1:Go>',
    );
  });

  const arrays = `<xs:complexType name="Us"><xs:complexContent><xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="x:U[]"/></xs:restriction></xs:complexContent></xs:complexType>${U}`;
  const encoded = (request: string, answer: string): string =>
    wsdlWith({
      types: schema(arrays, 'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'),
      parts: request,
      out: answer,
      style: 'rpc',
      body: 'use="encoded" namespace="urn:rpc"',
    });

  test('encoded: arrays say the type and number of their items', async () => {
    const sent = await sentBy({
      wsdl: encoded('<part name="users" type="x:Us"/>', out),
      input: z.object({ users: z.array(z.object({ name: z.string(), age: z.int() })) }),
      args: {
        users: [
          { name: 'a', age: 1 },
          { name: 'b', age: 2 },
        ],
      },
      answer: returns(''),
    });
    expect(sent).toContain('<users xsi:type="soapenc:Array" soapenc:arrayType="n2:U[2]"><item xsi:type="n2:U">');
  });

  test('encoded: answers whose values stand beside the message, as Axis writes them', async () => {
    const soapenc = 'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"';
    const body = `<m:GoResponse xmlns:m="urn:rpc"><GoReturn href="#id0"/></m:GoResponse>
      <multiRef id="id0" ${soapenc} soapenc:root="0" xsi:type="soapenc:Array" soapenc:arrayType="x:U[2]"><item href="#id1"/><item href="#id2"/></multiRef>
      <multiRef id="id1" xsi:type="x:U"><name xsi:type="xs:string">a</name><age href="#id3"/></multiRef>
      <multiRef id="id2" xsi:type="x:U"><name xsi:type="xs:string">b</name><age xsi:type="xs:int">2</age></multiRef>
      <multiRef id="id3" xsi:type="xs:int">1</multiRef>`;
    const result = await readBy({
      wsdl: encoded('', '<part name="GoReturn" type="x:Us"/>'),
      output: z.array(z.object({ name: z.string(), age: z.int() })),
      answer: answerOf(body),
    });
    expect(result).toEqual([
      { name: 'a', age: 1 },
      { name: 'b', age: 2 },
    ]);
  });

  test('encoded: references in a circle, or that multiply, are refused', async () => {
    const wsdl = encoded('', '<part name="GoReturn" type="xs:anyType"/>');
    const circle = '<m:GoResponse xmlns:m="urn:rpc"><GoReturn href="#a"/></m:GoResponse><r id="a"><x href="#a"/></r>';
    const lol = Array.from({ length: 20 }, (_, n) => `<r id="a${n}">${`<x href="#a${n + 1}"/>`.repeat(10)}</r>`).join('');
    for (const body of [circle, `<m:GoResponse xmlns:m="urn:rpc"><GoReturn href="#a0"/></m:GoResponse>${lol}`])
      expect(await errorOf(callForeign({ wsdl, output: z.json(), answer: answerOf(body) }))).toMatchObject({ code: 'DATA_LOSS' });
  });

  test('SOAP 1.2 may say which part is the result', async () => {
    const wsdl = wsdlWith({ parts: '', out, style: 'rpc', body: 'use="literal" namespace="urn:rpc"', version: '1.2' });
    const body =
      '<m:GoResponse xmlns:m="urn:rpc"><r:result xmlns:r="http://www.w3.org/2003/05/soap-rpc">return</r:result><return>ok</return></m:GoResponse>';
    expect(await readBy({ wsdl, output: z.string(), answer: answerOf(body, '', '1.2') })).toBe('ok');
  });

  test('operations without parts', async () => {
    const wsdl = wsdlWith({ parts: '', out, style: 'rpc', body: 'use="literal" namespace="urn:rpc"' });
    expect(await sentBy({ wsdl, answer: returns('') })).toBe('<n1:Go/>');
  });
});

describe('headers', () => {
  const types = schema(
    typed('Auth', el('User', 'xs:string')) +
      typed('Go', el('Id', 'xs:string')) +
      '<xs:element name="GoR"/>' +
      typed('Session', el('Token', 'xs:string')),
  );
  const one = wsdlWith({
    types,
    parts: '<part name="auth" element="x:Auth"/><part name="body" element="x:Go"/>',
    inHeader: '<soap:header message="x:In" part="auth" use="literal"/>',
    outHeader: '<soap:header message="x:H" part="session" use="literal"/>',
    messages: '<message name="H"><part name="session" element="x:Session"/></message>',
  });
  const input = z.object({ id: z.string() });
  const auth = '<n1:Auth xmlns:n1="urn:x"><n1:User>u</n1:User></n1:Auth>';

  test('a part of the message that is bound to the header is not in the body', async () => {
    const { sent } = await callForeign({ wsdl: one, input, args: { id: '1' } });
    expect(bodyOf(sent)).toBe('<n1:Go xmlns:n1="urn:x"><n1:Id>1</n1:Id></n1:Go>');
    expect(headerOf(sent)).toBe('');
  });

  test('come from the options, for all calls or for one', async () => {
    for (const header of [
      { auth: { User: 'u' } },
      { Auth: { user: 'u' } },
      ({ headers }: { headers: Readonly<Record<string, string>> }) => ({ auth: { User: headers['x-user'] } }),
    ]) {
      const headers = { 'x-user': 'u' };
      expect(headerOf((await callForeign({ wsdl: one, input, args: { id: '1' }, options: { header }, headers })).sent)).toBe(auth);
      expect(headerOf((await callForeign({ wsdl: one, input, args: { id: '1' }, mapping: { header }, headers })).sent)).toBe(auth);
    }
  });

  test('come from a field of the input that is named like the part', async () => {
    const { sent } = await callForeign({
      wsdl: one,
      input: input.extend({ auth: z.object({ user: z.string() }) }),
      args: { id: '1', auth: { user: 'u' } },
    });
    expect([headerOf(sent), bodyOf(sent)]).toEqual([auth, '<n1:Go xmlns:n1="urn:x"><n1:Id>1</n1:Id></n1:Go>']);
  });

  test('that the WSDL does not describe need a namespace', async () => {
    const { sent } = await callForeign({ wsdl: one, input, args: { id: '1' }, mapping: { header: { '{urn:s}SessionId': '<7>' } } });
    expect(headerOf(sent)).toBe('<x:SessionId xmlns:x="urn:s">&lt;7&gt;</x:SessionId>');
    expect((await errorOf(callForeign({ wsdl: one, input, args: { id: '1' }, mapping: { header: { Other: '1' } } }))).text).toContain(
      "no header 'Other'",
    );
  });

  test('of the answer are given to the function of the output', async () => {
    const result = await readBy({
      wsdl: one,
      input,
      args: { id: '1' },
      output: z.string(),
      mapping: { output: (_, header) => (header['Session'] as { Token: string }).Token },
      answer: answerOf('<x:GoR/>', '<x:Session><x:Token>t</x:Token></x:Session>'),
    });
    expect(result).toBe('t');
  });

  test('of WS-Addressing', async () => {
    const { sent } = await callForeign({ wsdl: one, input, args: { id: '1' }, options: { addressing: true } });
    expect(headerOf(sent)).toMatch(
      /<wsa:Action [^>]*>urn:go<\/wsa:Action><wsa:To [^>]*>http:\/\/foreign.test\/soap<\/wsa:To><wsa:MessageID [^>]*>urn:uuid:[0-9a-f-]{36}</,
    );
  });
});

describe('versions and actions', () => {
  const types = schema('<xs:element name="Go"/><xs:element name="GoR"/>');

  test('are those of the port, unless one is asked for', async () => {
    const only12 = wsdlWith({ types, version: '1.2' });
    const { sent } = await callForeign({ wsdl: only12, answer: answerOf('<x:GoR/>', '', '1.2') });
    expect(sent?.headers).toMatchObject({ 'content-type': 'application/soap+xml; charset=utf-8; action="urn:go"' });
    expect(sent?.headers).not.toHaveProperty('soapaction');
    expect(sent?.body).toContain('http://www.w3.org/2003/05/soap-envelope');
    const forced = await callForeign({ wsdl: only12, options: { version: '1.1' } });
    expect(forced.sent?.headers).toMatchObject({ 'content-type': 'text/xml; charset=utf-8', soapaction: '"urn:go"' });
    const none = await callForeign({ wsdl: wsdlWith({ types, version: '1.2', action: '' }) });
    expect(none.sent?.headers['content-type']).toBe('application/soap+xml; charset=utf-8');
  });
});

describe('anyAttribute', () => {
  test('takes and gives attributes that no schema names', async () => {
    const open =
      '<xs:complexType><xs:sequence><xs:element name="a" type="xs:string"/></xs:sequence><xs:anyAttribute processContents="lax"/></xs:complexType>';
    const types = schema(`<xs:element name="Go">${open}</xs:element><xs:element name="GoR">${open}</xs:element>`);
    const fields = {
      a: z.string(),
      '@more': z.string(),
      '@{urn:"<&}lang': z.string(),
      '@{urn:b}more': z.string(),
      '@xml:lang': z.string(),
    };
    const { sent, result } = await callForeign({
      wsdl: wsdlWith({ types }),
      input: z.object(fields),
      output: z.object(fields),
      args: { a: '1', '@more': '"&<', '@{urn:"<&}lang': 'x', '@{urn:b}more': 'y', '@xml:lang': 'de' },
      answer: answerOf(
        '<x:GoR more="&lt;2" xml:lang="de" xmlns:c="urn:&quot;&lt;&amp;" c:lang="x" xmlns:b="urn:b" b:more="y"><x:a>3</x:a></x:GoR>',
      ),
    });
    expect(bodyOf(sent)).toContain('more="&quot;&amp;&lt;"');
    const others = { '@{urn:"<&}lang': 'x', '@{urn:b}more': 'y', '@xml:lang': 'de' };
    expect(result).toEqual({ a: '3', '@more': '<2', ...others });
    const [{ attributes } = { attributes: new Map() }] = readEnvelope(sent?.body ?? '', 64).body;
    expect(Object.fromEntries(attributes)).toEqual({
      more: '"&<',
      'urn:"<& lang': 'x',
      'urn:b more': 'y',
      'http://www.w3.org/XML/1998/namespace lang': 'de',
    });
  });

  test.each(['short', 'exact'])(
    'attributes of other namespaces that a type refers to are not mixed up with its own, by %s names',
    async (how) => {
      const other = schema('<xs:attribute name="lang" type="xs:int"/><xs:attribute name="only" type="xs:boolean"/>', '', 'urn:y');
      const type =
        '<xs:complexType><xs:attribute name="lang" type="xs:string"/><xs:attribute ref="xml:lang"/><xs:attribute ref="y:lang"/><xs:attribute ref="y:only"/></xs:complexType>';
      const types = other + schema(`<xs:element name="Go">${type}</xs:element><xs:element name="GoR">${type}</xs:element>`);
      const only = how === 'short' ? 'only' : '@{urn:y}only';
      const fields = {
        [how === 'short' ? 'lang' : '@lang']: z.string(),
        '@xml:lang': z.string(),
        '@{urn:y}lang': z.int(),
        [only]: z.boolean(),
      };
      const args = { [how === 'short' ? 'lang' : '@lang']: 'own', '@xml:lang': 'de', '@{urn:y}lang': 7, [only]: true };
      const { sent, result } = await callForeign({
        wsdl: wsdlWith({ types }),
        input: z.object(fields),
        output: z.object(fields),
        args,
        answer: answerOf('<x:GoR lang="own" xml:lang="de" y:lang="7" y:only="true"/>'),
      });
      const [{ attributes } = { attributes: new Map() }] = readEnvelope(sent?.body ?? '', 64).body;
      expect(Object.fromEntries(attributes)).toEqual({
        lang: 'own',
        'http://www.w3.org/XML/1998/namespace lang': 'de',
        'urn:y lang': '7',
        'urn:y only': 'true',
      });
      expect(result).toEqual(args);
    },
  );

  test('refuses those that XML, XML Schema and SOAP read themselves', async () => {
    const open = '<xs:complexType><xs:sequence/><xs:anyAttribute processContents="lax"/></xs:complexType>';
    const types = schema(`<xs:element name="Go">${open}</xs:element><xs:element name="GoR">${open}</xs:element>`);
    for (const uri of [
      'http://www.w3.org/2001/XMLSchema-instance',
      'http://www.w3.org/2000/xmlns/',
      'http://schemas.xmlsoap.org/soap/envelope/',
    ]) {
      const key = `@{${uri}}nil`;
      const calling = callForeign({
        wsdl: wsdlWith({ types }),
        input: z.object({ [key]: z.string() }),
        output: z.object({}),
        args: { [key]: 'true' },
        answer: answerOf('<x:GoR/>'),
      });
      await expect(calling).rejects.toThrow('has no place here');
    }
  });
});
