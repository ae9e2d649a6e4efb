import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, bodyOf, callForeign, schema, wsdlWith, type ForeignCall } from '../support/foreign-soap.ts';
import { errorOf } from '../support/soap.ts';

const el = (name: string, type: string, more = ''): string => `<xs:element name="${name}" type="${type}" ${more}/>`;
const typed = (name: string, content: string): string =>
  `<xs:element name="${name}"><xs:complexType><xs:sequence>${content}</xs:sequence></xs:complexType></xs:element>`;
const complex = (name: string, content: string, more = ''): string => `<xs:complexType name="${name}" ${more}>${content}</xs:complexType>`;
const sequence = (content: string): string => `<xs:sequence>${content}</xs:sequence>`;
const extension = (base: string, content: string): string =>
  `<xs:complexContent><xs:extension base="${base}">${content}</xs:extension></xs:complexContent>`;
/** A WSDL whose request has some elements. */
const asks = (content: string, more = '<xs:element name="GoR"/>'): string => wsdlWith({ types: schema(typed('Go', content) + more) });
/** A WSDL whose answer has some elements. */
const answers = (content: string, more = ''): string =>
  wsdlWith({ types: schema(`<xs:element name="Go"><xs:complexType/></xs:element>${typed('GoR', content)}${more}`) });
const sentBy = async (call: ForeignCall): Promise<string> => bodyOf((await callForeign(call)).sent).replace(/ xmlns(:\w+)?="[^"]*"/g, '');
const readBy = async (call: ForeignCall): Promise<unknown> => (await callForeign(call)).result;

