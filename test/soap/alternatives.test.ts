import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, bodyOf, callForeign, schema, wsdlWith, type ForeignCall } from '../support/foreign-soap.ts';
import { errorOf } from '../support/soap.ts';

const typed = (name: string, content: string): string =>
  `<xs:element name="${name}"><xs:complexType>${content}</xs:complexType></xs:element>`;
const answers = (content: string): string => wsdlWith({ types: schema(`<xs:element name="Go"/>${typed('GoR', content)}`) });
const takes = (content: string): string => wsdlWith({ types: schema(`${typed('Go', content)}<xs:element name="GoR"/>`) });
const readBy = async (call: ForeignCall): Promise<unknown> => (await callForeign(call)).result;
const sentBy = async (call: ForeignCall): Promise<string> => bodyOf((await callForeign(call)).sent).replace(/ xmlns(:\w+)?="[^"]*"/g, '');

const ITEMS = '<xs:element name="Item" type="xs:string" maxOccurs="unbounded"/>';
const PROBLEM = '<xs:element name="Problem" type="xs:string"/>';
const problem = answerOf('<x:GoR><x:Problem>p</x:Problem></x:GoR>');

describe('lists in alternatives', () => {
  const either = z.object({ item: z.array(z.string()).optional(), problem: z.string().optional() });

  test('one of another alternative is absent', async () => {
    const wsdl = answers(`<xs:choice>${ITEMS}${PROBLEM}</xs:choice>`);
    expect(await readBy({ wsdl, output: either, answer: problem })).toEqual({ problem: 'p' });
    expect(await readBy({ wsdl, output: either, answer: answerOf('<x:GoR><x:Item>a</x:Item></x:GoR>') })).toEqual({ item: ['a'] });
  });

  test('so that a union is the alternative that is there', async () => {
    const output = z.union([z.object({ item: z.array(z.string()) }), z.object({ problem: z.string() })]);
    const wsdl = answers(`<xs:sequence><xs:choice><xs:sequence>${ITEMS}</xs:sequence>${PROBLEM}</xs:choice></xs:sequence>`);
    expect(await readBy({ wsdl, output, answer: problem })).toEqual({ problem: 'p' });
  });

  test.each([
    ['a choice that repeats', `<xs:choice maxOccurs="unbounded">${ITEMS}${PROBLEM}</xs:choice>`],
    ['each alternative', `<xs:choice><xs:sequence>${ITEMS}</xs:sequence><xs:sequence>${ITEMS}${PROBLEM}</xs:sequence></xs:choice>`],
    ['a sequence', `<xs:sequence><xs:element name="Item" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>${PROBLEM}</xs:sequence>`],
  ])('one of %s is empty', async (_, content) => {
    expect(await readBy({ wsdl: answers(content), output: either, answer: problem })).toEqual({ item: [], problem: 'p' });
  });

  test('one that the contract requires is empty', async () => {
    const output = z.object({ item: z.array(z.string()), problem: z.string().optional() });
    expect(await readBy({ wsdl: answers(`<xs:choice>${ITEMS}${PROBLEM}</xs:choice>`), output, answer: problem })).toEqual({
      item: [],
      problem: 'p',
    });
  });
});

describe('an empty list', () => {
  const input = z.object({ ids: z.array(z.int()).default([]) });
  const ids = (min: number, items: number): string =>
    takes(
      `<xs:sequence><xs:element name="Ids" minOccurs="${min}"><xs:complexType><xs:sequence><xs:element name="Id" type="xs:int" minOccurs="${items}" maxOccurs="9"/></xs:sequence></xs:complexType></xs:element></xs:sequence>`,
    );

  test('leaves out a wrapper that may be absent and needs items, and no other', async () => {
    expect(await sentBy({ wsdl: ids(0, 1), input })).toBe('<n1:Go/>');
    expect(await sentBy({ wsdl: ids(0, 0), input })).toBe('<n1:Go><n1:Ids/></n1:Go>');
    expect(await sentBy({ wsdl: ids(1, 1), input })).toBe('<n1:Go><n1:Ids/></n1:Go>');
  });
});

describe('parts that name an element', () => {
  const types = schema(
    `<xs:element name="User" type="xs:string"/>${typed('Order', '<xs:sequence><xs:element name="No" type="xs:int"/></xs:sequence>')}`,
  );
  const parts = '<part name="who" element="x:User"/><part name="what" element="x:Order"/>';
  const ORDER = '<n1:User>ada</n1:User><n1:Order><n1:No>1</n1:No></n1:Order>';
  const Order = z.object({ no: z.int() });
  const byPart = z.object({ who: z.string(), what: Order });
  const order = { who: 'ada', what: { no: 1 } };
  const answer = answerOf('<x:User>ada</x:User><x:Order><x:No>1</x:No></x:Order>');

  test('go by the name of the part, and by that of the element', async () => {
    const wsdl = wsdlWith({ types, parts, out: parts });
    const { sent, result } = await callForeign({ wsdl, input: byPart, args: order, output: byPart, answer });
    expect([bodyOf(sent).replace(/ xmlns:n1="[^"]*"/g, ''), result]).toEqual([ORDER, order]);
    const byElement = z.object({ user: z.string(), order: Order });
    const called = await callForeign({ wsdl, input: byElement, args: { user: 'ada', order: { no: 1 } }, output: byElement, answer });
    expect([bodyOf(called.sent).replace(/ xmlns:n1="[^"]*"/g, ''), called.result]).toEqual([ORDER, { user: 'ada', order: { no: 1 } }]);
  });

  test('of RPC too, in both directions', async () => {
    const wsdl = wsdlWith({
      types,
      parts,
      out: '<part name="was" element="x:User"/>',
      style: 'rpc',
      body: 'use="literal" namespace="urn:s"',
    });
    const answer = answerOf('<m:GoResponse xmlns:m="urn:s"><x:User>bob</x:User></m:GoResponse>');
    const call = { wsdl, input: byPart, args: order, output: z.string(), mapping: { output: 'was' }, answer };
    expect(await sentBy(call)).toBe('<n1:Go><n2:User>ada</n2:User><n2:Order><n2:No>1</n2:No></n2:Order></n1:Go>');
    expect(await readBy(call)).toBe('bob');
  });

  test('a field of none of them is refused, and not dropped', async () => {
    const input = z.object({ who: z.string(), waht: Order });
    const error = await errorOf(callForeign({ wsdl: wsdlWith({ types, parts }), input, args: { who: 'ada', waht: { no: 1 } } }));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining("'waht' has no place here: the type has who, Order") as string,
    });
  });
});
