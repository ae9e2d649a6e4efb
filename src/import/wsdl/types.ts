import { attributeLocal } from '../../xml/attribute.ts';
import { foldName } from '../../xml/name.ts';
import { nameOf, type XmlElement } from '../../xml/tree.ts';
import { attributeNames } from '../../soap/xsd/attribute-names.ts';
import { countElements, type Count } from '../../soap/xsd/count.ts';
import { XS, type XsdAttribute, type XsdComplex, type XsdElement, type XsdParticle, type XsdType } from '../../soap/xsd/model.ts';
import type { SchemaSet } from '../../soap/xsd/schema-set.ts';
import type { Findings } from '../draft/findings.ts';
import { memberName, ModuleNames, shortNames } from '../draft/names.ts';
import { describeValues } from '../draft/values.ts';
import { ANY, type Field, type NamedType, type ObjectType, type Type } from '../draft/type.ts';
import { simpleType } from './simple-types.ts';

/** A base with more types is not a union of them. */
const MAX_VARIANTS = 100;

/** Reads types of XML Schema as types of a contract, as the client of foreign services fits them. */
export class XsdTypeReader {
  readonly types = new Map<string, NamedType>();
  readonly #names: ReadonlyMap<string, string>;
  /** Names of types without one that a global element has. */
  readonly #ofElements = new Map<XsdType, string>();

  private readonly schemas: SchemaSet;
  private readonly findings: Findings;

  constructor(schemas: SchemaSet, findings: Findings) {
    this.schemas = schemas;
    this.findings = findings;
    const names = new ModuleNames();
    const types = schemas.names('type').map((name) => ({ name, full: fullName(name) }));
    const byFull = shortNames([...new Set(types.map(({ full }) => full))], names);
    this.#names = new Map(types.map(({ name, full }) => [name, byFull.get(full) ?? full]));
    for (const name of schemas.names('element')) {
      const element = schemas.element(name);
      const isOwn = element?.source?.attributes.get('type') === undefined && element?.type.name === undefined;
      if (element && isOwn && !this.#ofElements.has(element.type)) this.#ofElements.set(element.type, names.take(shortOf(name)));
    }
  }

  /** The members of an element's content, for an operation's input. */
  fields(type: XsdComplex): Field[] {
    const attributes = attributeNames(type.attributes);
    const members: Member[] = [
      ...elementNames(type).map(([wire, count]) => ({ wire, count })),
      ...type.attributes.map((attribute, index) => ({ wire: attributes[index] ?? '', attribute })),
    ];
    const folded = new Map<string, number>();
    for (const { wire } of members) folded.set(foldedName(wire), (folded.get(foldedName(wire)) ?? 0) + 1);
    const fields = members.map((member): Field => {
      const name = plainName(member.wire, folded.get(foldedName(member.wire)) === 1);
      return member.count ? this.#element(name, member.count) : attributeField(name, member.attribute);
    });
    const hasElements = type.content !== undefined && countElements(type.content).size > 0;
    const isMixed = type.mixed && type.content !== undefined;
    if (type.simple || isMixed) {
      const name = hasElements || fields.some(({ name: other }) => /^(?:text|value)$/i.test(other)) ? '#text' : 'value';
      fields.push({ name, type: type.simple ? simpleType(type.simple) : { kind: 'text' }, optional: !type.simple });
    }
    if (type.content && hasAny(type.content)) fields.push(this.#open(fields));
    this.#report(type);
    return fields;
  }

  /** The elements that the schema does not name. */
  #open(fields: readonly Field[]): Field {
    const taken = new Set(fields.map(({ name }) => foldName(name)));
    const name = ['any', 'anyElements', '#any'].find((each) => !taken.has(foldName(each))) ?? '#any';
    return {
      name,
      type: { kind: 'record', value: ANY, description: 'Elements that the schema does not name.', meta: { soap: { any: true } } },
      optional: true,
    };
  }

  #element(name: string, { element, min, max, alternative }: Count): Field {
    const type = this.#described(element);
    if (max > 1) return { name, type: { ...listOf(type, element.nillable), description: documentation(element.source) }, optional: alternative, ...(min === 0 && !alternative ? { default: [] } : {}) }; // prettier-ignore
    return { name, type, optional: min === 0 };
  }