describe('fields of an input', () => {
  const Values = z.record(z.string(), z.json());
  const input = z.object({ in: Values });
  const send = (wsdl: string, value: Record<string, unknown>) =>
    sentBy({ wsdl, input, args: { in: value }, mapping: { input: (given) => given['in'] } });

  test('go to the elements of their names, in the order of the schema', async () => {
    const wsdl = asks(el('UserId', 'xs:int') + el('user_name', 'xs:string') + el('größe', 'xs:int'));
    expect(await send(wsdl, { GRÖSSE: 3, größe: 3, userName: 'a', user_id: 7 }).catch((error: unknown) => String(error))).toContain(
      'GRÖSSE',
    );
    expect(await send(wsdl, { Größe: 3, userName: 'a', user_id: 7 })).toBe(
      '<n1:Go><n1:UserId>7</n1:UserId><n1:user_name>a</n1:user_name><n1:größe>3</n1:größe></n1:Go>',
    );
  });

  test('exactly first; without case only if that is unique', async () => {
    const wsdl = asks(el('id', 'xs:string', 'minOccurs="0"') + el('ID', 'xs:string', 'minOccurs="0"'));
    expect(await send(wsdl, { ID: '2', id: '1' })).toBe('<n1:Go><n1:id>1</n1:id><n1:ID>2</n1:ID></n1:Go>');
    await expect(send(wsdl, { Id: '1' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', sent: false });
  });

  test('without a place are refused by name, never dropped', async () => {
    const error = await errorOf(send(asks(el('A', 'xs:string')), { A: 'a', B: 'b' }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', sent: false, details: { issues: [{ path: ['B'] }] } });
    expect(error.text).toContain("'B' has no place here: the type has A");
    expect((await errorOf(send(asks(typed('A', el('C', 'xs:string'))), { A: { D: 'd' } }))).text).toContain(
      "go: A.D: 'D' has no place".replace('go', 'Go'),
    );
  });

  test('that exclude each other are refused', async () => {
    const choice = asks(`<xs:choice>${el('A', 'xs:string')}${el('B', 'xs:string')}</xs:choice>`);
    expect((await errorOf(send(choice, { A: 'a', B: 'b' }))).text).toContain("'A' and 'B' exclude each other");
    expect(await send(choice, { A: null, B: 'b' })).toBe('<n1:Go><n1:B>b</n1:B></n1:Go>');
  });

  test('that are null are nil, absent, or refused, as the schema says', async () => {
    const wsdl = asks(el('A', 'xs:string', 'nillable="true"') + el('B', 'xs:string', 'minOccurs="0"'));
    expect(await send(wsdl, { A: null, B: null })).toBe('<n1:Go><n1:A xsi:nil="true"/></n1:Go>');
    expect((await errorOf(send(asks(el('A', 'xs:string')), { A: null }))).text).toContain('A: null has no form here');
  });

  test('are written by the types of the schema', async () => {
    const wsdl = asks(
      ['decimal', 'date', 'dateTime', 'time', 'boolean', 'base64Binary', 'double'].map((type) => el(type, `xs:${type}`)).join(''),
    );
    const value = {
      decimal: 1e-7,
      date: new Date(0),
      dateTime: '2024-01-02T03:04Z',
      time: '03:04:05',
      boolean: true,
      base64Binary: new Uint8Array([1, 2]),
      double: 1e21,
    };
    const sent = await sentBy({ wsdl, mapping: { input: () => value } });
    expect(sent.replace(/<\/?n1:Go>|<\/n1:\w+>/g, '')).toBe(
      '<n1:decimal>0.0000001<n1:date>1970-01-01<n1:dateTime>2024-01-02T03:04:00Z<n1:time>03:04:05<n1:boolean>true<n1:base64Binary>AQI=<n1:double>1e+21',
    );
    expect((await errorOf(sentBy({ wsdl, mapping: { input: () => ({ date: {} }) } }))).code).toBe('INVALID_ARGUMENT');
  });

  test.each<[string, unknown, string]>([
    ['int', 1.5, 'xs:int'],
    ['int', 2 ** 40, 'xs:int'],
    ['unsignedByte', -1, 'xs:unsignedByte'],
    ['unsignedLong', '18446744073709551616', 'xs:unsignedLong'],
    ['positiveInteger', 0, 'xs:positiveInteger'],
    ['boolean', 'maybe', 'xs:boolean'],
    ['decimal', '1,5', 'xs:decimal'],
    ['double', 'Infinity', 'xs:double'],
    ['date', '2024-01-02T03:04:05Z', 'xs:date'],
    ['dateTime', 'now', 'xs:dateTime'],
    ['time', '3 pm', 'xs:time'],
    ['base64Binary', 'a*b', 'xs:base64Binary'],
    ['hexBinary', '0f1', 'xs:hexBinary'],
  ])('that have no form of xs:%s are refused: %j', async (type, value, name) => {
    const error = await errorOf(sentBy({ wsdl: asks(el('V', `xs:${type}`)), mapping: { input: () => ({ V: value }) } }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', sent: false, details: { issues: [{ path: ['V'] }] } });
    expect(error.text).toContain(`not an ${name}`);
  });

  test('of any type say which they are, by themselves or by a name', async () => {
    const wsdl = asks(el('V', 'xs:anyType'), `<xs:element name="GoR"/>${complex('Dog', sequence(el('Barks', 'xs:int')))}`);
    const sent = (value: unknown) => sentBy({ wsdl, mapping: { input: () => ({ V: value }) } });
    expect(await sent(5)).toContain('<n1:V xsi:type="xs:int">5<');
    expect(await sent(2 ** 40)).toContain('xsi:type="xs:long"');
    expect(await sent(true)).toContain('xsi:type="xs:boolean">true<');
    expect(await sent(new Date(0))).toContain('xsi:type="xs:dateTime">1970-01-01T00:00:00.000Z<');
    expect(await sent(new Uint8Array([1, 2]))).toContain('xsi:type="xs:base64Binary">AQI=<');
    expect(await sent({ '@xsi:type': 'xs:string', '#text': '<b>' })).toContain('xsi:type="xs:string">&lt;b&gt;<');
    expect(await sent({ '@xsi:type': 'Dog', Barks: 1 })).toContain('<n1:V xsi:type="n1:Dog"><n1:Barks>1<');
    expect((await errorOf(sent({ '@xsi:type': 'Cow' }))).text).toContain("'Cow' is not a type of the schema");
  });

  test('choose the derived type that has a place for them', async () => {
    const wsdl = asks(
      el('Pet', 'x:Pet', 'maxOccurs="unbounded"'),
      `<xs:element name="GoR"/>${complex('Pet', sequence(el('Name', 'xs:string')), 'abstract="true"')}${complex('Dog', extension('x:Pet', sequence(el('Barks', 'xs:int'))))}${complex('Cat', extension('x:Pet', sequence(el('Lives', 'xs:int'))))}`,
    );
    const dog = '<n1:Pet xsi:type="n1:Dog"><n1:Name>a</n1:Name><n1:Barks>1</n1:Barks></n1:Pet>';
    expect(
      await send(wsdl, {
        pet: [
          { name: 'a', barks: 1 },
          { name: 'b', lives: 9 },
        ],
      }),
    ).toBe(`<n1:Go>${dog}<n1:Pet xsi:type="n1:Cat"><n1:Name>b</n1:Name><n1:Lives>9</n1:Lives></n1:Pet></n1:Go>`);
    expect(await send(wsdl, { pet: { kind: 'dog', name: 'a', barks: 1 } })).toBe(`<n1:Go>${dog}</n1:Go>`);
    expect(await send(wsdl, { pet: { '@xsi:type': 'Dog', name: 'a', barks: 1 } })).toBe(`<n1:Go>${dog}</n1:Go>`);
    expect((await errorOf(send(wsdl, { pet: { '@xsi:type': 'Cow', name: 'a' } }))).text).toContain("'Cow' is not a type");
  });
});

describe('an output is read by the contract', () => {
  const Item = z.object({ name: z.string(), age: z.int().optional() });

  test.each<[string, string, string, z.ZodType, unknown]>([
    [
      'numbers as XML Schema writes them',
      el('V', 'xs:decimal', 'maxOccurs="unbounded"'),
      '<x:V> +7 </x:V><x:V>007</x:V><x:V>.5</x:V><x:V>5.</x:V><x:V>1E2</x:V>',
      z.object({ v: z.array(z.number()) }),
      { v: [7, 7, 0.5, 5, 100] },
    ],
    ['text as it stands', el('V', 'xs:string'), '<x:V> 007 </x:V>', z.object({ v: z.string() }), { v: ' 007 ' }],
    ['a token without the white space', el('V', 'xs:token'), '<x:V>\n a  b </x:V>', z.object({ v: z.string() }), { v: 'a b' }],
    [
      'booleans',
      el('V', 'xs:boolean', 'maxOccurs="3"'),
      '<x:V> 1 </x:V><x:V>false</x:V>',
      z.object({ v: z.array(z.boolean()) }),
      { v: [true, false] },
    ],
    [
      'instants with an offset',
      el('V', 'xs:dateTime'),
      '<x:V> 2024-01-02T03:04:05.1234567+01:00 </x:V>',
      z.object({ v: z.iso.datetime() }),
      { v: '2024-01-02T02:04:05.1234567Z' },
    ],
    [
      'midnight as the 24th hour',
      el('V', 'xs:dateTime'),
      '<x:V>2024-02-28T24:00:00Z</x:V>',
      z.object({ v: z.iso.datetime() }),
      { v: '2024-02-29T00:00:00Z' },
    ],
    ['days with a zone', el('V', 'xs:date'), '<x:V>2024-01-02+01:00</x:V>', z.object({ v: z.iso.date() }), { v: '2024-01-02' }],
    ['days at midnight', el('V', 'xs:dateTime'), '<x:V>2024-01-02T00:00:00</x:V>', z.object({ v: z.iso.date() }), { v: '2024-01-02' }],
    ['times with a zone', el('V', 'xs:time'), '<x:V>03:04:05.5+02:00</x:V>', z.object({ v: z.iso.time() }), { v: '03:04:05.5' }],
    ['midnight as the 24th hour', el('V', 'xs:time'), '<x:V>24:00:00</x:V>', z.object({ v: z.iso.time() }), { v: '00:00:00' }],
    [
      'a large number that a number holds',
      el('V', 'xs:long'),
      '<x:V>+09007199254740994</x:V>',
      z.object({ v: z.number() }),
      { v: 9007199254740994 },
    ],
    ['base64 in lines', el('V', 'xs:base64Binary'), '<x:V>aGVs\n bG8=</x:V>', z.object({ v: z.base64() }), { v: 'aGVsbG8=' }],
    ['a word among white space', el('V', 'xs:string'), '<x:V>\n  B\n</x:V>', z.object({ v: z.enum(['A', 'B']) }), { v: 'B' }],
    ['a list of texts', el('V', 'x:L'), '<x:V> a  b </x:V>', z.object({ v: z.array(z.string()) }), { v: ['a', 'b'] }],
    ['nil that may be absent', el('V', 'xs:int', 'nillable="true"'), '<x:V xsi:nil="true"/>', z.object({ v: z.int().optional() }), {}],
    ['an empty number that may be absent', el('V', 'xs:int'), '<x:V/>', z.object({ v: z.int().optional() }), {}],
    ['a nil list', el('V', 'x:As', 'nillable="true"'), '<x:V xsi:nil="true"/>', z.object({ v: z.array(z.string()) }), { v: [] }],
    ['the one element in the answer', el('GoResult', 'xs:string'), '<x:GoResult>a</x:GoResult>', z.string(), 'a'],
    ['a list in a wrapper', el('V', 'x:As'), '<x:V><x:A>a</x:A></x:V>', z.object({ v: z.array(z.string()) }), { v: ['a'] }],
    ['a wrapper with nothing in it', el('V', 'x:As'), '<x:V/>', z.object({ v: z.array(z.string()) }), { v: [] }],
    ['a wrapper that is the whole answer', el('V', 'x:As'), '<x:V><x:A>a</x:A><x:A>b</x:A></x:V>', z.array(z.string()), ['a', 'b']],
    [
      'attributes',
      el('V', 'x:P'),
      '<x:V c="EUR">1.5</x:V>',
      z.object({ v: z.object({ c: z.string(), value: z.number() }) }),
      { v: { c: 'EUR', value: 1.5 } },
    ],
    ['text beside attributes', el('V', 'x:P'), '<x:V c="EUR">1.5</x:V>', z.object({ v: z.number() }), { v: 1.5 }],
    [
      'records',
      el('V', 'xs:anyType'),
      '<x:V><USD>1.5</USD><EUR>2</EUR></x:V>',
      z.object({ v: z.record(z.string(), z.number()) }),
      { v: { USD: 1.5, EUR: 2 } },
    ],
    [
      'unions of objects',
      el('V', 'xs:anyType'),
      '<x:V><meow>3</meow></x:V>',
      z.object({ v: z.union([z.object({ bark: z.int() }), z.object({ meow: z.int() })]) }),
      { v: { meow: 3 } },
    ],
    ['unions of texts', el('V', 'xs:string'), '<x:V>3</x:V>', z.object({ v: z.union([z.number(), z.boolean()]) }), { v: 3 }],
    [
      'a prefix of its own for a type',
      el('V', 'x:Pet'),
      '<q:V xmlns:q="urn:x" xmlns:z="urn:x" xsi:type="z:Dog"><q:N>a</q:N><q:B>1</q:B></q:V>',
      z.object({ v: z.object({ n: z.string(), b: z.int() }) }),
      { v: { n: 'a', b: 1 } },
    ],
    [
      'a union by the type',
      el('V', 'x:Pet'),
      '<x:V xsi:type="x:Dog"><x:N>a</x:N><x:B>1</x:B></x:V>',
      z.object({
        v: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('dog'), n: z.string(), b: z.int() }),
          z.object({ kind: z.literal('cat'), n: z.string() }),
        ]),
      }),
      { v: { kind: 'dog', n: 'a', b: 1 } },
    ],
    ['elements in the wrong namespace', el('V', 'xs:string'), '<V>a</V>', z.object({ v: z.string() }), { v: 'a' }],
    [
      'more than the schema says',
      el('V', 'xs:string'),
      '<x:V>a</x:V><x:New>b</x:New>',
      z.object({ v: z.string(), new: z.string() }),
      { v: 'a', new: 'b' },
    ],
    [
      'a list where the schema has one element',
      el('V', 'x:I'),
      '<x:V><x:name>a</x:name></x:V>',
      z.object({ v: z.array(Item) }),
      { v: [{ name: 'a' }] },
    ],
    [
      'a record that is the whole answer',
      el('V', 'xs:anyType'),
      '<x:V><USD>1.5</USD></x:V>',
      z.record(z.string(), z.number()),
      { USD: 1.5 },
    ],
    [
      'an instant without a zone',
      el('V', 'xs:dateTime'),
      '<x:V>2024-01-02T03:04:05</x:V>',
      z.object({ v: z.iso.datetime({ local: true }) }),
      { v: '2024-01-02T03:04:05' },
    ],
    [
      'a wrapper whose items share its name',
      el('V', 'x:Ds'),
      '<x:V><x:Day><x:Day>1</x:Day></x:Day></x:V>',
      z.object({ v: z.array(z.object({ day: z.int() })) }),
      { v: [{ day: 1 }] },
    ],
  ])('%s', async (_, content, body, output, value) => {
    const more = `<xs:simpleType name="L"><xs:list itemType="xs:string"/></xs:simpleType>${complex('As', sequence(el('A', 'xs:string', 'minOccurs="0" maxOccurs="unbounded"')))}<xs:complexType name="P"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="c" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>${complex('Pet', sequence(el('N', 'xs:string')))}${complex('Dog', extension('x:Pet', sequence(el('B', 'xs:int'))))}${complex('I', sequence(el('name', 'xs:string')))}${complex('Ds', sequence(el('Day', 'x:D', 'maxOccurs="unbounded"')))}${complex('D', sequence(el('Day', 'xs:int')))}`;
    expect(await readBy({ wsdl: answers(content, more), output, answer: answerOf(`<x:GoR>${body}</x:GoR>`) })).toEqual(value);
  });

  test('a whole number that a number would round is refused', async () => {
    const read = readBy({
      wsdl: answers(el('V', 'xs:long')),
      output: z.object({ v: z.number() }),
      answer: answerOf('<x:GoR><x:V>9007199254740993</x:V></x:GoR>'),
    });
    await expect(read).rejects.toMatchObject({ code: 'DATA_LOSS', details: { issues: [{ path: ['v'] }] } });
  });

  test('by a path, whatever the case', async () => {
    const wsdl = answers(typed('Result', el('Rate', 'xs:decimal', 'maxOccurs="unbounded"')));
    const answer = answerOf('<x:GoR><x:Result><x:Rate>1.5</x:Rate></x:Result></x:GoR>');
    for (const path of ['Result.Rate', 'result.rate'])
      expect(await readBy({ wsdl, output: z.array(z.number()), answer, mapping: { output: path } })).toEqual([1.5]);
  });

  test('another element is DATA_LOSS', async () => {
    const error = await errorOf(callForeign({ wsdl: answers(el('V', 'xs:string')), output: z.string(), answer: answerOf('<x:Other/>') }));
    expect(error).toMatchObject({ code: 'DATA_LOSS', remote: true });
    expect(error.text).toContain("<Other> of 'urn:x', not <GoR>");
  });

  test.each<[string, string, (text: string) => Buffer, string?]>([
    ['iso-8859-1', 'text/xml; charset=ISO-8859-1', (text: string) => Buffer.from(text, 'latin1')],
    ['iso-8859-1', 'text/xml', (text: string) => Buffer.from(text, 'latin1')],
    ['utf-16', 'text/xml', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['utf-8', 'text/xml', (text: string) => Buffer.from(text)],
    ['windows-1252', 'text/xml', (text: string) => Buffer.from(text.replace('„', '\x84').replace('€', '\x80'), 'latin1'), '„Grüße€'],
  ])('in %s, said by %s', async (encoding, type, bytes, text = 'Grüße') => {
    const xml = `<?xml version="1.0" encoding="${encoding}"?>${answerOf(`<x:GoR><x:V>${text}</x:V></x:GoR>`)}`;
    expect(await readBy({ wsdl: answers(el('V', 'xs:string')), output: z.string(), answer: { type, body: bytes(xml) } })).toBe(text);
  });
});
