import type { Lexical } from '../../xml/lexical.ts';
import type { XmlElement } from '../../xml/tree.ts';

/** An XML Schema as a tree of components. Source: https://www.w3.org/TR/xmlschema-1/#Abstract_Data_Model */
export type XsdType = XsdSimple | XsdComplex;

export interface XsdSimple {
  readonly kind: 'simple';
  /** `{urn:x}Code`; none for a type without a name. */
  readonly name: string | undefined;
  /** Text, or several texts with white space between. */
  /** A union of which some members are lists is a list if its text has several words. */
  readonly variety: 'atomic' | 'list' | 'union';
  readonly lexical: Lexical;
  /** The nearest built-in type: `dateTime`. */
  readonly builtin: string;
  /** The limits of its restrictions for values; reading and writing do not depend on them. */
  readonly facets?: XsdFacets | undefined;
  /** Its definition, if it has one. */
  readonly source?: XmlElement | undefined;
}

/** Limits of a simple type, those of its base included. Source: https://www.w3.org/TR/xmlschema-2/#rf-facets */
export interface XsdFacets {
  readonly enumeration?: readonly string[] | undefined;
  /** `minInclusive`, `maxLength`, `pattern` and such, as they stand in the schema. */
  readonly [facet: string]: string | readonly string[] | undefined;
}

export interface XsdComplex {
  readonly kind: 'complex';
  readonly name: string | undefined;
  /** Its definition, if it has one. */
  readonly source?: XmlElement | undefined;
  readonly abstract: boolean;
  /** Text with attributes. */
  readonly simple: XsdSimple | undefined;
  readonly mixed: boolean;
  readonly content: XsdParticle | undefined;
  readonly attributes: readonly XsdAttribute[];
  readonly anyAttribute: boolean;
  /** An array of the SOAP encoding: the qualified name of its items' type, and the name of their element. */
  readonly array: { readonly item: string; readonly element: string } | undefined;
  /** Any content at all: `xs:anyType`. */
  readonly isAny: boolean;
}

export type XsdParticle = XsdGroup | XsdElementUse | XsdWildcard;

interface Occurs {
  readonly min: number;
  readonly max: number;
}

export interface XsdGroup extends Occurs {
  readonly kind: 'sequence' | 'choice' | 'all';
  readonly particles: readonly XsdParticle[];
}

export interface XsdElementUse extends Occurs {
  readonly kind: 'element';
  readonly element: XsdElement;
}

export interface XsdWildcard extends Occurs {
  readonly kind: 'any';
  /** The one namespace of its elements, if it has one: https://www.w3.org/TR/xmlschema-1/#Wildcards */
  readonly namespace: string | undefined;
}

export interface XsdElement {
  /** Its declaration, if it has one. */
  readonly source?: XmlElement | undefined;
  readonly local: string;
  /** The property's name, if it is not the local one. */
  readonly name?: string;
  /** Its namespace on the wire: none for an unqualified one. */
  readonly uri: string;
  readonly nillable: boolean;
  readonly abstract: boolean;
  readonly fixed: string | undefined;
  /** The value of an empty one in an answer: its `default`, or `fixed`. */
  readonly preset?: string | undefined;
  /** Found when it is asked for: types refer to each other in circles. */
  readonly type: XsdType;
  /** Elements that may stand in its place, but itself. */
  readonly substitutes: readonly XsdElement[];
}

export interface XsdAttribute {
  readonly local: string;
  readonly uri: string;
  /** Whether it is of another namespace than the schema that refers to it: `xml:lang`. */
  readonly foreign: boolean;
  readonly type: XsdSimple;
  readonly required: boolean;
  readonly fixed: string | undefined;
  /** The value in an answer that does not have it: its `default`, or `fixed`. */
  readonly preset: string | undefined;
}

export { XS } from '../../xml/tree.ts';
/** The SOAP encodings of both versions: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/#_Toc478383512 and https://www.w3.org/TR/soap12-part2/#soapenc */
export const SOAP_ENCODINGS: readonly string[] = ['http://schemas.xmlsoap.org/soap/encoding/', 'http://www.w3.org/2003/05/soap-encoding'];
export const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
