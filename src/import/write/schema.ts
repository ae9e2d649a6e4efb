import { refsOf, type Field, type ObjectType, type TextType, type NumberType, type Type } from '../draft/type.ts';
import { block, call, entry, list, literal, type Code, type Item } from './layout.ts';
import { key, pattern, quote } from './text.ts';

/** Functions of zod for formats of text, and their types. */
export const TEXT_FORMATS: Readonly<Record<string, readonly [call: string, type: string]>> = {
  'date-time': ['z.iso.datetime()', 'z.ZodISODateTime'],
  'date-time-local': ['z.iso.datetime({ offset: true, local: true })', 'z.ZodISODateTime'],
  date: ['z.iso.date()', 'z.ZodISODate'],
  time: ['z.iso.time()', 'z.ZodISOTime'],
  duration: ['z.iso.duration()', 'z.ZodISODuration'],
  email: ['z.email()', 'z.ZodEmail'],
  uuid: ['z.guid()', 'z.ZodGUID'],
  uri: ['z.url()', 'z.ZodURL'],
  ipv4: ['z.ipv4()', 'z.ZodIPv4'],
  ipv6: ['z.ipv6()', 'z.ZodIPv6'],
  base64url: ['z.base64url()', 'z.ZodBase64URL'],
};

/** Functions of this library that a schema calls. */
const OWN_FUNCTIONS = ['bytes', 'file', 'int64'] as const;

/** Writes types as schemas of zod. */
export class SchemaWriter {
  /** Functions of this library that were written. */
  readonly used = new Set<(typeof OWN_FUNCTIONS)[number]>();
  /** Types of the circle in which the one that is written is: a member that is one is a getter. */
  circle: ReadonlySet<string> = new Set();
  /** Types that have an interface: a getter names that, and not the type of the schema. */
  wide: ReadonlySet<string> = new Set();
  /** Whether what is sent and what comes are of one type everywhere, because there are neither codecs nor defaults. */
  isPlain = false;

  /** Whether types are written that TypeScript cannot infer; without them it is JavaScript. */
  readonly types: boolean;

  constructor(types = true) {
    this.types = types;
  }

  /** A type, as it may stand anywhere. */
  write(type: Type): Code {
    const code = this.#bare(type);
    if (isOwn(type.kind) && !type.nullable) return code;
    return this.#noted(type.nullable ? this.#wrapped(type, code, 'nullable') : code, type);
  }

