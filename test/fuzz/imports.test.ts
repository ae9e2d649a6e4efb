/** Descriptions that were valid and are spoiled: a module, or an `ImportError` that says what is wrong with them; in time, and nothing of the inside. */
import { describe, expect, it } from 'vitest';
import { ImportError, importContract } from '../../src/import/index.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil } from '../support/fuzz.ts';

const RUNS = runs(150);

const OPENAPI = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, servers: [{ url: 'https://a.test/v1' }], paths: { '/items/{id}': { get: { operationId: 'getItem', parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer', format: 'int32' } }, { name: 'tags', in: 'query', schema: { type: 'array', items: { $ref: '#/components/schemas/Tag' } } }], responses: { 200: { description: 'ok', content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } }, default: { description: 'no', content: { 'application/json': { schema: { type: 'object' } } } } } } } }, components: { schemas: { Tag: { enum: ['a', 'b'] }, Item: { type: 'object', required: ['id'], properties: { id: { type: 'integer' }, parent: { $ref: '#/components/schemas/Item' }, kind: { oneOf: [{ type: 'string', pattern: '^a+$' }, { type: 'null' }] } }, allOf: [{ type: 'object', properties: { at: { type: 'string', format: 'date-time' } } }] } }, securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key' } } } }; // prettier-ignore
const SWAGGER = { swagger: '2.0', info: { title: 'Old', version: '1' }, host: 'a.test', paths: { '/x': { post: { parameters: [{ in: 'body', name: 'body', schema: { $ref: '#/definitions/X' } }], responses: { 200: { description: '', schema: { type: 'array', items: { type: 'number' } } } } } } }, definitions: { X: { type: 'object', additionalProperties: { type: 'string' } } } }; // prettier-ignore
const ASYNCAPI = { asyncapi: '3.0.0', info: { title: 'Lights', version: '1' }, channels: { lit: { address: 'lights/{id}/lit', parameters: { id: {} }, messages: { lit: { payload: { type: 'object', required: ['id', 'on'], properties: { id: { type: 'string' }, on: { type: 'boolean' } } } } } } }, operations: { onLit: { action: 'send', channel: { $ref: '#/channels/lit' } } } }; // prettier-ignore
const ASYNCAPI2 = { asyncapi: '2.6.0', info: { title: 'Lights', version: '1' }, channels: { 'lights/{id}': { parameters: { id: { schema: { type: 'string' } } }, subscribe: { message: { payload: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } } } } } } }; // prettier-ignore
const YAML = `openapi: 3.0.3
info: { title: Y, version: '1' }
paths:
  /a: &a
    get:
      summary: >-
        Two
        lines
      responses: { '204': { description: none } }
  /b: *a
`;
const WSDL = `<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:x="urn:x" targetNamespace="urn:x">
<types><xs:schema targetNamespace="urn:x" elementFormDefault="qualified"><xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="id" type="xs:int"/><xs:element name="tag" type="x:Tag" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
<xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="item" type="x:Item"/></xs:sequence></xs:complexType></xs:element><xs:simpleType name="Tag"><xs:restriction base="xs:string"><xs:enumeration value="a"/></xs:restriction></xs:simpleType>
<xs:complexType name="Item"><xs:sequence><xs:element name="next" type="x:Item" minOccurs="0"/></xs:sequence><xs:attribute name="lang" type="xs:string"/></xs:complexType><xs:complexType name="More"><xs:complexContent><xs:extension base="x:Item"/></xs:complexContent></xs:complexType></xs:schema></types>
<message name="In"><part name="p" element="x:Go"/></message><message name="Out"><part name="p" element="x:GoR"/></message><portType name="P"><operation name="Go"><input message="x:In"/><output message="x:Out"/></operation></portType>
<binding name="B" type="x:P"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/><operation name="Go"><soap:operation soapAction="urn:go"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="S"><port name="Port" binding="x:B"><soap:address location="http://a.test/"/></port></service></definitions>`;
const PROTO = `syntax = "proto3";
package a.v1;
import "google/protobuf/timestamp.proto";
service Things { rpc GetThing(GetThingRequest) returns (Thing); rpc Watch(GetThingRequest) returns (stream Thing); }
message GetThingRequest { int32 id = 1; }
message Thing { int64 id = 1; repeated string tags = 2; map<string, Thing> parts = 3; oneof kind { string a = 4; Kind b = 5; } google.protobuf.Timestamp at = 6; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_X = 1; }
`;
const SDL = `"A shop" type Query { item(id: ID!, first: Int = 3, where: Where): Item } type Mutation { add(item: Where!): Item! } type Subscription { added: Item! }
interface Node { id: ID! } type Item implements Node { id: ID! parent: Item tags: [Tag!]! kind: Kind } union Kind = Item | Other type Other { n: Float } enum Tag { A B } input Where { tag: Tag, not: Where } scalar Date directive @x on FIELD`;

const descriptions: Readonly<Record<string, readonly string[]>> = {
  'OpenAPI and Swagger': [JSON.stringify(OPENAPI), JSON.stringify(SWAGGER)],
  AsyncAPI: [JSON.stringify(ASYNCAPI), JSON.stringify(ASYNCAPI2)],
  YAML: [YAML],
  'WSDL and XML Schema': [WSDL],
  '.proto': [PROTO],
  'a GraphQL schema': [SDL],
};

/** What a message about a description never is. */
const INSIDE = /Cannot read propert|is not a function|is not iterable|Maximum call stack|\n\s+at |undefined \(reading/;

describe('descriptions of others', () => {
  it.each(Object.entries(descriptions))('%s', FUZZ_TIMEOUT, async (name, valid) => {
    const counts = { imported: 0, refused: 0, slowest: 0 };
    // Found by the long run: an object that has no text.
    const odd = JSON.stringify({ asyncapi: { toString: 1 }, openapi: { toString: 1 } });
    await expect(importContract({ text: odd })).rejects.toBeInstanceOf(ImportError);
    for (const text of valid) expect((await importContract({ text })).operations.length, name).toBeGreaterThanOrEqual(0);
    await each(RUNS, 1, async (n) => {
      const text = spoil(new Dice(n), valid).toString();
      const shown = () => JSON.stringify(text.slice(0, 3000));
      const began = performance.now();
      try {
        const { code } = await inTime(importContract({ text }), shown);
        expect(code).toContain('export');
        counts.imported++;
      } catch (error) {
        if (!(error instanceof ImportError)) throw new Error(`${String((error as Error).stack)} for ${shown()}`, { cause: error });
        if (INSIDE.test(error.message)) throw new Error(`${error.message} for ${shown()}`, { cause: error });
        counts.refused++;
      }
      counts.slowest = Math.max(counts.slowest, Math.round(performance.now() - began));
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    figures(`import, ${name}`, counts);
  });
});
