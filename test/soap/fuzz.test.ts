import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, query } from '../../src/core/define.ts';
import { isApiError } from '../../src/core/errors.ts';
import { soap } from '../../src/soap/client.ts';
import { FUZZ_TIMEOUT, runs } from '../support/fuzz.ts';
import { answerOf, schema, stubFetch, wsdlWith } from '../support/foreign-soap.ts';

const RUNS = runs(1000);
const location = 'http://foreign.test/?wsdl';
const types = schema(
  '<xs:element name="Go"/><xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="Items" type="x:Items"/><xs:element name="Pet" type="x:Pet" minOccurs="0"/><xs:element name="Any" type="xs:anyType" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>' +
    '<xs:complexType name="Items"><xs:sequence><xs:element name="Item" type="x:Item" minOccurs="0" maxOccurs="unbounded" nillable="true"/></xs:sequence></xs:complexType>' +
    '<xs:complexType name="Item"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="unit" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>' +
    '<xs:complexType name="Pet"><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType>' +
    '<xs:complexType name="Dog"><xs:complexContent><xs:extension base="x:Pet"><xs:sequence><xs:element name="Barks" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>',
);
const document = wsdlWith({ types });
const rpc = wsdlWith({
  types,
  parts: '',
  out: '<part name="GoReturn" type="xs:anyType"/>',
  style: 'rpc',
  body: 'use="encoded" namespace="urn:x"',
});
const contract = defineContract({
  name: 'fuzz',
  operations: {
    go: query({
      output: z.object({
        items: z.array(z.object({ unit: z.string().optional(), value: z.number() }).nullable()),
        pet: z.object({ name: z.string(), barks: z.int().optional() }).optional(),
        any: z.json().optional(),
      }),
    }),
  },
});

const whole = answerOf(
  '<x:GoR><x:Items><x:Item unit="kg">1.5</x:Item><x:Item xsi:nil="true"/></x:Items><x:Pet xsi:type="x:Dog"><x:Name>a &amp; b</x:Name><x:Barks>3</x:Barks></x:Pet><x:Any><a b="c">d</a></x:Any></x:GoR>',
);
const multi = answerOf(
  '<x:GoResponse><GoReturn href="#1"/></x:GoResponse><r id="1"><items href="#2"/></r><r id="2"><Item href="#3"/></r><r id="3">1</r>',
);
const token = fc.constantFrom(
  '<x:Item>',
  '</x:Item>',
  '<x:Items>',
  '<x:Pet>',
  '<x:GoR>',
  '<GoReturn href="#1"/>',
  'xsi:type="x:Dog"',
  'xsi:type="x:Items"',
  'xsi:nil="true"',
  '<r id="1">',
  'href="#1"',
  '&#0;',
  '&lt;',
  '&x;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?x?>',
  '<!DOCTYPE a>',
  '',
  'NaN',
  '<s:Fault>',
  '__proto__',
  '<__proto__/>',
);

/** The answer with pieces cut out, doubled, put elsewhere, or replaced. */
const broken = fc
  .tuple(
    fc.constantFrom(whole, multi),
    fc.array(fc.tuple(fc.nat(2000), fc.oneof(fc.nat(2), fc.nat(60)), fc.oneof(token, fc.string({ maxLength: 6 }))), { maxLength: 5 }),
  )
  .map(([text, edits]) =>
    edits.reduce((xml, [at, length, put]) => xml.slice(0, at % xml.length) + put + xml.slice((at % xml.length) + length), text),
  );
const noise = fc.array(fc.oneof(token, fc.string({ maxLength: 5 })), { maxLength: 30 }).map((parts) => answerOf(parts.join('')));