  /** The fields of an object, as `z.object` takes them. */
  fields(fields: readonly Field[]): Item[] {
    return fields.map((field) => this.#field(field));
  }

  #field(field: Field): Item {
    const { name, type, optional, default: fallback, deprecated } = field;
    const { description, ...bare } = type;
    // A named type has a description of its own.
    const isNamed = type.kind === 'ref';
    const own = this.#bare(type);
    let code = own;
    if (type.nullable) code = this.#wrapped(type, code, 'nullable');
    const wrapped = type.nullable === true ? { ...bare, nullable: true } : bare;
    if (fallback !== undefined) code = [this.#chained(wrapped, code), call('.default', literal(fallback))];
    else if (optional) code = this.#wrapped(wrapped, code, 'optional');
    // Codecs of this library have no place for one, and what wraps them has.
    const isBare = isOwn(type.kind) && code === own;
    if (!isBare) code = this.#noted(code, isNamed ? { ...type, description: undefined } : type, deprecated);
    const above = isBare ? noteOf(description, deprecated) : isNamed ? description : undefined;
    const isCircular = [...directRefs(type)].some((ref) => this.circle.has(ref));
    if (!isCircular) return { code: [`${key(name)}: `, code], ...(above !== undefined && { above }) };
    // To compare the type of each schema with its interface would get as deep as to infer it.
    const cut = this.types && [...directRefs(type)].some((ref) => this.wide.has(ref)) ? ' as never' : '';
    const body: Code = { open: `get ${key(name)}()${this.types ? `: ${this.typeOfField(field)}` : ''} {`, close: '}', items: [{ code: ['return ', code, cut] }], pad: ' ', broken: true, hugs: false, end: ';' }; // prettier-ignore
    return { code: body, ...(above !== undefined && { above }) };
  }

  /** The type of the code that `#field` writes. */
  typeOfField({ type, optional, default: fallback }: Field): string {
    const inner = this.typeOf(type);
    if (fallback !== undefined) return `z.ZodDefault<${inner}>`;
    return optional ? `z.ZodOptional<${inner}>` : inner;
  }

  /** The TypeScript type of what `write` writes. */
  typeOf(type: Type): string {
    const bare = this.#typeOfBare(type);
    return type.nullable ? `z.ZodNullable<${bare}>` : bare;
  }

  #typeOfBare(type: Type): string {
    switch (type.kind) {
      case 'text':
        return (type.format !== undefined && TEXT_FORMATS[type.format]?.[1]) || 'z.ZodString';
      case 'number':
        return type.width === undefined ? 'z.ZodNumber' : type.width === 'int' ? 'z.ZodInt' : 'z.ZodInt32';
      case 'boolean':
        return 'z.ZodBoolean';
      case 'null':
        return 'z.ZodNull';
      case 'any':
        return 'z.ZodUnknown';
      case 'bytes':
        return 'ReturnType<typeof bytes>';
      case 'int64':
        return 'ReturnType<typeof int64>';
      case 'file':
        return 'ReturnType<typeof file>';
      case 'literal':
        return isEnum(type.values)
          ? `z.ZodEnum<{ ${type.values.map((value) => `${key(value)}: ${quote(value)}`).join('; ')} }>`
          : `z.ZodLiteral<${type.values.map((value) => JSON.stringify(value)).join(' | ')}>`;
      case 'list':
        return `z.ZodArray<${this.typeOf(type.item)}>`;
      case 'record':
        return `z.ZodRecord<z.ZodString, ${this.typeOf(type.value)}>`;
      case 'tuple':
        return `z.ZodTuple<[${type.items.map((item) => this.typeOf(item)).join(', ')}], ${type.rest ? this.typeOf(type.rest) : 'null'}>`;
      case 'object': {
        const fields = type.fields.map((field) => `${key(field.name)}: ${this.typeOfField(field)}`).join('; ');
        const rest = type.rest ? (type.rest.kind === 'any' ? ', z.core.$loose' : `, z.core.$catchall<${this.typeOf(type.rest)}>`) : '';
        return `z.ZodObject<{ ${fields} }${rest}>`;
      }
      case 'union': {
        const options = type.options.map((option) => this.typeOf(option)).join(', ');
        const isTagged = type.tag !== undefined && !type.options.some((option) => option.kind === 'ref' && this.wide.has(option.name));
        return type.tag === undefined || !isTagged
          ? `z.ZodUnion<readonly [${options}]>`
          : `z.ZodDiscriminatedUnion<[${options}], ${quote(type.tag)}>`;
      }
      case 'both':
        return type.parts.map((part) => this.typeOf(part)).reduce((left, right) => `z.ZodIntersection<${left}, ${right}>`);
      case 'ref':
        return this.wide.has(type.name) ? `z.ZodType<${type.name}${this.isPlain ? `, ${type.name}` : ''}>` : `typeof ${type.name}`;
    }
  }

