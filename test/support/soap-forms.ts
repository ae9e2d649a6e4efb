import { schema } from './foreign-soap.ts';
import { el, extension, form, many, optional, other, seq, T, type, type Form } from './soap-form.ts';
import { REAL_FORMS } from './soap-real-forms.ts';

const scalar = (name: string, value: string): Form => form(`a field of xs:${name}`, T(seq(el('V', `xs:${name}`))), { V: value });

const PLAIN: readonly Form[] = [
  scalar('string', ' a <b> & "c" ]]> \n 😀'),
  scalar('int', '-42'),
  scalar('long', '9007199254740993'),
  scalar('unsignedShort', '65535'),
  scalar('decimal', '12.50'),
  scalar('boolean', 'true'),
  scalar('date', '2024-02-29'),
  scalar('base64Binary', 'aGVsbG8='),
  scalar('anyURI', 'urn:a:b'),
  scalar('token', 'a b'),
  form('a sequence', T(seq(el('A', 'xs:string') + el('B', 'xs:int'))), { A: 'a', B: '1' }),
  form(
    'an unqualified schema',
    T(seq(el('A', 'xs:string') + el('B', 'x:I'))) + type('I', seq(el('C', 'xs:int'))),
    { A: 'a', B: { C: '1' } },
    { attributes: '' },
  ),
  form('elements with forms of their own', T(seq(el('A', 'xs:string', 'form="unqualified"') + el('B', 'xs:string'))), { A: 'a', B: 'b' }),
  form('types in types', T(seq(el('A', 'x:I'))) + type('I', seq(el('B', 'x:J'))) + type('J', seq(el('C', 'xs:string'))), {
    A: { B: { C: 'c' } },
  }),
  form('a type without a name', T(seq(`<xs:element name="A"><xs:complexType>${seq(el('B', 'xs:string'))}</xs:complexType></xs:element>`)), {
    A: { B: 'b' },
  }),
  form('a list', T(seq(el('A', 'xs:string', many))), { A: ['1', '2', '3'] }),
  form('a list of one', T(seq(el('A', 'xs:string', many))), { A: ['1'] }),
  form('a list of none', T(seq(el('A', 'xs:string', many) + el('B', 'xs:string'))), { A: [], B: 'b' }),
  form('a list of types', T(seq(el('A', 'x:I', many))) + type('I', seq(el('B', 'xs:int'))), { A: [{ B: '1' }, { B: '2' }] }),
  form('a list in a wrapper', T(seq(el('As', 'x:ArrayOfString'))) + type('ArrayOfString', seq(el('string', 'xs:string', many))), {
    As: { string: ['1', '2'] },
  }),
  form(
    'a list of types in a wrapper',
    T(seq(el('As', 'x:ArrayOfI'))) + type('ArrayOfI', seq(el('I', 'x:I', `${many} nillable="true"`))) + type('I', seq(el('B', 'xs:int'))),
    { As: { I: [{ B: '1' }, { B: '2' }] } },
  ),
  form('a wrapper with a count', T(seq(el('As', 'x:Page'))) + type('Page', seq(el('Total', 'xs:int') + el('A', 'xs:string', many))), {
    As: { Total: '2', A: ['1', '2'] },
  }),
  form(
    'lists in lists',
    T(seq(el('Rows', 'x:Rows'))) + type('Rows', seq(el('Row', 'x:Row', many))) + type('Row', seq(el('Cell', 'xs:string', many))),
    { Rows: { Row: [{ Cell: ['1', '2'] }, { Cell: ['3'] }] } },
  ),
  form('two lists', T(seq(el('A', 'xs:string', many) + el('B', 'xs:int', many))), { A: ['1', '2'], B: ['3'] }),
  form('two to five', T(seq(el('A', 'xs:string', 'minOccurs="2" maxOccurs="5"'))), { A: ['1', '2'] }),
  form('what may be absent', T(seq(el('A', 'xs:string', optional) + el('B', 'xs:string'))), { B: 'b' }),
  form('what may be nil', T(seq(el('A', 'xs:string', 'nillable="true"') + el('B', 'xs:string'))), { A: null, B: 'b' }),
  form(
    'a nil type',
    T(seq(el('A', 'x:I', 'nillable="true"') + el('B', 'xs:string'))) + type('I', seq(el('C', 'xs:string'))),
    {
      A: null,
      B: 'b',
    },
    { noZeep: 'it cannot write the null that it read' },
  ),
  form(
    'attributes',
    T(`${seq(el('A', 'xs:string'))}<xs:attribute name="id" type="xs:int" use="required"/><xs:attribute name="lang" type="xs:string"/>`),
    { '@id': '7', '@lang': 'de "x" <y>', A: 'a' },
  ),
  form('an attribute in the namespace', T(`${seq(el('A', 'xs:string'))}<xs:attribute name="id" type="xs:int" form="qualified"/>`), {
    '@id': '7',
    A: 'a',
  }),
  form(
    'an attribute of all',
    T(`${seq(el('A', 'xs:string'))}<xs:attribute ref="x:id" use="required"/>`) + '<xs:attribute name="id" type="xs:int"/>',
    { '@id': '7', A: 'a' },
  ),
  form(
    'a group of attributes',
    T(`${seq(el('A', 'xs:string'))}<xs:attributeGroup ref="x:G"/>`) +
      '<xs:attributeGroup name="G"><xs:attribute name="a" type="xs:string"/><xs:attribute name="b" type="xs:string"/></xs:attributeGroup>',
    { '@a': '1', '@b': '2', A: 'a' },
  ),
  form(
    'an attribute named as an element',
    T(`${seq(el('id', 'xs:string'))}<xs:attribute name="id" type="xs:string"/>`),
    { '@id': '1', id: '2' },
    { noZeep: 'it has one name for both' },
  ),
  form(
    'text with attributes',
    T(seq(el('P', 'x:Price'))) +
      type('Price', extension('xs:decimal', '<xs:attribute name="currency" type="xs:string"/>', 'simpleContent')),
    { P: { '@currency': 'EUR', '#text': '1.5' } },
  ),
  form(
    'text with attributes, again',
    T(seq(el('P', 'x:P2'))) +
      type('Price', extension('xs:decimal', '<xs:attribute name="currency" type="xs:string"/>', 'simpleContent')) +
      type('P2', extension('x:Price', '<xs:attribute name="at" type="xs:date"/>', 'simpleContent')),
    { P: { '@currency': 'EUR', '@at': '2024-01-02', '#text': '1.5' } },
  ),
  form(
    'text of less',
    T(seq(el('P', 'x:P2'))) +
      type('Price', extension('xs:string', '<xs:attribute name="c" type="xs:string"/>', 'simpleContent')) +
      type('P2', '<xs:simpleContent><xs:restriction base="x:Price"><xs:maxLength value="3"/></xs:restriction></xs:simpleContent>'),
    { P: { '@c': 'x', '#text': 'abc' } },
  ),
  form(
    'an enumeration',
    T(seq(el('K', 'x:K'))) +
      '<xs:simpleType name="K"><xs:restriction base="xs:string"><xs:enumeration value="A"/><xs:enumeration value="B c"/></xs:restriction></xs:simpleType>',
    { K: 'B c' },
  ),
  form(
    'a pattern',
    T(
      seq(
        '<xs:element name="K"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{3}"/></xs:restriction></xs:simpleType></xs:element>',
      ),
    ),
    { K: 'ABC' },
  ),
  form('a list of texts in one', T(seq(el('K', 'x:Ks'))) + '<xs:simpleType name="Ks"><xs:list itemType="xs:int"/></xs:simpleType>', {
    K: ['1', '2', '3'],
  }),
  form(
    'a list of texts in an attribute',
    T('<xs:attribute name="ids" type="x:Ks"/>') + '<xs:simpleType name="Ks"><xs:list itemType="xs:string"/></xs:simpleType>',
    { '@ids': ['a', 'b'] },
  ),
  form(
    'one of several texts',
    T(seq(el('K', 'x:U'))) + '<xs:simpleType name="U"><xs:union memberTypes="xs:int xs:string"/></xs:simpleType>',
    { K: 'seven' },
  ),
  form('a choice, the first', T(`<xs:choice>${el('A', 'xs:string')}${el('B', 'xs:int')}</xs:choice>`), { A: 'a' }),
  form('a choice, the second', T(`<xs:choice>${el('A', 'xs:string')}${el('B', 'xs:int')}</xs:choice>`), { B: '1' }),
  form(
    'a choice in a sequence',
    T(seq(`${el('I', 'xs:int')}<xs:choice minOccurs="0">${el('A', 'xs:string')}${el('B', 'xs:int')}</xs:choice>${el('Z', 'xs:int')}`)),
    { I: '1', B: '2', Z: '3' },
  ),
  form(
    'a choice of sequences',
    T(`<xs:choice>${seq(el('A', 'xs:string') + el('B', 'xs:string'))}${seq(el('C', 'xs:string'))}</xs:choice>`),
    { A: 'a', B: 'b' },
  ),
  form('a choice again and again', T(`<xs:choice ${many}>${el('A', 'xs:string')}${el('B', 'xs:string')}</xs:choice>`), {
    A: ['1', '2'],
    B: ['3'],
  }),
  form('a sequence again and again', T(seq(el('K', 'xs:string') + el('V', 'xs:int'), many)), { K: ['a', 'b'], V: ['1', '2'] }),
  form('all in any order', T(`<xs:all>${el('A', 'xs:string')}${el('B', 'xs:int', optional)}</xs:all>`), { A: 'a', B: '1' }),
  form(
    'a group',
    T(seq(`<xs:group ref="x:G"/>${el('Z', 'xs:string')}`)) +
      `<xs:group name="G">${seq(el('A', 'xs:string') + el('B', 'xs:string'))}</xs:group>`,
    { A: 'a', B: 'b', Z: 'z' },
  ),
  form(
    'a group of one of two',
    T(seq('<xs:group ref="x:G"/>')) + `<xs:group name="G"><xs:choice>${el('A', 'xs:string')}${el('B', 'xs:string')}</xs:choice></xs:group>`,
    { B: 'b' },
  ),
  form('an extension', T(extension('x:Base', seq(el('B', 'xs:string')))) + type('Base', seq(el('A', 'xs:string'))), { A: 'a', B: 'b' }),
  form(
    'an extension of an extension',
    T(extension('x:M', seq(el('C', 'xs:string')))) +
      type('M', extension('x:Base', seq(el('B', 'xs:string')))) +
      type('Base', seq(el('A', 'xs:string'))),
    { A: 'a', B: 'b', C: 'c' },
  ),
  form(
    'an extension of a base elsewhere',
    T(extension('y:Base', seq(el('B', 'xs:string')))),
    { A: 'a', B: 'b' },
    { other: other(type('Base', seq(el('A', 'xs:string')))) },
  ),
  form(
    'an extension of an unqualified base',
    T(extension('y:Base', seq(el('B', 'xs:string')))),
    { A: 'a', B: 'b' },
    { other: other(type('Base', seq(el('A', 'xs:string'))), '') },
  ),
  form(
    'a restriction',
    T(`<xs:complexContent><xs:restriction base="x:Base">${seq(el('A', 'xs:string'))}</xs:restriction></xs:complexContent>`) +
      type('Base', seq(el('A', 'xs:string') + el('B', 'xs:string', optional))),
    { A: 'a' },
  ),
  form(
    'a derived type by its name',
    T(seq(el('Pet', 'x:Pet'))) + type('Pet', seq(el('Name', 'xs:string'))) + type('Dog', extension('x:Pet', seq(el('Barks', 'xs:int')))),
    { Pet: { '@xsi:type': 'Dog', Name: 'Rex', Barks: '3' } },
  ),
  form(
    'a list of types derived from an abstract one',
    T(seq(el('Pet', 'x:Pet', many))) +
      type('Pet', seq(el('Name', 'xs:string')), 'abstract="true"') +
      type('Dog', extension('x:Pet', seq(el('Barks', 'xs:int')))) +
      type('Cat', extension('x:Pet', '')),
    {
      Pet: [
        { '@xsi:type': 'Dog', Name: 'Rex', Barks: '3' },
        { '@xsi:type': 'Cat', Name: 'Tom' },
      ],
    },
  ),
  form(
    'a derived type elsewhere',
    T(seq(el('Pet', 'x:Pet'))) + type('Pet', seq(el('Name', 'xs:string'))),
    { Pet: { '@xsi:type': 'Dog', Name: 'Rex', Barks: '3' } },
    { other: other(type('Dog', extension('x:Pet', seq(el('Barks', 'xs:int'))))) },
  ),
  form(
    'a substitution',
    T(seq('<xs:element ref="x:pay"/>')) +
      `<xs:element name="pay" abstract="true" type="x:Pay"/>${type('Pay', seq(el('Sum', 'xs:int')))}<xs:element name="card" substitutionGroup="x:pay" type="x:Card"/>${type('Card', extension('x:Pay', seq(el('Number', 'xs:string'))))}<xs:element name="cash" substitutionGroup="x:pay" type="x:Pay"/>`,
    { card: { Sum: '1', Number: '2' } },
    { noZeep: 'it knows no substitution groups' },
  ),
  form(
    'a list of substitutions',
    T(seq(`<xs:element ref="x:pay" ${many}/>`)) +
      `<xs:element name="pay" type="xs:string"/><xs:element name="card" substitutionGroup="x:pay"/>`,
    { pay: ['1'], card: ['2', '3'] },
    { noZeep: 'it knows no substitution groups' },
  ),
  form('an element of all', T(seq('<xs:element ref="x:A"/>')) + el('A', 'xs:string'), { A: 'a' }, { attributes: '' }),
  form(
    'an element of another namespace',
    T(seq(`<xs:element ref="y:A"/>${el('B', 'xs:string')}`)),
    { A: 'a', B: 'b' },
    { attributes: '', other: other(el('A', 'xs:string')) },
  ),
  form(
    'types of another namespace',
    T(seq(el('I', 'y:I'))),
    { I: { A: 'a', J: { B: 'b' } } },
    { other: other(type('I', seq(el('A', 'xs:string') + el('J', 'y:J'))) + type('J', seq(el('B', 'xs:string')))) },
  ),
  form('the type itself in another namespace', '', { A: 'a' }, { other: other('') }),
  form(
    'one name in two namespaces',
    T(seq(`<xs:element ref="y:A"/>${el('A', 'xs:string')}`)),
    { A: '1', '{urn:x}A': '2' },
    { other: other(el('A', 'xs:string')), noZeep: 'it has one name for both' },
  ),
  form('a type that contains itself', T(seq(el('V', 'xs:int') + el('Child', 'x:T', many))), {
    V: '1',
    Child: [
      { V: '2', Child: [] },
      { V: '3', Child: [{ V: '4', Child: [] }] },
    ],
  }),
  form(
    'types that contain each other',
    T(seq(el('U', 'x:U', optional))) + type('U', seq(el('T', 'x:T', optional) + el('V', 'xs:string'))),
    { U: { T: { U: { V: '1' } }, V: '2' } },
  ),
  form(
    'any element',
    T(seq('<xs:element name="A" type="xs:string"/><xs:any namespace="##any" processContents="lax" minOccurs="0"/>')) +
      el('Known', 'x:K') +
      type('K', seq(el('B', 'xs:int', many))),
    { A: 'a', Known: { B: ['1'] } },
    { noZeep: 'it keeps the element as it stands' },
  ),
  form('any type', T(seq(el('A', 'xs:anyType'))), { A: 'text' }, { noZeep: 'it says the type of the text' }),
  form(
    'any attribute',
    T(`${seq(el('A', 'xs:string'))}<xs:anyAttribute processContents="lax"/>`),
    { '@z': '1', A: 'a' },
    { noZeep: 'it keeps them apart' },
  ),
  form(
    'an empty type',
    T(seq(el('A', 'x:E') + el('B', 'xs:string'))) + type('E', ''),
    { A: {}, B: 'b' },
    { noZeep: 'it reads an empty element as nothing, which it cannot write' },
  ),
  form('a message without fields', T(''), {}, { noZeep: 'it reads an empty element as nothing, which it cannot write' }),
  form('names with dots and hyphens', T(seq(el('a.b', 'xs:string') + el('c-d', 'xs:string') + el('_e', 'xs:string'))), {
    'a.b': '1',
    'c-d': '2',
    _e: '3',
  }),
  form('names of other scripts', T(seq(el('größe', 'xs:int') + el('имя', 'xs:string') + el('名前', 'xs:string'))), {
    größe: '1',
    имя: '2',
    名前: '3',
  }),
  form('names that differ in case', T(seq(el('id', 'xs:string') + el('ID', 'xs:string') + el('Id', 'xs:string'))), {
    id: '1',
    ID: '2',
    Id: '3',
  }),
  form('names with underscores', T(seq(el('user_id', 'xs:string') + el('USER_NAME', 'xs:string'))), { user_id: '1', USER_NAME: '2' }),
  form('text among elements', T(seq(el('A', 'xs:string')), 'mixed="true"'), { '#text': 'x', A: 'a' }, { noZeep: 'it drops the text' }),
  form('a default', T(seq(el('A', 'xs:string', 'default="d" minOccurs="0"') + el('B', 'xs:string'))), { A: 'a', B: 'b' }),
  form(
    'twelve levels',
    T(seq(el('L', 'x:L1'))) +
      Array.from({ length: 12 }, (_, n) => type(`L${n + 1}`, seq(n === 11 ? el('V', 'xs:string') : el('L', `x:L${n + 2}`)))).join(''),
    { L: Array.from({ length: 11 }).reduce<unknown>((inner) => ({ L: inner }), { V: 'v' }) },
  ),
  form(
    'a hundred fields',
    T(seq(Array.from({ length: 100 }, (_, n) => el(`F${n}`, 'xs:int', optional)).join(''))),
    Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`F${2 * n}`, String(n)])),
  ),
].map((each) =>
  each.name === 'the type itself in another namespace'
    ? {
        ...each,
        types:
          schema('<xs:import namespace="urn:y"/><xs:element name="Go" type="y:T"/><xs:element name="GoR" type="y:T"/>') +
          schema(T(seq(el('A', 'xs:string'))), undefined, 'urn:y'),
      }
    : each,
);

export const FORMS: readonly Form[] = [...PLAIN, ...REAL_FORMS];