describe('answers of a foreign service, broken in every way', () => {
  test.each([
    ['document', document],
    ['rpc', rpc],
  ])(
    'are an output of the contract or an ApiError, %s',
    async (_, wsdl) => {
      let body = '';
      const transport = soap({ wsdl: location, fetch: stubFetch({ [location]: wsdl }, () => ({ body })), operations: { go: {} } });
      const client = createClient({ contract, transport });
      let read = 0;
      await fc.assert(
        fc.asyncProperty(fc.oneof(broken, noise), async (xml) => {
          body = xml;
          try {
            const output = await client.go();
            expect(contract.operations.go.output?.safeParse(output)).toMatchObject({ success: true });
            read++;
          } catch (error) {
            if (!isApiError(error)) throw error;
            expect(['INTERNAL', 'CANCELLED']).not.toContain(error.code);
            expect(error.message.length).toBeLessThan(2000);
          }
        }),
        { numRuns: RUNS },
      );
      body = wsdl === document ? whole : multi;
      if (wsdl === document) {
        expect(await client.go()).toEqual({
          items: [{ unit: 'kg', value: 1.5 }, null],
          pet: { name: 'a & b', barks: 3 },
          any: { a: { '@b': 'c', '#text': 'd' } },
        });
        expect(read).toBeGreaterThan(0);
      }
      await client.close();
    },
    FUZZ_TIMEOUT.timeout,
  );
});

describe('WSDLs, broken in every way', () => {
  test(
    'are usable or an ApiError',
    async () => {
      const edits = fc.array(
        fc.tuple(
          fc.nat(5000),
          fc.nat(40),
          fc.constantFrom(
            '',
            '"',
            '<',
            '/>',
            'x:T',
            'xs:string',
            'ref="x:Go"',
            'base="x:Dog"',
            'type="x:Items"',
            '<xs:any/>',
            '<xs:group ref="x:G"/>',
            'maxOccurs="99999999999"',
          ),
        ),
        { minLength: 1, maxLength: 3 },
      );
      await fc.assert(
        fc.asyncProperty(edits, async (changes) => {
          const wsdl = changes.reduce(
            (xml, [at, length, put]) => xml.slice(0, at % xml.length) + put + xml.slice((at % xml.length) + length),
            document,
          );
          const transport = soap({
            wsdl: location,
            fetch: stubFetch({ [location]: wsdl }, () => whole),
            operations: { go: { operation: 'Go' } },
          });
          const client = createClient({ contract, transport });
          await client.go().catch((error: unknown) => {
            if (!isApiError(error)) throw error;
            expect(error.code).not.toBe('INTERNAL');
          });
          await client.close();
        }),
        { numRuns: RUNS / 2 },
      );
    },
    FUZZ_TIMEOUT.timeout,
  );

  test('that refer to themselves end', async () => {
    const circles = schema(
      '<xs:element name="Go" type="x:A"/><xs:element name="GoR" type="x:A"/><xs:complexType name="A"><xs:complexContent><xs:extension base="x:B"/></xs:complexContent></xs:complexType><xs:complexType name="B"><xs:complexContent><xs:extension base="x:A"><xs:sequence><xs:group ref="x:G"/></xs:sequence><xs:attributeGroup ref="x:H"/></xs:extension></xs:complexContent></xs:complexType>' +
        '<xs:group name="G"><xs:sequence><xs:group ref="x:G"/></xs:sequence></xs:group><xs:attributeGroup name="H"><xs:attributeGroup ref="x:H"/></xs:attributeGroup><xs:element name="p" substitutionGroup="x:q"/><xs:element name="q" substitutionGroup="x:p"/><xs:simpleType name="S"><xs:restriction base="x:S"/></xs:simpleType><xs:element name="Z" type="x:S"/>',
    );
    for (const types of [
      circles,
      circles.replace('type="x:A"', 'type="x:S"'),
      circles.replace(
        '<xs:element name="Go" type="x:A"/>',
        '<xs:element name="Go"><xs:complexType><xs:sequence><xs:element ref="x:p"/></xs:sequence></xs:complexType></xs:element>',
      ),
    ]) {
      const transport = soap({
        wsdl: location,
        fetch: stubFetch({ [location]: wsdlWith({ types }) }, () => answerOf('<x:GoR/>')),
        operations: { go: { operation: 'Go' } },
      });
      const client = createClient({ contract, transport });
      await client.go().catch((error: unknown) => {
        if (!isApiError(error)) throw error;
      });
      await client.close();
    }
  });
});
