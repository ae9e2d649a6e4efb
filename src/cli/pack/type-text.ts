import { refsOf, type Field, type NamedType, type Type } from '../../import/draft/type.ts';
import { comment, key, quote } from '../../import/write/text.ts';

/** What callers write, in which defaults may be left out, or what they get. */
export type Side = 'input' | 'output';

/** A type that is declared, with what it refers to. */
export interface Wanted {
  readonly type: Type | undefined;
  readonly side: Side;
}

/** Writes types as those of TypeScript, with their names and without anything of zod. */
export class TypeText {
  readonly #twofold = new Map<string, boolean>();
  /** Names of types that callers get. */
  readonly #given = new Set<string>();
  private readonly types: ReadonlyMap<string, NamedType>;
  private readonly wanted: readonly Wanted[];

  constructor(types: ReadonlyMap<string, NamedType>, wanted: readonly Wanted[]) {
    this.types = types;
    this.wanted = wanted;
    const queue = wanted.flatMap(({ type, side }) => (type && side === 'output' ? [...refsOf(type)] : []));
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const named = this.types.get(name);
      if (this.#given.has(name) || !named) continue;
      this.#given.add(name);
      queue.push(...refsOf(named.type));
    }
  }

  /** Declarations of the types that those wanted refer to; one that callers may write otherwise than they get it is two. */
  declarations(): string[] {
    const seen = new Map<string, { readonly name: string; readonly type: Type; readonly side: Side }>();
    const queue = this.wanted.flatMap(({ type, side }) => (type ? [...refsOf(type)].map((name) => ({ name, side })) : []));
    for (let next = queue.shift(); next; next = queue.shift()) {
      const named = this.types.get(next.name);
      const text = this.#nameOf(next.name, next.side);
      if (!named || seen.has(text)) continue;
      seen.set(text, { name: text, type: named.type, side: next.side });
      for (const name of refsOf(named.type)) queue.push({ name, side: next.side });
    }
    return [...seen.values()]
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .map(({ name, type, side }) => this.#declaration(name, type, side));
  }

  #declaration(name: string, type: Type, side: Side): string {
    const said = type.description === undefined ? [] : comment(type.description);
    const isInterface = type.kind === 'object' && type.nullable !== true;
    const text = this.write(type, side, '');
    return [...said, isInterface ? `export interface ${name} ${text}` : `export type ${name} = ${text};`].join('\n');
  }

  write(type: Type, side: Side, indent = ''): string {
    const text = this.#bare(type, side, indent);
    return type.nullable && text !== 'unknown' && text !== 'null' ? `${text} | null` : text;
  }

  #bare(type: Type, side: Side, indent: string): string {
    switch (type.kind) {
      case 'text':
        return 'string';
      case 'number':
        return 'number';
      case 'boolean':
      case 'null':
        return type.kind;
      case 'any':
        return 'unknown';
      case 'bytes':
        return 'Uint8Array';
      case 'int64':
        return 'bigint';
      case 'literal':
        return type.values.map((value) => (typeof value === 'string' ? quote(value) : String(value))).join(' | ');
      case 'list':
        return `${this.#wrapped(type.item, side, indent)}[]`;
      case 'record':
        return `Record<string, ${this.write(type.value, side, indent)}>`;
      case 'tuple': {
        const rest = type.rest ? [`...${this.#wrapped(type.rest, side, indent)}[]`] : [];
        return `[${[...type.items.map((item) => this.write(item, side, indent)), ...rest].join(', ')}]`;
      }
      case 'object': {
        const inner = `${indent}  `;
        const rest = type.rest ? [`${inner}[name: string]: unknown;`] : [];
        const lines = [...type.fields.flatMap((field) => this.#field(field, side, inner)), ...rest];
        return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`;
      }
      case 'union':
        return type.options.map((option) => this.#wrapped(option, side, indent)).join(' | ');
      case 'both':
        return type.parts.map((part) => this.#wrapped(part, side, indent)).join(' & ');
      case 'ref':
        return this.#nameOf(type.name, side);
    }
  }

  #field({ name, type, optional, default: fallback, deprecated }: Field, side: Side, indent: string): string[] {
    const isOptional = fallback === undefined ? optional : side === 'input';
    const words = [
      type.description,
      fallback === undefined ? undefined : `Default: ${JSON.stringify(fallback)}.`,
      deprecated ? '@deprecated' : undefined,
    ];
    const said = words.filter((word) => word !== undefined).join('\n');
    const above = said === '' ? [] : comment(said).map((line) => indent + line);
    return [
      ...above,
      `${indent}${key(name)}${isOptional ? '?' : ''}: ${this.write(type, side, indent)}${isOptional ? ' | undefined' : ''};`,
    ];
  }

  /** As part of a larger type. */
  #wrapped(type: Type, side: Side, indent: string): string {
    const text = this.write(type, side, indent);
    return /[|&]/.test(text) && type.kind !== 'object' && type.kind !== 'record' ? `(${text})` : text;
  }

  #nameOf(name: string, side: Side): string {
    return side === 'input' && this.#given.has(name) && this.#isTwofold(name) && !this.types.has(`${name}Input`) ? `${name}Input` : name;
  }

  #isTwofold(name: string): boolean {
    const known = this.#twofold.get(name);
    if (known !== undefined) return known;
    this.#twofold.set(name, false);
    const type = this.types.get(name)?.type;
    const found = type !== undefined && (hasDefault(type) || [...refsOf(type)].some((ref) => this.#isTwofold(ref)));
    this.#twofold.set(name, found);
    return found;
  }
}

function hasDefault(type: Type): boolean {
  switch (type.kind) {
    case 'object':
      return type.fields.some((field) => field.default !== undefined || hasDefault(field.type));
    case 'list':
      return hasDefault(type.item);
    case 'record':
      return hasDefault(type.value);
    case 'union':
      return type.options.some(hasDefault);
    case 'both':
      return type.parts.some(hasDefault);
    default:
      return false;
  }
}
