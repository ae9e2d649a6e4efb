import { schema } from './foreign-soap.ts';

/** The shape of a real service's types, written anew: `Go` and `GoR` have the type `T`. */
export interface Form {
  readonly name: string;
  /** Schemas; the first one is that of the elements. */
  readonly types: string;
  /** A value of `T` in XML names, as it is read. */
  readonly value: unknown;
  /** Why zeep does not render such an answer, if it does not. */
  readonly noZeep?: string;
}

export const GO = '<xs:element name="Go" type="x:T"/><xs:element name="GoR" type="x:T"/>';
export const el = (name: string, type: string, more = ''): string => `<xs:element name="${name}" type="${type}" ${more}/>`;
export const seq = (content: string, more = ''): string => `<xs:sequence ${more}>${content}</xs:sequence>`;
export const type = (name: string, content: string, more = ''): string =>
  `<xs:complexType name="${name}" ${more}>${content}</xs:complexType>`;
export const T = (content: string, more = ''): string => type('T', content, more);
export const many = 'minOccurs="0" maxOccurs="unbounded"';
export const optional = 'minOccurs="0"';
export const extension = (base: string, content: string, kind = 'complexContent'): string =>
  `<xs:${kind}><xs:extension base="${base}">${content}</xs:extension></xs:${kind}>`;

/** `content` is what the schema declares beside `Go` and `GoR`. */
export const form = (
  name: string,
  content: string,
  value: unknown,
  more: { attributes?: string; other?: string; noZeep?: string } = {},
): Form => ({
  name,
  types: schema(`${more.other === undefined ? '' : '<xs:import namespace="urn:y"/>'}${GO}${content}`, more.attributes) + (more.other ?? ''),
  value,
  ...(more.noZeep !== undefined && { noZeep: more.noZeep }),
});
export const other = (content: string, attributes?: string): string =>
  schema(`<xs:import namespace="urn:x"/>${content}`, attributes, 'urn:y');
export const attribute = (name: string, of: string, more = ''): string => `<xs:attribute name="${name}" type="${of}" ${more}/>`;