  /** The type of an element, with what is said of it. */
  #described(element: XsdElement): Type {
    const said = documentation(element.source);
    const type = this.type(element.type);
    return {
      ...type,
      ...(element.nillable && { nullable: true }),
      ...(said !== undefined && { description: said }),
    };
  }

  type(type: XsdType): Type {
    if (type.kind === 'simple') return this.#simple(type);
    if (type.isAny) return ANY;
    if (type.array) return { kind: 'list', item: this.#named(type.array.item) };
    if (type.simple && type.attributes.length === 0) return simpleType(type.simple);
    const item = this.#wrappedItem(type);
    if (item) return item;
    if (isOpen(type)) {
      // A DataSet of ADO.NET has a schema of its own before its rows.
      if (type.content && countElements(type.content).size > 0) this.findings.add(this.#placeOf(type), 'a DataSet, whose tables come with the rows', "any value: write z.object({ table: z.array(…) }) with the tables' names"); // prettier-ignore
      return ANY;
    }
    const name = type.name === undefined ? this.#ofElements.get(type) : this.#names.get(type.name);
    if (name === undefined) return { kind: 'object', fields: this.fields(type) };
    return this.#declared(name, type);
  }

  #simple(type: XsdType & { readonly kind: 'simple' }): Type {
    const made = simpleType(type);
    const name = type.name === undefined ? undefined : this.#names.get(type.name);
    if (made.kind !== 'literal' || name === undefined) return made;
    if (!this.types.has(name)) this.types.set(name, { name, id: name, type: { ...made, description: describeValues(documentation(type.source), valuesSaid(type.source)) } });
    return { kind: 'ref', name };
  }

  #declared(name: string, type: XsdComplex): Type {
    if (!this.types.has(name)) {
      this.types.set(name, { name, id: name, type: ANY });
      const derived = type.name === undefined ? [] : this.schemas.derivedFrom(type.name).filter(({ abstract }) => !abstract);
      this.types.set(name, { name, id: name, type: this.#variants(type, derived) });
    }
    return { kind: 'ref', name };
  }

  /** A type from which others are derived is one of them, told by `@xsi:type`, or itself if it is not abstract. */
  #variants(type: XsdComplex, derived: readonly XsdComplex[]): Type {
    const said = documentation(type.source);
    const notes = said === undefined ? {} : { description: said };
    const own: ObjectType = { kind: 'object', fields: this.fields(type), ...notes };
    if (derived.length === 0) return own;
    if (!type.abstract && derived.length >= MAX_VARIANTS) {
      this.findings.add(type.name ?? '', `${derived.length} types that are derived from one`, "say '@xsi:type', and give what the type adds in 'any'"); // prettier-ignore
      const said: Field = { name: '@xsi:type', type: { kind: 'text' }, optional: true };
      return { ...own, fields: [said, ...own.fields, ...(type.content && hasAny(type.content) ? [] : [this.#open(own.fields)])] };
    }
    const [only] = derived;
    if (type.abstract && only && derived.length === 1) return { kind: 'object', fields: this.fields(only), ...notes };
    // An object that does not say its type is of the first.
    const itself: Field = { ...tagField(type), default: localOf(type.name ?? '') };
    const options = [
      ...(type.abstract ? [] : [{ ...own, fields: [itself, ...own.fields] }]),
      ...derived.map((each): Type => ({ kind: 'object', fields: [tagField(each), ...this.fields(each)] })),
    ];
    return { kind: 'union', tag: '@xsi:type', options, ...notes };
  }

  /** The items of a type that is nothing but a list of them: the element around them is the adapter's to write. */
  #wrappedItem(type: XsdComplex): Type | undefined {
    if (type.attributes.length > 0 || type.anyAttribute || type.mixed || type.simple || !type.content || hasAny(type.content)) return undefined;
    if (type.name !== undefined && this.schemas.derivedFrom(type.name).length > 0) return undefined;
    const [only, second] = countElements(type.content).values();
    if (!only || second || only.max <= 1) return undefined;
    const { element } = only;
    const inner = element.type;
    if (inner.kind === 'simple' ? inner.variety === 'list' : inner.isAny || inner.array || !this.#isListed(inner, element.local)) return undefined;
    const made = this.type(inner);
    if (made.kind === 'any' || made.kind === 'list') return undefined;
    return listOf(made, element.nillable);
  }

  /** Whether an item is told from the element around it: it has members, and none is called as the items are. */
  #isListed(item: XsdComplex, local: string): boolean {
    if (item.simple) return item.attributes.every((attribute) => foldName(attribute.local) !== foldName(local));
    const members = item.content ? [...countElements(item.content).values()] : [];
    const [only, second] = members;
    // The item may itself be such a list.
    if (only && !second && only.max > 1 && item.attributes.length === 0) return false;
    return members.length > 0 && members.every(({ element }) => foldName(element.local) !== foldName(local));
  }

  /** A type by its qualified name; `[]` after it makes it an array. */
  #named(name: string): Type {
    if (name.endsWith('[]')) return { kind: 'list', item: this.#named(name.slice(0, -2)) };
    const type = this.schemas.type(name);
    return type ? this.type(type) : ANY;
  }

  #placeOf(type: XsdComplex): string {
    return type.name ?? this.#ofElements.get(type) ?? 'a type without a name';
  }

  #report(type: XsdComplex): void {
    const place = this.#placeOf(type);
    if (type.mixed && type.content && countElements(type.content).size > 0) this.findings.add(place, 'text between elements', "one text, before them"); // prettier-ignore
    if (type.content && hasChoice(type.content)) this.findings.add(place, 'a choice between elements', 'each is optional');
  }
}

type Member =
  | { readonly wire: string; readonly count: Count; readonly attribute?: undefined }
  | { readonly wire: string; readonly count?: undefined; readonly attribute: XsdAttribute };

/** The elements of a type as the adapter names them: the second of a local name with its namespace. */
function elementNames({ content }: XsdComplex): [string, Count][] {
  const taken = new Set<string>();
  return [...(content ? countElements(content).values() : [])].map((count) => {
    const { local, uri } = count.element;
    const name = taken.has(local) ? nameOf(uri, local) : local;
    taken.add(local);
    return [name, count];
  });
}

function attributeField(name: string, { type, required }: XsdAttribute): Field {
  return { name, type: simpleType(type), optional: !required };
}

function tagField({ name = '' }: XsdComplex): Field {
  return { name: '@xsi:type', type: { kind: 'literal', values: [localOf(name)] }, optional: false };
}

/** The name without what says that it is an attribute's, and of which namespace. */
function bareName(wire: string): string {
  return wire.startsWith('@') ? attributeLocal(wire).local : localOf(wire);
}

function foldedName(wire: string): string {
  return foldName(bareName(wire));
}

/** `OrderNumber` is `orderNumber`, unless the adapter would not find it by that. */
function plainName(wire: string, isOnly: boolean): string {
  const bare = bareName(wire);
  const name = memberName(bare, 'member');
  return isOnly && foldName(name) === foldName(bare) ? name : wire;
}

function listOf(item: Type, nillable: boolean): Type {
  return { kind: 'list', item: nillable ? { ...item, nullable: true } : item };
}

/** Nothing but `xs:any`, as a DataSet is: whatever there is. */
function isOpen({ content, attributes }: XsdComplex): boolean {
  if (!content || attributes.length > 0 || !hasAny(content)) return false;
  return [...countElements(content).values()].every(({ element }) => element.uri === XS);
}

function hasAny(particle: XsdParticle): boolean {
  return particle.kind === 'any' || (particle.kind !== 'element' && particle.particles.some(hasAny));
}

function hasChoice(particle: XsdParticle): boolean {
  if (particle.kind === 'any' || particle.kind === 'element') return false;
  return (particle.kind === 'choice' && particle.particles.length > 1) || particle.particles.some(hasChoice);
}

/** The text of `xs:documentation`, on one line. */
function documentation(source: XmlElement | undefined): string | undefined {
  const annotation = source?.children.find(({ uri, local }) => uri === XS && local === 'annotation');
  const text = annotation?.children.find(({ uri, local }) => uri === XS && local === 'documentation')?.text;
  const line = text?.replace(/\s+/g, ' ').trim();
  return line === undefined || line === '' ? undefined : line.slice(0, 2000);
}

/** The documentation of the values of a simple type. */
function valuesSaid(source: XmlElement | undefined): (readonly [value: string, said: string | undefined])[] {
  const restriction = source?.children.find(({ uri, local }) => uri === XS && local === 'restriction');
  const values = restriction?.children.filter(({ uri, local }) => uri === XS && local === 'enumeration') ?? [];
  return values.map((value) => [value.attributes.get('value') ?? '', documentation(value)]);
}

function localOf(name: string): string {
  return name.replace(/^\{.*\}/, '');
}

function shortOf(name: string): string {
  return [...shortNames([fullName(name)]).values()][0] ?? 'Type';
}

/** `{urn:shop:data}Card` as `urn-shop-data.Card`. */
function fullName(name: string): string {
  const [, uri = '', local = name] = /^\{(.*)\}(.*)$/.exec(name) ?? [];
  return `${uri.replace(/^https?:\/\/(?:www\.)?/, '').replace(/[^A-Za-z0-9]+/g, '-')}.${local.replaceAll('.', '-')}`;
}
