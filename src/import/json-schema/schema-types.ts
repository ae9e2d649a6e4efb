import type { JsonObject } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import type { Findings } from '../draft/findings.ts';
import { ModuleNames, typeName } from '../draft/names.ts';
import { ANY, type Field, type NamedType, type ObjectType, type Type } from '../draft/type.ts';
import { unescapeStep, type Documents, type Resolved } from '../load/documents.ts';
import { ImportError } from '../load/error.ts';
import { shown, type Location } from '../load/location.ts';
import { defaultFor, isBinary, isCount, itemsOf, membersOf, numberType, textType, words } from './facts.ts';
import { Sides, type Side } from './sides.ts';

/** A schema, its place, and whether it is sent or comes. */
export interface Place {
  readonly base: Location;
  /** For people: `#/paths/~1pets/get`. */
  readonly at: string;
  readonly side: Side;
  /** In a form whose parts may be files. */
  readonly isForm?: boolean | undefined;
  readonly depth?: number | undefined;
}

const MAX_DEPTH = 150;
/** Keywords that no type of a contract has. */
const NOT_CARRIED = [
  'not', 'if', 'then', 'else', 'dependentSchemas', 'dependentRequired', 'dependencies', 'contains', 'unevaluatedProperties', 'unevaluatedItems',
  'propertyNames', 'minProperties', 'maxProperties', 'uniqueItems', 'contentSchema', '$dynamicRef', '$recursiveRef', 'patternProperties',
]; // prettier-ignore

/** Reads JSON Schemas, of OpenAPI 2 to 3.2 and of AsyncAPI, as types. Schemas that are referred to become types with names. */
export class SchemaTypes {
  readonly #types = new Map<string, NamedType>();
  /** Types that were referred to and not read yet: a chain of references is as long as it likes. */
  readonly #pending = new Map<string, () => Type>();
  /** By the key of their schema, with the side for those that differ. */
  readonly #names = new Map<string, string>();
  readonly #taken: ModuleNames;
  readonly #sides: Sides;

  private readonly documents: Documents;
  private readonly findings: Findings;
  /** Names that are given to schemas by their keys, whether they are used or not. */
  private readonly given: ReadonlyMap<string, string>;

  constructor(documents: Documents, findings: Findings, given: ReadonlyMap<string, string>) {
    this.documents = documents;
    this.findings = findings;
    this.given = given;
    this.#taken = new ModuleNames(given.values());
    this.#sides = new Sides(documents);
  }

  /** All types that were referred to, in order of first use. */
  get types(): ReadonlyMap<string, NamedType> {
    for (const name of this.#pending.keys()) this.typeOf(name);
    return this.#types;
  }

  /** The type of a name. */
  typeOf(name: string): Type {
    const read = this.#pending.get(name);
    if (read) {
      // Before it is read: a type may contain itself.
      this.#pending.delete(name);
      const type = read();
      this.#types.set(name, { name, id: name, type });
    }
    return this.#types.get(name)?.type ?? ANY;
  }

  /** Follows a reference to something that is not a schema. */
  resolve(value: unknown, base: Location): { readonly value: JsonObject; readonly base: Location } {
    if (!isObject(value)) return { value: {}, base };
    const ref = value['$ref'];
    if (typeof ref !== 'string') return { value, base };
    const found = this.documents.resolve(ref, base);
    return { value: membersOf(found.value), base: found.base };
  }

  read(schema: unknown, place: Place): Type {
    if (schema === true || schema === undefined) return ANY;
    if (!isObject(schema)) return this.#cannot(place, 'a schema that allows nothing', 'any value');
    if ((place.depth ?? 0) > MAX_DEPTH) throw new ImportError(`${shown(place.base)} ${place.at}: the schema is nested too deeply, or contains itself`); // prettier-ignore
    const type = this.#read(schema, { ...place, depth: (place.depth ?? 0) + 1 });
    return this.#noted(schema, type);
  }

  /** The fields of a type, if it is an object whose members all have names. */
  fieldsOf(type: Type): readonly Field[] | undefined {
    if (type.kind === 'ref') {
      return type.nullable ? undefined : this.fieldsOf(this.typeOf(type.name));
    }
    return type.kind === 'object' && !type.rest && !type.nullable ? type.fields : undefined;
  }

  #noted(schema: JsonObject, type: Type): Type {
    const description = words(schema['description']) ?? words(schema['title']);
    const isNull = schema['nullable'] === true || schema['x-nullable'] === true;
    if (description === undefined && !isNull) return type;
    return { ...type, ...(description !== undefined && { description }), ...(isNull && type.kind !== 'any' && { nullable: true }) };
  }

