import { own } from '../../core/own.ts';
import { LEXICAL, LISTS, type Lexical } from '../../xml/lexical.ts';
import { SOAP_ENCODINGS, XS, type XsdComplex, type XsdSimple, type XsdType } from './model.ts';
import { listLexical } from './simple.ts';

/** Types of namespaces that WSDLs refer to without a schema. */
const OTHERS: Readonly<Record<string, string>> = {
  // https://learn.microsoft.com/dotnet/framework/wcf/feature-details/data-contract-schema-reference
  '{http://schemas.microsoft.com/2003/10/Serialization/}guid': 'string',
  '{http://schemas.microsoft.com/2003/10/Serialization/}char': 'int',
  '{http://schemas.microsoft.com/2003/10/Serialization/}duration': 'duration',
  '{http://microsoft.com/wsdl/types/}guid': 'string',
  '{http://microsoft.com/wsdl/types/}char': 'unsignedShort',
};

/** `xs:anyType`: whatever there is. */
export const anyType: XsdComplex = {
  kind: 'complex',
  name: `{${XS}}anyType`,
  abstract: false,
  simple: undefined,
  mixed: true,
  content: undefined,
  attributes: [],
  anyAttribute: true,
  array: undefined,
  isAny: true,
};

const made = new Map<string, XsdType>([[`{${XS}}anyType`, anyType]]);

/** A built-in type of XML Schema, of the SOAP encoding, or of a namespace whose schema everybody knows. */
export function builtinType(name: string): XsdType | undefined {
  const known = made.get(name);
  if (known) return known;
  const type = make(name);
  if (type) made.set(name, type);
  return type;
}

function make(name: string): XsdType | undefined {
  const other = own(OTHERS, name);
  if (other !== undefined) return simple(name, other);
  const [, uri = '', local = ''] = /^\{(.*)\}(.*)$/.exec(name) ?? [];
  // Drafts of XML Schema are in use in old WSDLs of the SOAP encoding.
  if (uri !== XS && !SOAP_ENCODINGS.includes(uri) && !/^http:\/\/www\.w3\.org\/(1999|2000\/10)\/XMLSchema$/.test(uri)) return undefined;
  if (uri !== XS && local === 'Array') return { ...anyType, name, isAny: false, array: { item: `{${XS}}anyType`, element: 'item' } };
  if (uri !== XS && local === 'base64') return simple(name, 'base64Binary');
  if (local === 'anyType' || local === 'ur-type' || local === 'Struct') return anyType;
  const item = own(LISTS, local);
  if (item !== undefined) return { kind: 'simple', name, variety: 'list', lexical: listLexical(lexicalOf(item)), builtin: local };
  return own(LEXICAL, local) && simple(name, local);
}

function simple(name: string, builtin: string): XsdSimple {
  return { kind: 'simple', name, variety: 'atomic', lexical: lexicalOf(builtin), builtin };
}

function lexicalOf(builtin: string): Lexical {
  return own(LEXICAL, builtin) ?? { read: (text) => text, write: String };
}
