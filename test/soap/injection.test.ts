import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createClient } from '../../src/index.ts';
import { defineContract, mutation } from '../../src/core/define.ts';
import { isApiError } from '../../src/core/errors.ts';
import { soap } from '../../src/soap/client.ts';
import { isName } from '../../src/xml/name.ts';
import { ParsedXml, parseXml } from '../../src/xml/parse.ts';
import type { XmlElement } from '../../src/xml/tree.ts';
import { runs } from '../support/fuzz.ts';
import { schema, stubFetch, wsdlWith, type Sent } from '../support/foreign-soap.ts';

const RUNS = runs(400);

const contract = defineContract({
  name: 'pay',
  operations: { pay: mutation({ input: z.object({ note: z.string(), tags: z.record(z.string(), z.string()), any: z.json() }) }) },
});
const location = 'http://foreign.test/?wsdl';
const types = schema(
  '<xs:element name="Go"><xs:complexType><xs:sequence><xs:element name="Note" type="xs:string"/><xs:element name="Account" type="xs:string"/><xs:element name="Tags" type="x:Tags" minOccurs="0"/><xs:element name="Any" type="xs:anyType" minOccurs="0"/></xs:sequence><xs:attribute name="mark" type="xs:string"/></xs:complexType></xs:element><xs:element name="GoR"/>' +
    '<xs:complexType name="Tags"><xs:sequence><xs:any minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence><xs:anyAttribute processContents="lax"/></xs:complexType>',
);
const rpc = wsdlWith({
  types: schema(''),
  parts: '<part name="Note" type="xs:string"/><part name="Account" type="xs:string"/><part name="Any" type="xs:anyType"/>',
  out: '',
  style: 'rpc',
  body: 'use="encoded" namespace="urn:x"',
});

/** What breaks out of text, attributes, names, comments and sections where somebody forgets to escape. */
const markup = fc.constantFrom(
  '<',
  '>',
  '&',
  '"',
  "'",
  ']]>',
  '<![CDATA[',
  '<!--',
  '-->',
  '<?',
  '/>',
  '</n1:Note>',
  '<n1:Account>mallory</n1:Account>',
  '&lt;',
  '&#60;',
  'xmlns:a=',
  '\r\n',
  '\t',
  '{urn:x}',
  '$xml',
  'attributes',
  '@',
  '#text',
  '@xsi:type',
  '__proto__',
  ' ',
  '😀',
  'a',
);
const hostile = fc.array(fc.oneof(markup, fc.string({ unit: 'grapheme', maxLength: 4 })), { maxLength: 8 }).map((parts) => parts.join(''));
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    hostile,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(hostile, tie('value'), { maxKeys: 3 }),
  ),
})).value;

const parse = (xml: string): XmlElement => parseXml(xml, new ParsedXml({ maxDepth: 500 }));

function find(element: XmlElement, local: string): XmlElement[] {
  return [...(element.local === local ? [element] : []), ...element.children.flatMap((child) => find(child, local))];
}

describe('no text or key of a caller is markup', () => {
  const send = async (wsdl: string, input: unknown, header: Record<string, unknown> = {}): Promise<Sent | undefined> => {
    const sent: Sent[] = [];
    const client = createClient({
      contract,
      transport: soap({
        wsdl: location,
        fetch: stubFetch({ [location]: wsdl }, () => ({ status: 202, body: '' }), sent),
        operations: { pay: { operation: 'Go', input: () => input, header } },
      }),
    });
    try {
      await client.pay({ note: '', tags: {}, any: null });
    } catch (error) {
      // A key that cannot be a name is refused, before anything is sent.
      if (!isApiError(error) || error.code !== 'INVALID_ARGUMENT' || error.sent) throw error;
    } finally {
      await client.close();
    }
    return sent[0];
  };

  test('over a foreign service', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.dictionary(hostile, json, { maxKeys: 4 }), json, hostile, async (note, tags, any, mark) => {
        const sent = await send(
          wsdlWith({ types }),
          { Note: note, Account: 'charity', Tags: tags, Any: any, '@mark': mark },
          { [`{urn:h}${note}`]: note },
        );
        if (!sent) return;
        const body = find(parse(sent.body), 'Body')[0];
        const [go, ...others] = body?.children ?? [];
        expect(others).toEqual([]);
        expect(go?.attributes.get('mark')).toBe(mark);
        expect(go?.children.filter(({ local }) => local === 'Account').map(({ text }) => text)).toEqual(['charity']);
        expect(go?.children.filter(({ local }) => local === 'Note').map(({ text, children }) => [text, children])).toEqual([[note, []]]);
        expect(go?.children.every(({ uri, local }) => uri === 'urn:x' && ['Note', 'Account', 'Tags', 'Any'].includes(local))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('over RPC with the SOAP encoding', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, json, async (note, any) => {
        const sent = await send(rpc, { Note: note, Account: 'charity', Any: any });
        if (!sent) return;
        const go = find(parse(sent.body), 'Go')[0];
        expect(go?.children.slice(0, 2).map(({ local, text, children }) => [local, text, children])).toEqual([
          ['Note', note, []],
          ['Account', 'charity', []],
        ]);
        expect(go?.children.length).toBeLessThanOrEqual(3);
      }),
      { numRuns: RUNS },
    );
  });

  test('over our own format', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, fc.dictionary(hostile, hostile, { maxKeys: 4 }), json, async (note, tags, any) => {
        const sent: Sent[] = [];
        const client = createClient({
          contract,
          transport: soap({ url: 'http://foreign.test/soap', fetch: stubFetch({}, () => ({ status: 202, body: '' }), sent) }),
        });
        try {
          await client.pay({ note, tags, any: any as never });
        } catch (error) {
          if (!isApiError(error) || error.sent) throw error;
          return;
        } finally {
          await client.close();
        }
        const request = find(parse(sent[0]?.body ?? ''), 'PayRequest')[0];
        expect(request?.children.map(({ local, text }) => (local === 'Note' ? [local, text] : [local]))).toEqual([
          ['Note', note],
          ['Tags'],
          ['Any'],
        ]);
        const entries = request?.children[1]?.children.map(({ children }) => children.map(({ text }) => text));
        expect(Object.fromEntries((entries ?? []) as [string, string][])).toEqual(
          Object.fromEntries(Object.entries(tags).filter(([key]) => key !== '__proto__')),
        );
        // zod leaves that one key out.
        if (JSON.stringify(any).includes('__proto__')) return;
        expect(JSON.parse(request?.children[2]?.text ?? '')).toEqual(JSON.parse(JSON.stringify(any)));
      }),
      { numRuns: RUNS },
    );
  });

  test.each(['a', 'größe', '名前', 'a.b-c_1', '\u{10000}', 'a\u0301'])('%j can be a name', (name) => {
    expect(isName(name)).toBe(true);
    expect(parse(`<${name}/>`).local).toBe(name);
  });

  test('a name is what parsers take for one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 3 }), (name) => {
        if (isName(name)) expect(parse(`<${name}/>`).local).toBe(name);
      }),
      { numRuns: 20_000 },
    );
    for (const name of ['\u00aa', 'a\u00b2', 'a\u2460', '1a', '-a', 'a:b', '']) expect(isName(name)).toBe(false);
  });

  test.each([['$xml'], ['attributes'], ['<x>'], ['$attributes'], ['$value'], ['a b'], ['n1:Account'], ['@a b'], ['']])(
    'a key %j has no meaning of its own',
    async (key) => {
      expect(await send(wsdlWith({ types }), { Note: 'n', Account: 'charity', [key]: '<Account>mallory</Account>' })).toBeUndefined();
    },
  );
});
