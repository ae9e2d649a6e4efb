import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { answerOf, callForeign, schema, wsdlWith } from '../support/foreign-soap.ts';

const result = '<xs:complexType><xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence></xs:complexType>';
const wsdl = wsdlWith({
  types: schema(
    `<xs:element name="Go"/><xs:element name="GoR"><xs:complexType><xs:sequence><xs:element name="Rows" minOccurs="0">${result}</xs:element></xs:sequence></xs:complexType></xs:element>`,
  ),
});
const INLINE =
  '<xs:schema id="D" xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"><xs:element name="D" msdata:IsDataSet="true"><xs:complexType><xs:choice maxOccurs="unbounded"><xs:element name="Table" type="xs:string"/></xs:choice></xs:complexType></xs:element></xs:schema>';
const ADA = '<Table diffgr:id="Table1" msdata:rowOrder="0"><Id>1</Id><Name>Ada</Name></Table>';
const BOB = '<Table diffgr:id="Table2" diffgr:hasChanges="modified"><Id>2</Id></Table>';
const BEFORE = '<diffgr:before><Table diffgr:id="Table2" xmlns=""><Id>3</Id></Table></diffgr:before>';

function answer(rows: string, inline = INLINE): string {
  const tables = rows && `<D xmlns="">${rows}</D>${BEFORE}`;
  return answerOf(
    `<x:GoR><x:Rows>${inline}<diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata" xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">${tables}</diffgr:diffgram></x:Rows></x:GoR>`,
  );
}

const Row = z.object({ id: z.int(), name: z.string().optional() });
const Tables = z.object({ table: z.array(Row) });
const ada = { id: 1, name: 'Ada' };

async function read(output: z.ZodType, text: string, path?: string): Promise<unknown> {
  return (await callForeign({ wsdl, output, answer: text, ...(path !== undefined && { mapping: { output: path } }) })).result;
}

describe('a DataSet of ADO.NET', () => {
  test.each([
    ['several rows', ADA + BOB, [ada, { id: 2 }]],
    ['one row', ADA, [ada]],
    ['none', '', []],
  ])('its tables, without the schema and the diffgram around them: %s', async (_, rows, table) => {
    expect(await read(Tables, answer(rows), 'Rows')).toEqual({ table });
    expect(await read(z.object({ rows: Tables }), answer(rows))).toEqual({ rows: { table } });
  });

  test('the rows of the only table, and those at a path', async () => {
    expect(await read(z.array(Row), answer(ADA + BOB), 'Rows')).toEqual([ada, { id: 2 }]);
    expect(await read(z.array(Row), answer(ADA + BOB), 'Rows.Table')).toEqual([ada, { id: 2 }]);
    expect(await read(z.array(Row), answer(ADA + BOB), 'Rows.diffgram.D.Table')).toEqual([ada, { id: 2 }]);
  });

  test('one whose schema the WSDL has', async () => {
    expect(await read(Tables, answer(ADA, ''), 'Rows')).toEqual({ table: [ada] });
  });

  test('as it is for a type that takes anything, or names the diffgram', async () => {
    expect(await read(z.json(), answer(ADA), 'Rows')).toMatchObject({ schema: {}, diffgram: { D: { Table: { Id: '1', Name: 'Ada' } } } });
    const Diffgram = z.object({ diffgram: z.object({ d: Tables, before: Tables }) });
    expect(await read(Diffgram, answer(ADA), 'Rows')).toEqual({ diffgram: { d: { table: [ada] }, before: { table: [{ id: 3 }] } } });
  });
});
