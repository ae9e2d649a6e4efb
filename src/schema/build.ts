import type {
  Field, JsonSchema, ListNode, ObjectNode, RecordNode, Scalar, SchemaNode, TypeUse, UnionNode,
} from './node.ts'; // prettier-ignore
import {
  annotations, defaultOf, integerLimits, isAnything, isJson, kindOf, memberOf, metaOf, optionsOf, peelNull, pick, refOf, SCALAR_KEYWORDS, stringLimits,
  tagName, type Notes,
} from './read.ts'; // prettier-ignore
import { Unions } from './union/unions.ts';
import { pascal } from './pascal.ts';

/** The same place in both views of a schema: values that callers send, and values that the service sees or gives. */
export interface Views {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
}

type Definitions = Readonly<Record<string, JsonSchema>>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Builds the graph of nodes from the JSON Schemas of both views. Throws a `TypeError` that begins with the place if the views differ, or if
 * a schema cannot be carried by every protocol.
 */
export class SchemaBuilder {
  /** Named types in order of first use. */
  readonly types = new Map<string, SchemaNode>();
  /** Types' names by the names of their definitions in each view, which differ if zod had to invent one (`__schema0`). */
  readonly names = { input: new Map<string, string>(), output: new Map<string, string>() };
  readonly #uses = new Map<string, TypeUse>();
  readonly #firstUses = new Map<string, string>();
  readonly #unions = new Unions();

  private readonly definitions: { readonly input: Definitions; readonly output: Definitions };

  constructor(definitions: { readonly input: Definitions; readonly output: Definitions }) {
    this.definitions = definitions;
  }

  /** The type at one place. `name` is what it is called if it needs a name and has none. */
  use(views: Views, at: string, name: string, register?: (use: TypeUse) => void, declared?: string): TypeUse {
    const { input, output } = views;
    const ref = refOf(input);
    if (ref !== undefined || refOf(output) !== undefined) {
      if (ref === undefined || refOf(output) === undefined) throw differ(at);
      const { node, nullable } = this.#definition(ref, refOf(output) ?? '', at, name);
      const use = { node, nullable, ...annotations(input) };
      register?.(use);
      return use;
    }
    const [bareInput, nullable] = peelNull(input);
    const [bareOutput, nullableOutput] = peelNull(output);
    if (nullable !== nullableOutput) throw differ(at);
    const bare = { input: bareInput, output: bareOutput };
    if (refOf(bareInput) !== undefined) {
      const inner = this.use(bare, at, name);
      const use = { ...inner, nullable: nullable || inner.nullable, ...annotations(input) };
      register?.(use);
      return use;
    }
    const notes = { ...annotations(bareInput), ...annotations(input), meta: { ...metaOf(bareInput), ...metaOf(input) } };
    const isAny = isAnything(bareInput);
    if (isJson(bareInput, this.definitions.input)) return { node: { kind: 'any', meta: {} }, nullable: true, ...notes };
    const wrap = (node: SchemaNode): TypeUse => ({
      node,
      nullable: nullable || isAny || node.kind === 'any' || node.kind === 'null',
      ...notes,
    });
    const node = this.#node(bare, at, name, declared, notes, (shell) => register?.(wrap(shell)));
    return wrap(node);
  }

  /** Finishes the unions; called once, when the graph is complete. */
  finish(roots: Iterable<TypeUse>): void {
    this.#unions.finish([...roots]);
  }

  #definition(ref: string, outputRef: string, at: string, name: string): TypeUse {
    const known = this.#uses.get(ref);
    if (known) return known;
    const invented = ref.startsWith('__schema');
    if (invented !== outputRef.startsWith('__schema') || (!invented && ref !== outputRef)) throw differ(at);
    const views = { input: this.definitions.input[ref] ?? {}, output: this.definitions.output[outputRef] ?? {} };
    if (isJson(views.input, this.definitions.input)) return this.#keep(ref, { node: { kind: 'any', meta: {} }, nullable: true, meta: {} });
    if (!invented && !/^[A-Za-z][A-Za-z0-9_]*$/.test(ref)) {
      throw new TypeError(`${at}: the type's .meta({ id: '${ref}' }) must be a name of letters, digits and _`);
    }
    const typeName = invented ? name : ref;
    this.names.input.set(ref, typeName);
    this.names.output.set(outputRef, typeName);
    const use = this.use(views, at, typeName, (shell) => this.#keep(ref, shell), invented ? undefined : ref);
    return this.#keep(ref, this.#uses.get(ref) ?? use);
  }

