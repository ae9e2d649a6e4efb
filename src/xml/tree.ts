/** Namespaces by prefix, as they are in force at an element; the default one has the prefix `''`. */
export class Scope {
  readonly #own: Readonly<Record<string, string>>;
  readonly #outer: Scope | undefined;

  constructor(own: Readonly<Record<string, string>>, outer?: Scope) {
    this.#own = own;
    this.#outer = outer;
  }

  /** The namespace of a prefix; `undefined` for one that is not declared. */
  get(prefix: string): string | undefined {
    return Object.hasOwn(this.#own, prefix) ? this.#own[prefix] : this.#outer?.get(prefix);
  }
}

/** An element as it was read. */
export interface XmlElement {
  readonly uri: string;
  readonly local: string;
  /** By local name; those in a namespace have it and a space before: `http://… mustUnderstand`. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** All text directly in it. */
  readonly text: string;
  /** Resolves the prefixes of names in its text and attributes. */
  readonly scope: Scope;
}

/** An element while it is being read. */
export class OpenElement implements XmlElement {
  readonly children: OpenElement[] = [];
  text = '';

  readonly uri: string;
  readonly local: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly scope: Scope;

  constructor(uri: string, local: string, attributes: ReadonlyMap<string, string>, scope: Scope) {
    this.uri = uri;
    this.local = local;
    this.attributes = attributes;
    this.scope = scope;
  }
}

/** The namespace of XML Schema. */
export const XS = 'http://www.w3.org/2001/XMLSchema';
/** Its attributes in documents: `nil`, `type`. Source: https://www.w3.org/TR/xmlschema-1/#no-xsi */
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

/** The first child of that name, in whatever namespace. */
export function childOf(element: XmlElement | undefined, local: string): XmlElement | undefined {
  return element?.children.find((child) => child.local === local);
}

/** The text of the child of that name. */
export function textOf(element: XmlElement | undefined, local: string): string | undefined {
  return childOf(element, local)?.text;
}

/** Whether an element says that it is null. */
export function isNil({ attributes }: XmlElement): boolean {
  if (attributes.size === 0) return false;
  const nil = attributes.get(`${XSI} nil`)?.trim();
  return nil === 'true' || nil === '1';
}

/** A qualified name as one text: `{urn:x}Go`; without a namespace `Go`. */
export function nameOf(uri: string, local: string): string {
  return uri === '' ? local : `{${uri}}${local}`;
}

/** A name with a prefix, resolved at its place: `x:Go` is `{urn:x}Go`. An unknown prefix counts as no namespace. */
export function resolveName(text: string, scope: Scope): string {
  const name = text.trim();
  const colon = name.indexOf(':');
  const uri = scope.get(colon === -1 ? '' : name.slice(0, colon));
  return nameOf(uri ?? '', name.slice(colon + 1));
}
