import { refsOf, type Field, type NamedType, type Type } from '../../import/draft/type.ts';
import { comment, key, quote } from '../../import/write/text.ts';

/** The values that callers write, in which defaults may be left out, or those that they get. */
export type Side = 'input' | 'output';

/** A type that is declared, with what it refers to. */
export interface Wanted {
  readonly type: Type | undefined;
  readonly side: Side;
}

/** Writes types as those of TypeScript, with their names and without anything of zod. */
export class TypeText {
  private readonly types: ReadonlyMap<string, NamedType>;
  private readonly wanted: readonly Wanted[];

  constructor(types: ReadonlyMap<string, NamedType>, wanted: readonly Wanted[]) {
    this.types = types;
    this.wanted = wanted;
  }

  /** Declarations of the types that those wanted refer to. One that callers may write otherwise than they get it is two, `Item` and `ItemInput`, in the draft. */
  declarations(): string[] {
    const seen = new Map<string, { readonly type: Type; readonly side: Side }>();
    const queue = this.wanted.flatMap(({ type, side }) => (type ? [...refsOf(type)].map((name) => ({ name, side })) : []));
    for (let next = queue.shift(); next; next = queue.shift()) {
      const named = this.types.get(next.name);
      if (!named || seen.has(next.name)) continue;
      seen.set(next.name, { type: named.type, side: next.side });
      for (const name of refsOf(named.type)) queue.push({ name, side: next.side });
    }
    return [...seen]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, { type, side }]) => this.#declaration(name, type, side));
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
      case 'file':
        return '{ name?: string; type?: string; content: Uint8Array }';
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
        return type.name;
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
}
