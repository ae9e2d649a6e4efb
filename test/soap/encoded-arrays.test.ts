import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, callForeign, schema, wsdlWith } from '../support/foreign-soap.ts';
import { errorOf } from '../support/soap.ts';

const ENCODING = 'http://schemas.xmlsoap.org/soap/encoding/';
const ENCODING_12 = 'http://www.w3.org/2003/05/soap-encoding';

const arrayOf = (type: string): string =>
  `<xs:complexType name="A"><xs:complexContent><xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="${type}"/></xs:restriction></xs:complexContent></xs:complexType>`;

function wsdl(type: string, version: '1.1' | '1.2' = '1.1'): string {
  const types = schema(arrayOf(type), `xmlns:soapenc="${ENCODING}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"`);
  return wsdlWith({ style: 'rpc', body: 'use="encoded" namespace="urn:s"', parts: '', out: '<part name="r" type="x:A"/>', types, version });
}

async function read(
  output: z.ZodType,
  attributes: string,
  items: string,
  version: '1.1' | '1.2' = '1.1',
  type = 'xs:int[]',
): Promise<unknown> {
  const uri = version === '1.1' ? ENCODING : ENCODING_12;
  const body = `<m:GoResponse xmlns:m="urn:s" xmlns:soapenc="${uri}"><r ${attributes}>${items}</r></m:GoResponse>`;
  const answer = { type: version === '1.1' ? 'text/xml' : 'application/soap+xml', body: answerOf(body, '', version) };
  return (await callForeign({ wsdl: wsdl(type, version), output, mapping: { output: 'r' }, answer })).result;
}

const Holes = z.array(z.int().nullable());
const items = (...values: number[]): string => values.map((value) => `<item>${value}</item>`).join('');

describe('arrays of the SOAP encoding', () => {
  test('several dimensions are lists of lists', async () => {
    const Table = z.array(z.array(z.int()));
    expect(await read(Table, 'soapenc:arrayType="xs:int[2,3]"', items(1, 2, 3, 4, 5, 6), '1.1', 'xs:int[,]')).toEqual([[1, 2, 3], [4, 5, 6]]);
    expect(await read(Table, 'soapenc:arraySize="* 2"', items(1, 2, 3, 4), '1.2', 'xs:int[,]')).toEqual([[1, 2], [3, 4]]);
    const Cube = z.array(Table);
    expect(await read(Cube, 'soapenc:arrayType="xs:int[2,1,2]"', items(1, 2, 3, 4), '1.1', 'xs:int[,,]')).toEqual([[[1, 2]], [[3, 4]]]);
  }); // prettier-ignore

  test('items that are left out before others are null', async () => {
    expect(await read(Holes, 'soapenc:arrayType="xs:int[4]" soapenc:offset="[2]"', items(3, 4))).toEqual([null, null, 3, 4]);
    const placed = '<item soapenc:position="[1]">1</item><item soapenc:position="[3]">3</item><item>4</item>';
    expect(await read(Holes, 'soapenc:arrayType="xs:int[9]"', placed)).toEqual([null, 1, null, 3, 4]);
    const cell = '<item soapenc:position="[1,0]">7</item>';
    expect(await read(z.array(Holes), 'soapenc:arrayType="xs:int[2,2]"', cell, '1.1', 'xs:int[,]')).toEqual([[null, null], [7]]);
  });

  test('a place that would take all memory is refused', async () => {
    const far = read(Holes, 'soapenc:arrayType="xs:int[]" soapenc:offset="[4000000000]"', items(1));
    expect(await errorOf(far)).toMatchObject({
      code: 'DATA_LOSS',
      message: expect.stringContaining('leaves out more than 100000 items') as string,
    });
  });

  test.each(['[]', '[,]', '[x]', '[0,0]', '[2,0]', ''])('a size that says nothing does not matter: %s', async (size) => {
    expect(await read(z.array(z.int()), `soapenc:arrayType="xs:int${size}" soapenc:offset="nowhere"`, items(1, 2))).toEqual([1, 2]);
  });
});
