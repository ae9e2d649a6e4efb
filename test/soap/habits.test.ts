/** Habits of well-known SOAP services. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, bodyOf, callForeign, headerOf, schema, wsdlWith } from '../support/foreign-soap.ts';

const go = '<xs:element name="Go"/>';
const answering = (content: string, more = '') =>
  wsdlWith({ types: schema(`${go}<xs:element name="GoR"><xs:complexType>${content}</xs:complexType></xs:element>${more}`) });

describe('values that a schema gives', () => {
  const wsdl = answering(
    '<xs:sequence><xs:element name="Currency" type="xs:string" default="EUR" minOccurs="0"/><xs:element name="Rate" type="xs:decimal" fixed="1.5" nillable="true" minOccurs="0"/><xs:element name="Line" type="x:Line" minOccurs="0" maxOccurs="unbounded"/></xs:sequence><xs:attribute name="version" type="xs:int" default="2"/>',
    '<xs:complexType name="Line"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="unit" default="kg"/><xs:attribute name="scale" type="xs:int" use="prohibited" default="1"/></xs:extension></xs:simpleContent></xs:complexType>',
  );
  const Line = z.object({ unit: z.string().optional(), scale: z.int().optional(), value: z.number() });
  const output = z.object({
    version: z.int().optional(),
    currency: z.string().optional(),
    rate: z.number().nullish(),
    line: z.array(Line),
  });

  // https://www.w3.org/TR/xmlschema-1/#sec-cvc-elt, https://www.w3.org/TR/xmlschema-1/#sec-cvc-attribute
  test.each([
    ['are those of empty elements and absent attributes', '<x:GoR><x:Currency/><x:Rate/><x:Line>2</x:Line></x:GoR>', { version: 2, currency: 'EUR', rate: 1.5, line: [{ unit: 'kg', value: 2 }] }],
    ['are not those of absent elements', '<x:GoR/>', { version: 2, line: [] }],
    ['give way to what was sent', '<x:GoR version="3"><x:Currency>USD</x:Currency><x:Rate xsi:nil="true"/><x:Line unit="t">1</x:Line></x:GoR>', { version: 3, currency: 'USD', rate: null, line: [{ unit: 't', value: 1 }] }],
  ])('%s', async (_, answer, expected) => {
    expect((await callForeign({ wsdl, output, answer: answerOf(answer) })).result).toEqual(expected);
  }); // prettier-ignore
});

describe('SAP', () => {
  // https://help.sap.com/docs/ABAP_PLATFORM_NEW/684cffda9cbc4d3bb2cd7c8d2a9a5d13: names of ABAP with slashes are written with _-
  test('writes names with slashes by _-, and has dates that are none', async () => {
    const types = schema(
      '<xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="_-ACME_-MATNR" type="xs:string"/><xs:element name="KEYDATE" type="x:date10" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>' +
        '<xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="ET_ITEMS"><xs:complexType><xs:sequence><xs:element name="item" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="_-ACME_-MATNR" type="xs:string"/><xs:element name="ERSDA" type="x:date10"/><xs:element name="MENGE" type="xs:decimal"/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>' +
        '<xs:simpleType name="date10"><xs:restriction base="xs:string"><xs:maxLength value="10"/><xs:pattern value="\\d\\d\\d\\d-\\d\\d-\\d\\d"/></xs:restriction></xs:simpleType>',
    );
    const { sent, result } = await callForeign({
      wsdl: wsdlWith({ types }),
      input: z.object({ acmeMatnr: z.string(), keydate: z.string() }),
      args: { acmeMatnr: '000123', keydate: '0000-00-00' },
      output: z.object({ etItems: z.array(z.object({ acmeMatnr: z.string(), ersda: z.string(), menge: z.number() })) }),
      answer: answerOf('<x:GoR><x:ET_ITEMS><x:item><x:_-ACME_-MATNR>000123</x:_-ACME_-MATNR><x:ERSDA>0000-00-00</x:ERSDA><x:MENGE>1.000 </x:MENGE></x:item></x:ET_ITEMS></x:GoR>'),
    }); // prettier-ignore
    expect(bodyOf(sent)).toContain('<n1:_-ACME_-MATNR>000123</n1:_-ACME_-MATNR><n1:KEYDATE>0000-00-00</n1:KEYDATE>');
    expect(result).toEqual({ etItems: [{ acmeMatnr: '000123', ersda: '0000-00-00', menge: 1 }] });
  });
});

describe('Sabre', () => {
  // https://developer.sabre.com/docs/read/soap_basics/Soap_Headers
  test('wants headers of ebXML and WS-Security, whose attributes have a namespace, and gives them back', async () => {
    const types =
      schema(go + '<xs:element name="GoR"/>') +
      schema(
        '<xs:element name="MessageHeader"><xs:complexType><xs:sequence><xs:element name="ConversationId" type="xs:string"/><xs:element name="Service"><xs:complexType><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="type" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element><xs:element name="Action" type="xs:string"/></xs:sequence><xs:attribute name="version" type="xs:string" use="required"/></xs:complexType></xs:element>' +
          '<xs:element name="Security"><xs:complexType><xs:sequence><xs:element name="BinarySecurityToken" type="xs:string"/></xs:sequence></xs:complexType></xs:element>',
        'elementFormDefault="qualified" attributeFormDefault="qualified"',
        'urn:y',
      );
    const wsdl = wsdlWith({
      types,
      messages: '<message name="H"><part name="header" element="y:MessageHeader"/><part name="security" element="y:Security"/></message>',
      inHeader: '<soap:header message="x:H" part="header" use="literal"/><soap:header message="x:H" part="security" use="literal"/>',
      outHeader: '<soap:header message="x:H" part="header" use="literal"/>',
    });
    const { sent, result } = await callForeign({
      wsdl,
      options: { header: { MessageHeader: { version: '2.0', ConversationId: 'c-1', Service: { type: 'OTA', value: 'Session' }, Action: 'SessionCreateRQ' }, Security: { BinarySecurityToken: 'Shared/IDL:IceSess' } } },
      mapping: { output: (_, header) => (header['MessageHeader'] as { ConversationId: string }).ConversationId },
      output: z.string(),
      answer: answerOf('<x:GoR/>', '<y:MessageHeader y:version="2.0"><y:ConversationId>c-2</y:ConversationId><y:Service>s</y:Service><y:Action>a</y:Action></y:MessageHeader>'),
    }); // prettier-ignore
    expect(headerOf(sent)).toMatch(/:version="2\.0"/);
    expect(headerOf(sent)).toMatch(/:type="OTA">Session</);
    expect(headerOf(sent)).toContain('BinarySecurityToken');
    expect(result).toBe('c-2');
  });
});

describe('Axis', () => {
  const wsdl = wsdlWith({ types: '', parts: '', out: '<part name="GoReturn" type="xs:anyType"/>', style: 'rpc', body: 'use="encoded" namespace="urn:x"' }); // prettier-ignore
  const map = (items: string) =>
    answerOf(`<x:GoResponse><GoReturn xmlns:m="http://xml.apache.org/xml-soap" xsi:type="m:Map">${items}</GoReturn></x:GoResponse>`);
  const item = (key: string, type: string, value: string) =>
    `<item><key xsi:type="xs:string">${key}</key><value xsi:type="xs:${type}">${value}</value></item>`;

  // https://axis.apache.org/axis/java/user-guide.html
  test.each([
    ['two', item('a', 'int', '1') + item('b', 'int', '2'), { a: 1, b: 2 }],
    ['one', item('a', 'int', '1'), { a: 1 }],
    ['none', '', {}],
  ])('writes maps of items with keys and values: %s', async (_, items, expected) => {
    expect((await callForeign({ wsdl, output: z.record(z.string(), z.int()), answer: map(items) })).result).toEqual(expected);
  });
});

describe('simple types', () => {
  test('a union of a list and a number', async () => {
    const wsdl = answering(
      '<xs:sequence><xs:element name="V" type="x:Sizes" maxOccurs="unbounded"/></xs:sequence>',
      '<xs:simpleType name="Sizes"><xs:union memberTypes="xs:int x:Names"/></xs:simpleType><xs:simpleType name="Names"><xs:list itemType="xs:NMTOKEN"/></xs:simpleType>',
    );
    const answer = answerOf('<x:GoR><x:V>5</x:V><x:V>small  large</x:V></x:GoR>');
    const V = z.union([z.int(), z.array(z.string())]);
    expect((await callForeign({ wsdl, output: z.array(V), answer, mapping: { output: 'V' } })).result).toEqual([5, ['small', 'large']]);
  });
});
