import { attributeLocal } from '../../xml/attribute.ts';
import { foldName } from '../../xml/name.ts';
import {
  xmlTags,
  type AttributeMember,
  type GroupPart,
  type ItemsPlan,
  type LoosePlan,
  type Member,
  type ObjectPlan,
  type Part,
  type Plan,
  type Slot,
  type TextPlan,
  type TypeNames,
  type UntypedPlan,
} from '../../xml/plan.ts';
import { escapeAttribute } from '../../xml/text.ts';
import { nameOf, XSI } from '../../xml/tree.ts';
import { attributeNames } from './attribute-names.ts';
import { countElements, type Count } from './count.ts';
import {
  SOAP_ENCODINGS,
  XS,
  type XsdAttribute,
  type XsdComplex,
  type XsdElement,
  type XsdParticle,
  type XsdSimple,
  type XsdType,
  type XsdWildcard,
} from './model.ts';
import type { SchemaSet } from './schema-set.ts';

/** An element of an XML Schema in a contract: nothing, because its values are plain. */
const PLAIN = { node: { kind: 'any', meta: {} }, nullable: true, meta: {} } as const;

/** Makes plans from the types of an XML Schema, each when it is first used. Their values are plain: see `LoosePlan`. */
export class SchemaPlans {
  readonly #plans = new Map<XsdType, Plan>();
  readonly #slots = new Map<XsdElement, Slot>();
  readonly #prefixes = new Map<string, string>([
    [XS, 'xs'],
    [XSI, 'xsi'],
    ['http://www.w3.org/XML/1998/namespace', 'xml'],
    [SOAP_ENCODINGS[0] ?? '', 'soapenc'],
  ]);

  readonly schemas: SchemaSet;
  readonly #untyped: UntypedPlan;

  constructor(schemas: SchemaSet) {
    this.schemas = schemas;
    this.#untyped = {
      kind: 'untyped',
      byName: (name) => this.byName(name),
      byLocal: (name) => this.#byLocal(name),
      global: (key) => this.global(key),
    };
  }

  /** Declarations of the prefixes that a message uses, each with a space before it. */
  declarations(prefixes: ReadonlySet<string>): string {
    let xml = '';
    for (const [uri, prefix] of this.#prefixes)
      if (prefixes.has(prefix) && prefix !== 'xml') xml += ` xmlns:${prefix}="${escapeAttribute(uri)}"`;
    return xml;
  }

  /** An element with its tags. */
  slot(element: XsdElement): Slot {
    const known = this.#slots.get(element);
    if (known) return known;
    const { local, uri, nillable } = element;
    const prefix = uri === '' ? undefined : this.#prefix(uri);
    const tag = prefix === undefined ? local : `${prefix}:${local}`;
    const make = (): Plan => this.plan(element.type);
    let plan: Plan | undefined;
    const slot: Slot = {
      element: local,
      uri,
      ...xmlTags(tag),
      nillable,
      prefix,
      use: PLAIN,
      get plan() {
        return (plan ??= make());
      },
    };
    this.#slots.set(element, slot);
    return slot;
  }

  plan(type: XsdType): Plan {
    const known = this.#plans.get(type);
    if (known) return known;
    const plan = this.#make(type);
    this.#plans.set(type, plan);
    return plan;
  }

  /** The plan of a type by its qualified name. */
  byName(name: string): Plan | undefined {
    const type = this.schemas.type(name);
    return type && this.plan(type);
  }

  #byLocal(local: string): Plan | undefined {
    const type = this.schemas.typeByLocal(local);
    return type && this.plan(type);
  }

  /** A global element by its qualified name, or by its local name if no other has it. */
  global(key: string): Slot | undefined {
    const element = key.startsWith('{') ? this.schemas.element(key) : this.schemas.elementByLocal(key);
    return element && this.slot(element);
  }

  #prefix(uri: string): string {
    let prefix = this.#prefixes.get(uri);
    if (prefix === undefined) this.#prefixes.set(uri, (prefix = `n${this.#prefixes.size - 3}`));
    return prefix;
  }

  #make(type: XsdType): Plan {
    if (type.kind === 'simple') return this.#text(type);
    if (type.isAny) return this.#untyped;
    if (type.array) return this.#array(type.array.item, type.array.element);
    if (type.simple && type.attributes.length === 0 && !type.anyAttribute && this.#derived(type).length === 0)
      return this.#text(type.simple, type.name);
    return this.#object(type);
  }

  #text({ lexical, variety, builtin, name }: XsdSimple, typeName = name): TextPlan {
    const read = (text: string): unknown => {
      const said = lexical.read(text);
      return variety === 'list' || (variety === 'union' && said.includes(' ')) ? listOf(said) : said;
    };
    return { kind: 'text', xsd: `xs:${builtin}`, read, write: lexical.write, typed: this.#names(typeName, false, () => []) };
  }

  #array(item: string, element: string): ItemsPlan {
    const nested = /^(.*)\[[^[\]]*\]$/.exec(item)?.[1];
    const plan = (): Plan => (nested !== undefined ? this.#array(nested, 'item') : (this.byName(item) ?? this.#untyped));
    let end = item.length;
    while (item.endsWith('[]', end)) end -= 2;
    const names = this.#names(item.slice(0, end), false, () => []);
    const written = `${names.written ?? 'xs:anyType'}${'[]'.repeat((item.match(/\[/g) ?? []).length)}`;
    const slot = this.slot({
      local: element,
      uri: '',
      nillable: true,
      abstract: false,
      fixed: undefined,
      type: this.schemas.type(`{${XS}}anyType`) as XsdType,
      substitutes: [],
    });
    let made: Plan | undefined;
    const typed: Slot = {
      ...tagsOf(slot),
      get plan() {
        return (made ??= plan());
      },
    };
    return { kind: 'items', item: typed, array: { written, prefix: names.prefix } };
  }

  #object(type: XsdComplex): ObjectPlan {
    const counts = type.content ? countElements(type.content) : new Map<string, Count>();
    const members = new Map<string, Member>();
    const taken = new Set<string>();
    for (const [key, count] of counts) members.set(key, this.#member(count, taken));
    const byElement = new Map<string, Member | Member[]>();
    for (const member of members.values()) {
      const before = byElement.get(member.element);
      byElement.set(member.element, before === undefined ? member : [before, member].flat());
    }
    const names = attributeNames(type.attributes);
    const attributes = type.attributes.map((attribute, index) => this.#attribute(attribute, names[index] ?? ''));
    const text = type.simple && this.#text(type.simple);
    const wildcard = type.content && wildcardIn(type.content);
    const loose: LoosePlan = {
      content: type.content ? partsOf(type.content, members, new Set()) : [],
      attributes,
      text,
      open: wildcard !== undefined,
      openNamespace: wildcard?.namespace,
      openAttributes: type.anyAttribute,
      find: finder([...members.values()], attributes, text !== undefined || type.mixed),
      any: this.#untyped,
      typed: this.#names(type.name, type.abstract, () => this.#derived(type)),
    };
    return { kind: 'object', node: undefined, members: [...members.values()], byElement, loose };
  }

  #derived({ name }: XsdComplex): ObjectPlan[] {
    if (name === undefined) return [];
    return this.schemas
      .derivedFrom(name)
      .map((type) => this.plan(type))
      .filter((plan): plan is ObjectPlan => plan.kind === 'object');
  }

  #member({ element, min, max, alternative }: Count, taken: Set<string>): Member {
    const { local, uri, fixed, preset } = element;
    const name = element.name ?? (taken.has(local) ? nameOf(uri, local) : local);
    taken.add(name);
    const slot = this.slot(element);
    return {
      ...tagsOf(slot),
      get plan() {
        return slot.plan;
      },
      name,
      repeated: max > 1,
      optional: min === 0,
      alternative,
      fixed,
      preset,
      property: PLAIN,
    };
  }

  #attribute({ local, uri, type, required, fixed, preset }: XsdAttribute, name: string): AttributeMember {
    const prefix = uri === '' ? undefined : this.#prefix(uri);
    return {
      name,
      key: uri === '' ? local : `${uri} ${local}`,
      written: prefix === undefined ? local : `${prefix}:${local}`,
      prefix: prefix === 'xml' ? undefined : prefix,
      plan: this.#text(type),
      fixed: required ? fixed : undefined,
      preset,
    };
  }

  #names(name: string | undefined, abstract: boolean, derived: () => readonly ObjectPlan[]): TypeNames {
    const [, uri = '', local = name] = /^\{(.*)\}(.*)$/.exec(name ?? '') ?? [];
    const prefix = name === undefined || uri === '' ? undefined : this.#prefix(uri);
    let found: readonly ObjectPlan[] | undefined;
    return {
      name,
      written: local === undefined || local === '' ? undefined : prefix === undefined ? local : `${prefix}:${local}`,
      prefix,
      abstract,
      byName: (each) => this.byName(each),
      derived: () => (found ??= derived()),
    };
  }
}

