import { isName } from './name.ts';
import { escapeAttribute } from './text.ts';
import { XSI } from './tree.ts';

/** An attribute's name. */
export interface AttributeName {
  readonly uri: string;
  readonly local: string;
}

const XML = 'http://www.w3.org/XML/1998/namespace';
const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** The property of an attribute with its namespace: `@name`, `@xml:lang`, `@{urn:x}name`. */
export function attributeProperty({ uri, local }: AttributeName): string {
  return uri === '' ? `@${local}` : uri === XML ? `@xml:${local}` : `@{${uri}}${local}`;
}

/** The local name in such a property, and whether it is of a namespace. */
export function attributeLocal(property: string): { readonly local: string; readonly isQualified: boolean } {
  const [, namespace, local = ''] = /^@(xml:|\{[^{}]*\})?(.*)$/s.exec(property) ?? [];
  return { local, isQualified: namespace !== undefined };
}

/** The attribute of such a property, unless XML, XML Schema or SOAP itself reads it. */
export function attributeOf(key: string): AttributeName | undefined {
  const found = /^@(?:(xml:)|\{([^{}]+)\})?([^{}:]+)$/.exec(key);
  if (!found) return undefined;
  const [, xml, uri = xml === undefined ? '' : XML, local = ''] = found;
  return isName(local) && uri !== XSI && uri !== XMLNS && !isProtocol(uri) ? { uri, local } : undefined;
}

/** An attribute as it is written; `place` is another number for each of one element, whose prefixes it makes. */
export function writeAttribute({ uri, local }: AttributeName, text: string, place: number): string {
  const value = `${local}="${escapeAttribute(text)}"`;
  if (uri === '') return ` ${value}`;
  return uri === XML ? ` xml:${value}` : ` xmlns:attr${place}="${escapeAttribute(uri)}" attr${place}:${value}`;
}

/** Attributes of the envelope's namespaces are the protocol's. */
export function isProtocol(uri: string): boolean {
  return /^http:\/\/(schemas\.xmlsoap\.org\/soap|www\.w3\.org\/2003\/05\/soap)-?/.test(uri);
}
