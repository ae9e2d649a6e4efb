import { nameOf, resolveName, type XmlElement } from '../../xml/tree.ts';
import { anyType } from './builtin.ts';
import { SOAP_ENCODINGS, WSDL, XS, type XsdComplex, type XsdElement, type XsdGroup, type XsdParticle, type XsdType } from './model.ts';

/** One `xs:schema`, and what its elements inherit from it. */
export interface SchemaDocument {
  readonly root: XmlElement;
  /** Its own, or that of the schema that includes it. */
  readonly namespace: string;
}

export function push(into: Map<string, string[]>, key: string, value: string): void {
  const list = into.get(key);
  if (list) list.push(value);
  else into.set(key, [value]);
}

export function isTrue(value: string | undefined): boolean {
  const word = value?.trim();
  return word === 'true' || word === '1';
}

/** A name at its place. In a schema without a namespace that another includes, names without a prefix are of the other's namespace. */
export function resolveIn(text: string, node: XmlElement, { root, namespace }: SchemaDocument): string {
  const name = resolveName(text, node.scope);
  return !name.startsWith('{') && !text.includes(':') && root.attributes.get('targetNamespace') === undefined
    ? nameOf(namespace, name)
    : name;
}

export function baseOf(node: XmlElement): { readonly name: string; readonly node: XmlElement } | undefined {
  const content = node.children.find(({ local }) => local === 'complexContent' || local === 'simpleContent');
  const derivation = content?.children.find(({ local }) => local === 'extension' || local === 'restriction');
  const name = derivation?.attributes.get('base');
  return derivation && name !== undefined ? { name, node: derivation } : undefined;
}

export function occursOf({ attributes }: XmlElement): [number, number] {
  const min = Number(attributes.get('minOccurs') ?? 1);
  const max = attributes.get('maxOccurs')?.trim() ?? '1';
  return [Number.isInteger(min) ? min : 1, max === 'unbounded' ? Infinity : Number.isInteger(Number(max)) ? Number(max) : 1];
}

/** The namespace of a wildcard's elements; `undefined` if it allows several. */
export function wildcardNamespace({ attributes }: XmlElement, own: string): string | undefined {
  const [only = '##any', second] = (attributes.get('namespace')?.trim() ?? '').split(/\s+/);
  if (second !== undefined || only === '') return undefined;
  return only === '##targetNamespace' ? own : only.startsWith('##') ? undefined : only;
}

export function grouped(particles: readonly XsdParticle[]): XsdGroup | undefined {
  const [only] = particles;
  if (!only) return undefined;
  if (particles.length === 1 && only.kind !== 'element' && only.kind !== 'any') return only;
  return { kind: 'sequence', min: 1, max: 1, particles };
}

export function anyElement(name: string): XsdElement {
  const [, uri = '', local = name] = /^\{(.*)\}(.*)$/.exec(name) ?? [];
  return { local, uri, nillable: true, abstract: false, fixed: undefined, type: anyType, substitutes: [] };
}

export function isArrayBase(base: string, type: XsdType | undefined): boolean {
  return SOAP_ENCODINGS.some((uri) => base === `{${uri}}Array`) || (type?.kind === 'complex' && type.array !== undefined);
}

export const ANY_ARRAY = { item: `{${XS}}anyType`, element: 'item' };

/** `wsdl:arrayType="x:Item[]"` on the attribute of an array's restriction. Source: https://www.w3.org/TR/wsdl.html#_types */
export function arrayOf(derivation: XmlElement, document: SchemaDocument): XsdComplex['array'] {
  for (const child of derivation.children) {
    const text = child.attributes.get(`${WSDL} arrayType`);
    if (text === undefined) continue;
    // Of an array of arrays the items are arrays again.
    const [, name = '', more = ''] = /^\s*([^[\]\s]+)((?:\[[^[\]]*\])*)\[[^[\]]*\]\s*$/.exec(text) ?? [];
    return {
      item: more === '' ? resolveIn(name, child, document) : `${resolveIn(name, child, document)}${more.replace(/[^[\]]/g, '')}`,
      element: 'item',
    };
  }
  return undefined;
}

/** The items of an array whose restriction has a sequence of them. */
export function itemOf(particles: readonly XsdParticle[]): XsdComplex['array'] {
  for (const particle of particles) {
    if (particle.kind === 'any') continue;
    if (particle.kind !== 'element') {
      const found = itemOf(particle.particles);
      if (found) return found;
    } else if (particle.element.type.name !== undefined) return { item: particle.element.type.name, element: particle.element.local };
  }
  return undefined;
}