function listOf(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

function tagsOf({ element, uri, start, open, close, empty, nil, nillable, prefix, use }: Slot): Omit<Slot, 'plan'> {
  return { element, uri, start, open, close, empty, nil, nillable, prefix, use };
}

function wildcardIn(particle: XsdParticle): XsdWildcard | undefined {
  if (particle.kind === 'any') return particle;
  if (particle.kind === 'element') return undefined;
  for (const each of particle.particles) {
    const found = wildcardIn(each);
    if (found) return found;
  }
  return undefined;
}

/** The content in the order of writing. An element that stands in a sequence twice is written at its first place. */
function partsOf(particle: XsdParticle, members: ReadonlyMap<string, Member>, seen: Set<Member>): Part[] {
  switch (particle.kind) {
    case 'any':
      return [{ part: 'rest' }];
    case 'element': {
      const all = [particle.element, ...particle.element.substitutes].filter(({ abstract }) => !abstract);
      const parts = all.flatMap((element): Part[] => {
        const member = members.get(nameOf(element.uri, element.local));
        if (!member || seen.has(member)) return [];
        seen.add(member);
        return [{ part: 'member', member }];
      });
      return parts.length > 1 && particle.max === 1 ? [group('one', parts)] : parts;
    }
    case 'choice': {
      const branches = particle.particles.map((each): Part => group('all', partsOf(each, members, new Set(seen))));
      for (const branch of branches) if (branch.part === 'all') branch.members.forEach((member) => seen.add(member));
      // Of a choice that repeats all may be there.
      return particle.max > 1 ? branches : [group('one', branches)];
    }
    default: {
      const parts = particle.particles.flatMap((each) => partsOf(each, members, seen));
      const all = group('again', parts);
      return particle.max > 1 && all.members.length > 1 ? [all] : parts;
    }
  }
}

function group(part: GroupPart['part'], parts: readonly Part[]): GroupPart {
  return {
    part,
    parts,
    members: parts.flatMap((each) => (each.part === 'member' ? [each.member] : each.part === 'rest' ? [] : each.members)),
  };
}

type Found = Member | AttributeMember | '#text';

/** Finds properties by their names: exactly, else without case and separators if only one is so; elements before attributes, and those before attributes with a namespace. */
function finder(members: readonly Member[], attributes: readonly AttributeMember[], hasText: boolean): (key: string) => Found | undefined {
  const exact = new Map<string, Found>();
  const folded = new Map<string, Found | undefined>();
  const fold = (name: string, found: Found, into: Map<string, Found | undefined>): void => {
    const key = foldName(name);
    if (key !== '') into.set(key, into.has(key) ? undefined : found);
  };
  for (const attribute of attributes) exact.set(attribute.name, attribute);
  for (const member of members) exact.set(member.name, member);
  if (hasText) exact.set('#text', '#text');
  const foldedAttributes = new Map<string, Found | undefined>();
  const qualified = new Map<string, Found | undefined>();
  for (const member of members) fold(member.name, member, folded);
  for (const attribute of attributes) {
    const { local, isQualified } = attributeLocal(attribute.name);
    fold(local, attribute, isQualified ? qualified : foldedAttributes);
  }
  for (const [key, found] of qualified) if (!foldedAttributes.has(key)) foldedAttributes.set(key, found);
  for (const [key, found] of foldedAttributes) if (!folded.has(key)) folded.set(key, found);
  if (hasText && members.length === 0) for (const name of ['text', 'value']) if (!folded.has(name)) folded.set(name, '#text');
  return (key) => {
    const found = exact.get(key);
    if (found !== undefined) return found;
    if (!key.startsWith('@')) return folded.get(foldName(key));
    return foldedAttributes.get(foldName(key));
  };
}
