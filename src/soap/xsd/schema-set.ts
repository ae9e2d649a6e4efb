import { own } from '../../core/own.ts';
import { nameOf, type XmlElement } from '../../xml/tree.ts';
import { anyType, builtinType } from './builtin.ts';
import {
  anyElement,
  ANY_ARRAY,
  arrayOf,
  baseOf,
  grouped,
  isArrayBase,
  isTrue,
  itemOf,
  occursOf,
  push,
  resolveIn,
  type SchemaDocument,
  wildcardNamespace,
} from './reading.ts';
import { XS, type XsdAttribute, type XsdComplex, type XsdElement, type XsdParticle, type XsdSimple, type XsdType } from './model.ts';
import { simpleFrom } from './simple.ts';

interface Found {
  readonly node: XmlElement;
  readonly document: SchemaDocument;
}

type Kind = 'element' | 'type' | 'group' | 'attributeGroup' | 'attribute';

const KINDS: Readonly<Record<string, Kind>> = {
  element: 'element',
  complexType: 'type',
  simpleType: 'type',
  group: 'group',
  attributeGroup: 'attributeGroup',
  attribute: 'attribute',
};

/** Levels of groups and derivations: a schema that refers to itself ends here. */
const MAX_NESTING = 100;

/** The components of all schemas of a WSDL. Each is made when it is asked for, so that a large WSDL costs what is used of it. */
export class SchemaSet {
  readonly #found: Readonly<Record<Kind, Map<string, Found>>> = {
    element: new Map(),
    type: new Map(),
    group: new Map(),
    attributeGroup: new Map(),
    attribute: new Map(),
  };
  /** Names of types by the name of their base, and of elements by their substitution group's head. */
  readonly #derived = new Map<string, string[]>();
  readonly #substitutes = new Map<string, string[]>();
  readonly #elementsByLocal = new Map<string, string[]>();
  readonly #typesByLocal = new Map<string, string[]>();
  readonly #elements = new Map<string, XsdElement>();
  readonly #types = new Map<string, XsdType>();
  readonly #anonymous = new Map<XmlElement, XsdType>();

  add(document: SchemaDocument): void {
    for (const node of document.root.children) {
      const declared = node.uri === XS ? (node.local === 'redefine' || node.local === 'override' ? node.children : [node]) : [];
      for (const each of declared) this.#declare(each, document);
    }
  }

  #declare(node: XmlElement, document: SchemaDocument): void {
    const kind = own(KINDS, node.local);
    const local = node.attributes.get('name')?.trim();
    if (kind === undefined || local === undefined) return;
    const name = nameOf(document.namespace, local);
    if (this.#found[kind].has(name)) return;
    this.#found[kind].set(name, { node, document });
    if (kind === 'element') {
      push(this.#elementsByLocal, local, name);
      for (const head of (node.attributes.get('substitutionGroup') ?? '').trim().split(/\s+/))
        if (head !== '') push(this.#substitutes, resolveIn(head, node, document), name);
    } else if (kind === 'type') {
      push(this.#typesByLocal, local, name);
      const base = baseOf(node);
      if (base) push(this.#derived, resolveIn(base.name, base.node, document), name);
    }
  }

  /** Qualified names of all types, or of all global elements. */
  names(kind: 'type' | 'element'): readonly string[] {
    return [...this.#found[kind].keys()];
  }

  /** A global element, by its qualified name. */
  element(name: string): XsdElement | undefined {
    const known = this.#elements.get(name);
    if (known) return known;
    const found = this.#found.element.get(name);
    if (!found) return undefined;
    const element = this.#elementOf(found.node, found.document, found.document.namespace, name);
    this.#elements.set(name, element);
    return element;
  }

  /** The only global element of a local name. */
  elementByLocal(local: string): XsdElement | undefined {
    const names = this.#elementsByLocal.get(local);
    return names?.length === 1 ? this.element(names[0] ?? '') : undefined;
  }

  /** The only type of a local name that a schema declares. */
  typeByLocal(local: string): XsdType | undefined {
    const names = this.#typesByLocal.get(local);
    return names?.length === 1 ? this.type(names[0] ?? '') : undefined;
  }

  /** A type by its qualified name, built-in ones too. */
  type(name: string): XsdType | undefined {
    const known = this.#types.get(name) ?? builtinType(name);
    if (known) return known;
    const found = this.#found.type.get(name);
    if (!found) return undefined;
    return found.node.local === 'simpleType'
      ? this.#simple(found.node, found.document, name)
      : this.#complex(found.node, found.document, name);
  }

  /** Complex types that are derived from one, the nearest first. */
  derivedFrom(name: string): readonly XsdComplex[] {
    const found = new Set<string>();
    const queue = [...(this.#derived.get(name) ?? [])];
    for (let next = queue.shift(); next !== undefined && found.size < 10_000; next = queue.shift()) {
      if (found.has(next)) continue;
      found.add(next);
      queue.push(...(this.#derived.get(next) ?? []));
    }
    return [...found].map((each) => this.type(each)).filter((type): type is XsdComplex => type?.kind === 'complex');
  }

  /** A simple type for a name; text for one that is unknown or not simple. */
  simpleNamed(name: string): XsdSimple {
    const type = this.type(name);
    if (type?.kind === 'simple') return type;
    return type?.simple ?? TEXT;
  }

  #elementOf(node: XmlElement, document: SchemaDocument, uri: string, global?: string): XsdElement {
    const { attributes } = node;
    const typeOf = (): XsdType => this.#typeAt(node, document) ?? this.#typeOfHead(node, document) ?? anyType;
    const substitutesOf = (): XsdElement[] => (global === undefined ? [] : this.#substitutesOf(global));
    let type: XsdType | undefined;
    let substitutes: XsdElement[] | undefined;
    return {
      source: node,
      local: attributes.get('name')?.trim() ?? '',
      uri,
      nillable: isTrue(attributes.get('nillable')),
      abstract: isTrue(attributes.get('abstract')),
      fixed: attributes.get('fixed'),
      preset: presetOf(node),
      get type() {
        return (type ??= typeOf());
      },
      get substitutes() {
        return (substitutes ??= substitutesOf());
      },
    };
  }

  #substitutesOf(head: string): XsdElement[] {
    const names = new Set<string>();
    const queue = [...(this.#substitutes.get(head) ?? [])];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (names.has(next)) continue;
      names.add(next);
      queue.push(...(this.#substitutes.get(next) ?? []));
    }
    return [...names].map((name) => this.element(name)).filter((element) => element !== undefined);
  }

  /** An element without a type has that of the head of its substitution group. */
  #typeOfHead(node: XmlElement, document: SchemaDocument): XsdType | undefined {
    const head = node.attributes.get('substitutionGroup')?.trim();
    return head === undefined || head === '' ? undefined : this.element(resolveIn(head, node, document))?.type;
  }

  /** The type that an element or attribute names or contains. */
  #typeAt(node: XmlElement, document: SchemaDocument): XsdType | undefined {
    const named = node.attributes.get('type');
    if (named !== undefined) return this.type(resolveIn(named, node, document)) ?? anyType;
    for (const child of node.children) {
      if (child.uri !== XS || (child.local !== 'complexType' && child.local !== 'simpleType')) continue;
      const known = this.#anonymous.get(child);
      if (known) return known;
      const type = child.local === 'simpleType' ? this.#simple(child, document, undefined) : this.#complex(child, document, undefined);
      this.#anonymous.set(child, type);
      return type;
    }
    return undefined;
  }

  #simple(node: XmlElement, document: SchemaDocument, name: string | undefined): XsdSimple {
    // One that refers to itself is text.
    if (name !== undefined) this.#types.set(name, TEXT);
    const type = simpleFrom(node, name, {
      named: (text, at) => this.simpleNamed(resolveIn(text, at, document)),
      inline: (at) => this.#simple(at, document, undefined),
    });
    if (name !== undefined) this.#types.set(name, type);
    return type;
  }

  #complex(node: XmlElement, document: SchemaDocument, name: string | undefined): XsdComplex {
    const type: { -readonly [K in keyof XsdComplex]: XsdComplex[K] } = {
      kind: 'complex',
      name,
      source: node,
      abstract: isTrue(node.attributes.get('abstract')),
      simple: undefined,
      mixed: isTrue(node.attributes.get('mixed')),
      content: undefined,
      attributes: [],
      anyAttribute: false,
      array: undefined,
      isAny: false,
    };
    // Before its content: a type may contain itself.
    if (name !== undefined) this.#types.set(name, type);
    const content = node.children.find(({ uri, local }) => uri === XS && (local === 'complexContent' || local === 'simpleContent'));
    const derivation = content?.children.find(({ local }) => local === 'extension' || local === 'restriction');
    const attributes = new Map<string, XsdAttribute | undefined>();
    const at = derivation ?? node;
    const base = derivation && resolveIn(derivation.attributes.get('base') ?? '', derivation, document);
    const baseType = base === undefined ? undefined : this.type(base);
    if (content?.local === 'simpleContent') {
      const inline = derivation?.children.find(({ local }) => local === 'simpleType');
      type.simple = inline
        ? this.#simple(inline, document, undefined)
        : baseType?.kind === 'simple'
          ? baseType
          : (baseType?.simple ?? TEXT);
      if (derivation?.local === 'restriction' && !inline)
        type.simple = simpleFrom(derivation, undefined, {
          named: () => type.simple ?? TEXT,
          inline: (each) => this.#simple(each, document, undefined),
        });
    }
    if (baseType?.kind === 'complex') {
      for (const each of baseType.attributes) attributes.set(nameOf(each.uri, each.local), each);
      type.anyAttribute = baseType.anyAttribute && derivation?.local === 'extension';
      type.mixed ||= isTrue(content?.attributes.get('mixed')) || (derivation?.local === 'extension' && baseType.mixed && !baseType.isAny);
    }
    this.#attributes(at, document, attributes, type, 0);
    type.attributes = [...attributes.values()].filter((each) => each !== undefined);
    if (content?.local === 'simpleContent') return type;
    const own = at.children.map((child) => this.#particle(child, document, 0)).filter((particle) => particle !== undefined);
    if (derivation && base !== undefined && isArrayBase(base, baseType)) {
      type.array = arrayOf(derivation, document) ?? (baseType?.kind === 'complex' ? baseType.array : undefined) ?? itemOf(own) ?? ANY_ARRAY;
      return type;
    }
    const inherited =
      derivation?.local === 'extension' && baseType?.kind === 'complex' ? [baseType.content].filter((each) => each !== undefined) : [];
    type.content = grouped([...inherited, ...own]);
    return type;
  }

  #particle(node: XmlElement, document: SchemaDocument, level: number): XsdParticle | undefined {
    if (node.uri !== XS || level > MAX_NESTING) return undefined;
    const { attributes, local } = node;
    const [min, max] = occursOf(node);
    if (max === 0) return undefined;
    switch (local) {
      case 'sequence':
      case 'choice':
      case 'all': {
        const particles = node.children.map((child) => this.#particle(child, document, level + 1)).filter((each) => each !== undefined);
        return { kind: local, min, max, particles };
      }
      case 'group': {
        const found = this.#found.group.get(resolveIn(attributes.get('ref') ?? '', node, document));
        const inside = found?.node.children
          .map((child) => this.#particle(child, found.document, level + 1))
          .find((each) => each !== undefined);
        return inside && { kind: 'sequence', min, max, particles: [inside] };
      }
      case 'any':
        return { kind: 'any', min, max, namespace: wildcardNamespace(node, document.namespace) };
      case 'element': {
        const ref = attributes.get('ref');
        if (ref === undefined) {
          const form = attributes.get('form') ?? document.root.attributes.get('elementFormDefault');
          return { kind: 'element', min, max, element: this.#elementOf(node, document, form === 'qualified' ? document.namespace : '') };
        }
        const name = resolveIn(ref, node, document);
        return { kind: 'element', min, max, element: this.element(name) ?? anyElement(name) };
      }
      default:
        return undefined;
    }
  }

  #attributes(
    node: XmlElement,
    document: SchemaDocument,
    into: Map<string, XsdAttribute | undefined>,
    type: { anyAttribute: boolean },
    level: number,
  ): void {
    if (level > MAX_NESTING) return;
    for (const child of node.children) {
      if (child.uri !== XS) continue;
      if (child.local === 'anyAttribute') type.anyAttribute = true;
      else if (child.local === 'attributeGroup') {
        const found = this.#found.attributeGroup.get(resolveIn(child.attributes.get('ref') ?? '', child, document));
        if (found) this.#attributes(found.node, found.document, into, type, level + 1);
      } else if (child.local === 'attribute') {
        const attribute = this.#attribute(child, document);
        into.set(nameOf(attribute.uri, attribute.local), child.attributes.get('use') === 'prohibited' ? undefined : attribute);
      }
    }
  }

  #attribute(node: XmlElement, document: SchemaDocument): XsdAttribute {
    const { attributes } = node;
    const ref = attributes.get('ref');
    const required = attributes.get('use') === 'required';
    if (ref !== undefined) {
      const name = resolveIn(ref, node, document);
      const found = this.#found.attribute.get(name);
      const [, uri = '', local = name] = /^\{(.*)\}(.*)$/.exec(name) ?? [];
      const fixed = attributes.get('fixed') ?? found?.node.attributes.get('fixed');
      const foreign = uri !== '' && uri !== document.namespace;
      const preset = presetOf(node) ?? (found && presetOf(found.node));
      return { local, uri, foreign, required, fixed, preset, type: found ? this.#attributeType(found.node, found.document) : TEXT };
    }
    const form = attributes.get('form') ?? document.root.attributes.get('attributeFormDefault');
    const uri = form === 'qualified' ? document.namespace : '';
    return {
      local: attributes.get('name')?.trim() ?? '',
      uri,
      foreign: false,
      required,
      fixed: attributes.get('fixed'),
      preset: presetOf(node),
      type: this.#attributeType(node, document),
    };
  }

  #attributeType(node: XmlElement, document: SchemaDocument): XsdSimple {
    const type = this.#typeAt(node, document);
    return type?.kind === 'simple' ? type : TEXT;
  }
}

const TEXT = builtinType(`{${XS}}string`) as XsdSimple;

/** Source: https://www.w3.org/TR/xmlschema-1/#sec-cvc-elt and #sec-cvc-attribute */
function presetOf({ attributes }: XmlElement): string | undefined {
  return attributes.get('use') === 'prohibited' ? undefined : (attributes.get('default') ?? attributes.get('fixed'));
}