  #bare(type: Type): Code {
    switch (type.kind) {
      case 'text':
        return text(type);
      case 'number':
        return number(type);
      case 'boolean':
        return 'z.boolean()';
      case 'null':
        return 'z.null()';
      case 'any':
        return 'z.unknown()';
      case 'bytes':
      case 'int64':
        this.used.add(type.kind);
        return `${type.kind}()`;
      case 'file':
        this.used.add('file');
        return type.types ? call('file', block([entry('types', list(type.types.map(quote)))])) : 'file()';
      case 'literal':
        if (isEnum(type.values)) return call('z.enum', list(type.values.map(literal)));
        return type.values.length === 1 ? call('z.literal', literal(type.values[0])) : call('z.literal', list(type.values.map(literal)));
      case 'list':
        return [call('z.array', this.write(type.item)), limit('min', type.min), limit('max', type.max)];
      case 'record':
        return call('z.record', 'z.string()', this.write(type.value));
      case 'tuple':
        return call('z.tuple', list(type.items.map((item) => this.write(item))), ...(type.rest ? [this.write(type.rest)] : []));
      case 'object':
        return this.object(type);
      case 'union': {
        const options = list(type.options.map((option) => this.write(option)));
        return type.tag === undefined ? call('z.union', options) : call('z.discriminatedUnion', quote(type.tag), options);
      }
      case 'both':
        return type.parts.map((part) => this.write(part)).reduce((left, right) => call('z.intersection', left, right));
      case 'ref':
        return type.name;
    }
  }

  object({ fields, rest }: ObjectType): Code {
    const members = block(this.fields(fields));
    if (rest?.kind === 'any') return call('z.looseObject', members);
    return rest ? [call('z.object', members), call('.catchall', this.write(rest))] : call('z.object', members);
  }

  #wrapped(type: Type, code: Code, how: 'optional' | 'nullable'): Code {
    return isChainable(type) ? [code, `.${how}()`] : call(`z.${how}`, code);
  }

  #chained(type: Type, code: Code): Code {
    return isChainable(type) ? code : call('z.nonoptional', code);
  }

  #noted(code: Code, { description, examples, meta }: Type, deprecated?: boolean): Code {
    const more = { ...(deprecated && { deprecated }), ...(examples && examples.length > 0 && { examples }), ...meta };
    if (Object.keys(more).length > 0) return [code, call('.meta', literal({ ...(description !== undefined && { description }), ...more }))];
    return description === undefined ? code : [code, call('.describe', quote(description))];
  }
}

/** Types whose schemas have the methods of zod; codecs of this library are of `zod/mini`. */
function isChainable({ kind }: Type): boolean {
  return !isOwn(kind);
}

/** The comment on a member whose schema has no place for its notes. */
function noteOf(description: string | undefined, deprecated: boolean | undefined): string | undefined {
  const notes = [description, deprecated ? '@deprecated' : undefined].filter((note) => note !== undefined);
  return notes.length === 0 ? undefined : notes.join('\n\n');
}

/** Types that are functions of this library. */
export function isOwn(kind: Type['kind']): boolean {
  return (OWN_FUNCTIONS as readonly string[]).includes(kind);
}

function isEnum(values: readonly (string | number | boolean)[]): values is readonly string[] {
  return values.length > 1 && values.every((value) => typeof value === 'string');
}

function limit(name: string, value: number | undefined): string {
  return value === undefined ? '' : `.${name}(${value})`;
}

function text({ format, min, max, pattern: source }: TextType): string {
  const base = (format !== undefined && TEXT_FORMATS[format]?.[0]) || 'z.string()';
  const regex = source === undefined ? undefined : pattern(source);
  return `${base}${limit('min', min)}${limit('max', max)}${regex === undefined ? '' : `.regex(${regex})`}`;
}

function number({ width, min, max, above, below, step }: NumberType): string {
  const base = width === undefined ? 'z.number()' : `z.${width}()`;
  return `${base}${limit('min', min)}${limit('max', max)}${limit('gt', above)}${limit('lt', below)}${limit('multipleOf', step)}`;
}

/** The types that a member needs at once: those within an object are met when its own members are. */
export function directRefs(type: Type): Set<string> {
  const found = new Set<string>();
  const follow = (inner: Type): void => {
    if (inner.kind === 'object') {
      if (inner.rest) refsOf(inner.rest, found);
    } else if (inner.kind === 'list') follow(inner.item);
    else if (inner.kind === 'record') follow(inner.value);
    else if (inner.kind === 'union') inner.options.forEach(follow);
    else if (inner.kind === 'both') inner.parts.forEach(follow);
    else if (inner.kind === 'tuple') [...inner.items, ...(inner.rest ? [inner.rest] : [])].forEach(follow);
    else if (inner.kind === 'ref') found.add(inner.name);
  };
  follow(type);
  return found;
}