  #read(schema: JsonObject, place: Place): Type {
    const ref = schema['$ref'];
    if (typeof ref === 'string') return this.#reference(ref, place);
    for (const keyword of NOT_CARRIED) if (schema[keyword] !== undefined && schema[keyword] !== false && !isAnyText(schema[keyword], keyword)) this.findings.add(place.at, `the keyword '${keyword}'`, 'not checked'); // prettier-ignore
    if ('const' in schema) return this.#literals([schema['const']], place);
    if (Array.isArray(schema['enum'])) return this.#literals(schema['enum'], place);
    if (Array.isArray(schema['allOf'])) return this.#allOf(schema, place);
    const options = schema['oneOf'] ?? schema['anyOf'];
    if (Array.isArray(options) && options.length > 0) return this.#union(schema, options, place);
    return this.#byType(schema, place);
  }

  #reference(ref: string, place: Place): Type {
    const found = this.documents.resolve(ref, place.base);
    if (!isObject(found.value)) return this.read(found.value, { ...place, base: found.base });
    const isTwofold = this.#sides.isTwofold(found);
    const key = isTwofold ? `${place.side} ${found.key}` : found.key;
    const known = this.#names.get(key);
    if (known !== undefined) return { kind: 'ref', name: known };
    const plain = this.given.get(found.key) ?? this.#taken.take(nameOf(found));
    const name = isTwofold && place.side === 'input' ? this.#taken.take(`${plain}Input`) : plain;
    this.#names.set(key, name);
    // Its place is kept: types are in order of first use.
    this.#types.set(name, { name, id: name, type: ANY });
    this.#pending.set(name, () =>
      this.read(found.value, { base: found.base, at: pointerOf(found.key), side: place.side, isForm: place.isForm }),
    );
    return { kind: 'ref', name };
  }

  #literals(values: readonly unknown[], place: Place): Type {
    const rest = values.filter((value) => value !== null);
    const scalars = [...new Set(rest)].filter(
      (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
    );
    const nullable = rest.length < values.length && { nullable: true };
    if (scalars.length === 0) return rest.length === 0 && values.length > 0 ? { kind: 'null' } : this.#cannot(place, 'a constant that is an object or a list', 'any value'); // prettier-ignore
    return { kind: 'literal', values: scalars, ...nullable };
  }

  #byType(schema: JsonObject, place: Place): Type {
    const { type: said } = schema;
    if (Array.isArray(said)) {
      const names = said.filter((name): name is string => typeof name === 'string');
      const rest = names.filter((name) => name !== 'null');
      const types = rest.map((name) => this.#byType({ ...schema, type: name }, place));
      const [only = { kind: 'null' } as const] = types;
      const whole: Type = types.length > 1 ? { kind: 'union', options: types } : only;
      return rest.length < names.length && rest.length > 0 ? { ...whole, nullable: true } : whole;
    }
    switch (said) {
      case 'string':
        if (place.isForm && isBinary(schema)) return { kind: 'file' };
        return textType(schema, place.at, this.findings);
      case 'integer':
        return numberType(schema, true);
      case 'number':
        return numberType(schema, false);
      case 'boolean':
      case 'null':
        return { kind: said };
      case 'array':
        return this.#list(schema, place);
      case 'object':
        return this.#object(schema, place);
      case 'file':
        return { kind: place.isForm ? 'file' : 'bytes' };
    }
    if (schema['properties'] !== undefined || schema['additionalProperties'] !== undefined) return this.#object(schema, place);
    if (schema['items'] !== undefined) return this.#list(schema, place);
    if (typeof said === 'string') return this.#cannot(place, `the type '${said}'`, 'any value');
    if (schema['pattern'] !== undefined || schema['minLength'] !== undefined || schema['maxLength'] !== undefined) return textType(schema, place.at, this.findings); // prettier-ignore
    return ANY;
  }

  #list(schema: JsonObject, place: Place): Type {
    const { items, prefixItems, minItems, maxItems } = schema;
    const positions = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined;
    if (positions) {
      const rest = Array.isArray(items) || items === false ? undefined : items;
      return {
        kind: 'tuple',
        items: positions.map((item, index) => this.read(item, { ...place, at: `${place.at}/${index}` })),
        ...(rest !== undefined && { rest: this.read(rest, place) }),
      };
    }
    return {
      kind: 'list',
      item: this.read(items, { ...place, at: `${place.at}/items` }),
      ...(isCount(minItems) && minItems > 0 && { min: minItems }),
      ...(isCount(maxItems) && { max: maxItems }),
    };
  }

  #object(schema: JsonObject, place: Place): Type {
    const properties = membersOf(schema['properties']);
    const names = Object.keys(properties);
    const { additionalProperties: others } = schema;
    if (names.length === 0) {
      if (isObject(others)) return { kind: 'record', value: this.read(others, { ...place, at: `${place.at}/additionalProperties` }) };
      return others === false ? { kind: 'object', fields: [] } : { kind: 'record', value: ANY };
    }
    const required = new Set(itemsOf(schema['required']));
    const fields = names
      .map((name) => this.#field(name, properties[name], required.has(name), place))
      .filter((field) => field !== undefined);
    const rest =
      others === true ? ANY : isObject(others) ? this.read(others, { ...place, at: `${place.at}/additionalProperties` }) : undefined;
    return { kind: 'object', fields, ...(rest && { rest }) };
  }

  #field(name: string, schema: unknown, isRequired: boolean, around: Place): Field | undefined {
    const { side } = around;
    const place = { ...around, at: `${around.at}/${name}` };
    if (name === '__proto__') {
      this.findings.add(place.at, "a member with the name '__proto__'", 'left out');
      return undefined;
    }
    const facts = membersOf(schema);
    if (facts['readOnly'] === true && side === 'input') return undefined;
    if (facts['writeOnly'] === true && side === 'output') return undefined;
    const type = this.read(schema, place);
    const fallback = facts['default'] === undefined || facts['default'] === null ? undefined : defaultFor(type, facts['default']);
    return {
      name,
      type,
      optional: !isRequired,
      ...(fallback !== undefined && !isRequired && { default: fallback }),
      ...(facts['deprecated'] === true && { deprecated: true }),
    };
  }

  #union(schema: JsonObject, options: readonly unknown[], place: Place): Type {
    const said = options.filter((option) => !isCondition(option));
    if (said.length === 0 && (schema['properties'] !== undefined || schema['type'] !== undefined)) {
      this.findings.add(place.at, 'alternatives that only say which members are required', 'not checked');
      const { oneOf: _, anyOf: __, ...rest } = schema;
      return this.#byType(rest, place);
    }
    const types = options.map((option, index) => this.read(option, { ...place, at: `${place.at}/${index}` }));
    const rest = types.filter(({ kind }) => kind !== 'null');
    const nullable = rest.length < types.length || rest.some((type) => type.nullable);
    const [only] = rest;
    if (!only) return { kind: 'null' };
    if (rest.some(({ kind }) => kind === 'any')) return ANY;
    const union = rest.length === 1 ? only : this.#tagged(schema, rest);
    const whole: Type = nullable ? { ...union, nullable: true } : union;
    if (schema['properties'] === undefined) return whole;
    const { oneOf: _, anyOf: __, ...own } = schema;
    return { kind: 'both', parts: [this.#byType(own, place), whole] };
  }

  /** A union whose variants are told apart by a member, if each has it with values of its own. */
  #tagged(schema: JsonObject, options: readonly Type[]): Type {
    const { propertyName, mapping } = membersOf(schema['discriminator']);
    const bare = options.map((option) => ({ ...option, nullable: undefined }));
    if (typeof propertyName !== 'string') return { kind: 'union', options: bare };
    const tags = Object.entries(membersOf(mapping));
    const values = options.map((option) => {
      const tag = this.fieldsOf(option)?.find(({ name }) => name === propertyName)?.type;
      if (tag?.kind === 'literal') return tag.values;
      // By the mapping, or else by the schema's own name.
      if (option.kind !== 'ref' || tag?.kind !== 'text') return [];
      const own = tags
        .filter(([, to]) => typeof to === 'string' && typeName(to.split('/').at(-1) ?? '') === option.name)
        .map(([value]) => value);
      const found = own.length > 0 ? own : tags.length === 0 ? [option.name] : [];
      this.#setTag(option.name, propertyName, found);
      return found;
    });
    const all = values.flat();
    const isDistinct = new Set(all).size === all.length && values.every((each) => each.length > 0);
    return { kind: 'union', options: bare, ...(isDistinct && { tag: propertyName }) };
  }

  #setTag(name: string, tag: string, values: readonly string[]): void {
    this.typeOf(name);
    const named = this.#types.get(name);
    if (named?.type.kind !== 'object' || values.length === 0) return;
    const fields = named.type.fields.map((field) => (field.name === tag ? { ...field, optional: false, type: { kind: 'literal' as const, values } } : field)); // prettier-ignore
    this.#types.set(name, { ...named, type: { ...named.type, fields } });
  }

  #allOf(schema: JsonObject, place: Place): Type {
    const { allOf, ...own } = schema;
    const parts = itemsOf(allOf);
    const hasOwn =
      own['properties'] !== undefined || own['oneOf'] !== undefined || own['anyOf'] !== undefined || own['required'] !== undefined;
    // A reference with a description beside it, as OpenAPI 3.0 has to write it.
    if (parts.length === 1 && !hasOwn) return this.read(parts[0], place);
    const merged: Merged = { properties: new Map(), required: new Set(), rest: undefined, others: [], seen: new Set() };
    for (const part of [...parts, own]) this.#merge(part, place, merged);
    const fields = [...merged.properties]
      .map(([name, { schema: property, base }]) => this.#field(name, property, merged.required.has(name), { ...place, base }))
      .filter((field) => field !== undefined);
    const object: ObjectType = { kind: 'object', fields, ...(merged.rest && { rest: merged.rest }) };
    const others = merged.others.filter(({ kind }) => kind !== 'any');
    if (others.length === 0) return object;
    const all = fields.length > 0 || merged.rest ? [object, ...others] : others;
    const [only] = all;
    return all.length === 1 && only ? only : { kind: 'both', parts: all };
  }

  /** Adds what a part of an intersection says. Types that it refers to lend their members. */
  #merge(part: unknown, place: Place, into: Merged): void {
    if (!isObject(part)) return;
    if (typeof part['$ref'] === 'string') {
      const found = this.documents.resolve(part['$ref'], place.base);
      if (into.seen.has(found.key)) return;
      into.seen.add(found.key);
      const target = membersOf(found.value);
      const isObjectLike = target['properties'] !== undefined || target['allOf'] !== undefined;
      // Of a base with variants only its own members are meant.
      if (isObjectLike) this.#merge(omit(target, ['oneOf', 'anyOf', 'discriminator', 'nullable']), { ...place, base: found.base }, into);
      else into.others.push(this.read(part, place));
      return;
    }
    for (const inner of itemsOf(part['allOf'])) this.#merge(inner, place, into);
    const options = itemsOf(part['oneOf'] ?? part['anyOf']);
    if (options.some((option) => !isCondition(option)))
      into.others.push(this.#union(omit(part, ['properties', 'required']), options, place));
    else if (options.length > 0) this.findings.add(place.at, 'alternatives that only say which members are required', 'not checked');
    for (const name of itemsOf(part['required'])) if (typeof name === 'string') into.required.add(name);
    for (const [name, schema] of Object.entries(membersOf(part['properties']))) into.properties.set(name, { schema, base: place.base });
    const { additionalProperties: others, type, enum: values } = part;
    if (others === true) into.rest = ANY;
    else if (isObject(others)) into.rest = this.read(others, place);
    const isOther = (typeof type === 'string' && type !== 'object') || values !== undefined;
    if (isOther) into.others.push(this.read(omit(part, ['allOf', 'oneOf', 'anyOf']), place));
  }

  #cannot({ at }: Place, what: string, instead: string): Type {
    this.findings.add(at, what, instead);
    return ANY;
  }
}

interface Merged {
  readonly properties: Map<string, { readonly schema: unknown; readonly base: Location }>;
  readonly required: Set<string>;
  rest: Type | undefined;
  readonly others: Type[];
  readonly seen: Set<string>;
}

/** Names of members are texts by themselves. */
function isAnyText(value: unknown, keyword: string): boolean {
  return keyword === 'propertyNames' && JSON.stringify(value) === '{"type":"string"}';
}

function omit(schema: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

/** An alternative that says which members are required and nothing else. */
function isCondition(option: unknown): boolean {
  return isObject(option) && Object.keys(option).length > 0 && Object.keys(option).every((key) => ['required', 'not', 'type'].includes(key)) && (option['required'] !== undefined || option['not'] !== undefined); // prettier-ignore
}

/** The name of a schema that nobody has named: the end of its pointer, or its file. */
function nameOf({ key }: Resolved): string {
  const [file = '', pointer = ''] = key.split('#');
  const last = pointer === '' ? (file.split('/').at(-1) ?? '').replace(/\.[a-z]+$/i, '') : (pointer.split('/').at(-1) ?? '');
  return typeName(unescapeStep(last));
}

function pointerOf(key: string): string {
  return key.slice(key.indexOf('#'));
}