  #keep(ref: string, use: TypeUse): TypeUse {
    this.#uses.set(ref, use);
    return use;
  }

  #node(
    { input, output }: Views,
    at: string,
    name: string,
    declared: string | undefined,
    notes: Notes,
    shell: (node: SchemaNode) => void,
  ): SchemaNode {
    const kind = kindOf(input, at);
    if (kind !== kindOf(output, at)) throw differ(at);
    const own = { ...notes, ...(declared !== undefined && { name: declared }) };
    const named = { ...notes, name, ...(declared === undefined && { derived: true }) };
    const done = <T extends SchemaNode>(node: T): T => {
      if (node.name !== undefined) this.#claim(node.name, node, at);
      shell(node);
      return node;
    };
    switch (kind) {
      case 'object': {
        const node: Mutable<ObjectNode> = done({ kind, ...named, fields: [] });
        node.fields = this.#fields(input, output, at, name);
        return node;
      }
      case 'list': {
        const node = done({ kind, ...own, ...pick(input, ['minItems', 'maxItems']) } as Mutable<ListNode>);
        node.items = this.use({ input: memberOf(input, 'items'), output: memberOf(output, 'items') }, `${at}[]`, name);
        return node;
      }
      case 'record': {
        const node = done({ kind, ...own } as Mutable<RecordNode>);
        const values = { input: memberOf(input, 'additionalProperties'), output: memberOf(output, 'additionalProperties') };
        node.values = this.use(values, `${at}{}`, name);
        return node;
      }
      case 'union': {
        const node: Mutable<UnionNode> = done({ kind, ...named, variants: [] });
        this.#unions.add(node, this.#variants(input, output, at, name), at);
        return node;
      }
      default: // A scalar: nothing within it differs by view.
    }
    if (JSON.stringify(pick(input, SCALAR_KEYWORDS)) !== JSON.stringify(pick(output, SCALAR_KEYWORDS))) throw differ(at);
    switch (kind) {
      case 'enum':
        return done({ kind, ...named, values: input['enum'] as string[] });
      case 'literal':
        return done({ kind, ...own, values: ('const' in input ? [input['const']] : input['enum']) as Scalar[] });
      case 'string':
        return done({ kind, ...own, ...stringLimits(input) });
      case 'integer':
        return done({ kind, ...own, ...integerLimits(input) });
      case 'number':
        return done({ kind, ...own, ...pick(input, ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']) });
      default:
        return done({ kind, ...own });
    }
  }

  #fields(input: JsonSchema, output: JsonSchema, at: string, name: string): Field[] {
    const given = (input['properties'] ?? {}) as Definitions;
    const seen = (output['properties'] ?? {}) as Definitions;
    const stray = [...Object.keys(given), ...Object.keys(seen)].find((key) => !Object.hasOwn(given, key) || !Object.hasOwn(seen, key));
    if (stray !== undefined) throw differ(`${at}.${stray}`);
    const requiredIn = new Set(input['required'] as string[] | undefined);
    const requiredOut = new Set(output['required'] as string[] | undefined);
    return Object.entries(given).map(([key, schema]): Field => {
      const path = `${at}.${key}`;
      const use = this.use({ input: schema, output: seen[key] ?? {} }, path, name + pascal(key));
      const value = requiredIn.has(key) ? undefined : defaultOf(schema, this.definitions.input);
      const hasDefault = value !== undefined;
      if (requiredIn.has(key) !== requiredOut.has(key) && !hasDefault) throw differ(path);
      return { name: key, ...use, optional: !requiredIn.has(key) && !requiredOut.has(key), ...(hasDefault && { default: value }) };
    });
  }

  #variants(input: JsonSchema, output: JsonSchema, at: string, name: string): TypeUse[] {
    const given = optionsOf(input);
    const seen = optionsOf(output);
    if (given.length !== seen.length) throw differ(at);
    return given.map((option, index) => {
      // Named by its tag if it has one, which is stable when variants are added.
      const suffix = tagName(option) ?? `Option${index + 1}`;
      return this.use({ input: option, output: seen[index] ?? {} }, `${at}|${index + 1}`, name + suffix);
    });
  }

  #claim(name: string, node: SchemaNode, at: string): void {
    const first = this.types.get(name);
    if (first) {
      const who = (of: SchemaNode, where: string) =>
        of.derived ? `the name derived for ${where}` : `.meta({ id: '${name}' }) at ${where}`;
      throw new TypeError(
        `${who(node, at)} and ${who(first, this.#firstUses.get(name) ?? '')} are both '${name}': give one of them another .meta({ id: '…' })`,
      );
    }
    this.types.set(name, node);
    this.#firstUses.set(name, at);
  }
}

function differ(at: string): TypeError {
  return new TypeError(
    `${at}: what callers send and what the service sees differ by more than defaults (a pipe or preprocess): ` +
      'describe the JSON value here, or write z.codec(…), which works both ways',
  );
}
