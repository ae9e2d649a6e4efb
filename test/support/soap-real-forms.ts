import { attribute, el, extension, form, many, optional, other, seq, T, type, type Form } from './soap-form.ts';

const enumeration = (name: string, ...values: readonly string[]): string =>
  `<xs:simpleType name="${name}"><xs:restriction base="xs:string">${values.map((value) => `<xs:enumeration value="${value}"/>`).join('')}</xs:restriction></xs:simpleType>`;
const choice = (content: string, more = ''): string => `<xs:choice ${more}>${content}</xs:choice>`;

/** Shapes that WSDLs of shops, carriers, banks and public offices have, written anew. */
export const REAL_FORMS: readonly Form[] = [
  form(
    'alternatives that share an element',
    T(choice(seq(el('Iban', 'xs:string') + el('Name', 'xs:string')) + seq(el('Account', 'xs:string') + el('Name', 'xs:string')))),
    { Account: '1', Name: 'n' },
    { noZeep: 'it reads the first alternative only' },
  ),
  form(
    'a choice in a choice, between elements',
    T(
      seq(
        el('A', 'xs:int') +
          choice(el('B', 'xs:int') + seq(el('C', 'xs:int') + choice(el('D', 'xs:int') + el('E', 'xs:int')))) +
          el('F', 'xs:int'),
      ),
    ),
    { A: '1', C: '2', E: '3', F: '4' },
  ),
  form('a choice of one or a list', T(choice(el('One', 'xs:string') + el('Many', 'xs:string', 'maxOccurs="unbounded"'))), {
    Many: ['1', '2'],
  }),
  form(
    'a sequence that may be absent',
    T(seq(el('A', 'xs:int') + seq(el('B', 'xs:int') + el('C', 'xs:int'), optional) + el('D', 'xs:int'))),
    {
      A: '1',
      B: '2',
      C: '3',
      D: '4',
    },
  ),
  form(
    'a group that repeats',
    T(seq(`${el('A', 'xs:int')}<xs:group ref="x:Pair" ${many}/>`)) +
      `<xs:group name="Pair">${seq(el('Key', 'xs:string') + el('Value', 'xs:string'))}</xs:group>`,
    { A: '1', Key: ['a', 'b'], Value: ['1', '2'] },
    { noZeep: 'it cannot read a group that repeats' },
  ),
  form(
    'pairs of keys and values, as .NET has them',
    T(seq(el('Rates', 'y:ArrayOfKeyValueOfstringdouble', 'nillable="true" minOccurs="0"'))),
    {
      Rates: {
        KeyValueOfstringdouble: [
          { Key: 'USD', Value: '1.5' },
          { Key: 'EUR', Value: '2.5' },
        ],
      },
    },
    {
      other: other(
        type(
          'ArrayOfKeyValueOfstringdouble',
          seq(
            `<xs:element minOccurs="0" maxOccurs="unbounded" name="KeyValueOfstringdouble"><xs:complexType>${seq(el('Key', 'xs:string', 'nillable="true"') + el('Value', 'xs:double'))}</xs:complexType></xs:element>`,
          ),
        ),
      ),
    },
  ),
  form(
    'a list with nil in it',
    T(seq(el('Names', 'y:ArrayOfstring', 'nillable="true"'))),
    { Names: { string: ['a', null, 'c'] } },
    {
      other: other(type('ArrayOfstring', seq(el('string', 'xs:string', `nillable="true" ${many}`)))),
      noZeep: 'it leaves out items that are nil',
    },
  ),
  form(
    'rows of attributes, as rates are',
    T(seq(el('Rows', 'x:Rows'))) +
      type('Rows', seq(el('Row', 'x:Row', many)) + attribute('date', 'xs:date')) +
      type('Row', attribute('code', 'xs:string', 'use="required"') + attribute('rate', 'xs:decimal')),
    { Rows: { '@date': '2024-01-02', Row: [{ '@code': 'USD', '@rate': '1.50' }, { '@code': 'JPY' }] } },
  ),
  form(
    'codes with the list that they are of',
    T(seq(el('Country', 'x:Code', many))) +
      type('Code', extension('x:Value', attribute('listID', 'xs:token') + attribute('version', 'xs:string'), 'simpleContent')) +
      '<xs:simpleType name="Value"><xs:restriction base="xs:token"><xs:maxLength value="3"/></xs:restriction></xs:simpleType>',
    {
      Country: [
        { '@listID': 'ISO', '#text': 'NO' },
        { '@listID': 'ISO', '@version': '2', '#text': 'SE' },
      ],
    },
  ),
  form(
    'an enumeration of another namespace, as element and attribute',
    T(seq(el('Unit', 'y:Unit')) + attribute('of', 'y:Unit')),
    { '@of': 'kg', Unit: 'm/s' },
    { other: other(enumeration('Unit', 'kg', 'm/s')) },
  ),
  form(
    'an enumeration within an attribute',
    T(
      `${seq(el('A', 'xs:string'))}<xs:attribute name="kind" use="required"><xs:simpleType><xs:restriction base="xs:NMTOKEN"><xs:enumeration value="new"/><xs:enumeration value="old"/></xs:restriction></xs:simpleType></xs:attribute>`,
    ),
    { '@kind': 'old', A: 'a' },
  ),
  form(
    'two types of one name',
    T(seq(el('Home', 'x:Address') + el('Work', 'y:Address'))) + type('Address', seq(el('Street', 'xs:string'))),
    { Home: { Street: 's' }, Work: { Line: ['1', '2'] } },
    { other: other(type('Address', seq(el('Line', 'xs:string', many)))) },
  ),
  form(
    'an extension over three namespaces of which one is unqualified',
    T(extension('y:Middle', seq(el('C', 'xs:string')))) + type('Base', seq(el('A', 'xs:string'))),
    { A: 'a', B: 'b', C: 'c' },
    { other: other(type('Middle', extension('x:Base', seq(el('B', 'xs:string')))), '') },
  ),
  form(
    'an extension of a choice, with attributes',
    T(extension('x:Base', seq(el('Z', 'xs:string')) + attribute('id', 'xs:string'))) +
      type('Base', choice(el('A', 'xs:string') + el('B', 'xs:string')) + attribute('base', 'xs:boolean')),
    { '@base': 'true', '@id': '1', B: 'b', Z: 'z' },
  ),
  form(
    'a restriction that leaves an attribute out',
    T(
      `<xs:complexContent><xs:restriction base="x:Base">${seq(el('A', 'xs:string'))}<xs:attribute name="b" use="prohibited"/></xs:restriction></xs:complexContent>`,
    ) +
      type('Base', seq(el('A', 'xs:string') + el('C', 'xs:string', optional)) + attribute('a', 'xs:string') + attribute('b', 'xs:string')),
    { '@a': '1', A: 'a' },
  ),
  form(
    'elements of all that repeat',
    T(seq(`<xs:element ref="x:Item" ${many}/><xs:element ref="x:Total"/>`)) +
      el('Item', 'x:I') +
      el('Total', 'xs:int') +
      type('I', seq(el('N', 'xs:int'))),
    {
      Item: [{ N: '1' }, { N: '2' }],
      Total: '2',
    },
  ),
  form(
    'a list of lists of types elsewhere',
    T(seq(el('Grid', 'y:Grid'))),
    { Grid: { Row: [{ Cell: [{ V: '1' }] }, { Cell: [] }] } },
    {
      other: other(
        type('Grid', seq(el('Row', 'y:Row', many))) + type('Row', seq(el('Cell', 'y:Cell', many))) + type('Cell', seq(el('V', 'xs:int'))),
      ),
      noZeep: 'it reads an empty element as nothing, which it cannot write',
    },
  ),
  form(
    'names that every object has',
    T(seq(el('constructor', 'xs:string') + el('toString', 'xs:string') + el('length', 'xs:int') + el('__proto__', 'xs:string', optional))),
    {
      constructor: 'a',
      toString: 'b',
      length: '3',
    },
    { noZeep: 'it has members of these names' },
  ),
  form('dates in parts, and lengths of time', T(seq(['gYear', 'gYearMonth', 'gMonthDay', 'duration', 'time'].map((name) => el(name, `xs:${name}`)).join(''))), {
    gYear: '2024', gYearMonth: '2024-02', gMonthDay: '--02-29', duration: 'P1DT2H', time: '03:04:05',
  }, { noZeep: 'it writes them otherwise' }), // prettier-ignore
  form('hexadecimal, and whole numbers without bounds', T(seq(el('H', 'xs:hexBinary') + el('N', 'xs:nonNegativeInteger') + el('M', 'xs:negativeInteger'))), {
    H: '0FB7', N: '12345678901234567890', M: '-1',
  }, { noZeep: 'it does not know xs:hexBinary' }), // prettier-ignore
];
