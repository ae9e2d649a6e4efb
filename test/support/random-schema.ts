import { z } from 'zod';
import { bytes, instant, int64 } from '../../src/schema/codec/scalars.ts';

type Random = (below: number) => number;

const LEAVES: readonly (() => z.core.$ZodType)[] = [
  () => z.string(),
  () => z.int32(),
  () => z.int(),
  () => z.number().min(1),
  () => z.boolean(),
  () => z.iso.datetime(),
  () => z.base64(),
  () => z.templateLiteral(['a', z.string()]),
  () => z.enum(['p', 'q']),
  () => z.literal(['p', 'q']),
  () => z.literal('p'),
  () => z.literal([1, null]),
  () => z.literal(['p', null]),
  () => z.null(),
  () => z.json(),
  () => z.unknown(),
  () => z.string().default('x'),
  () => z.string().prefault('x'),
  () => z.string().catch('x'),
  () => z.string().refine(() => true),
  () => instant(),
  () => int64(),
  () => bytes(),
  // Codecs of one's own: text, an object and a list on the wire.
  () => z.codec(z.string().regex(/^-?\d+$/), z.bigint(), { decode: BigInt, encode: String }),
  () => z.codec(z.object({ at: instant() }), z.date(), { decode: ({ at }) => at, encode: (at) => ({ at }) }),
  () => z.codec(z.array(z.string()), z.set(z.string()), { decode: (list) => new Set(list), encode: (set) => [...set] }),
  () => decimal(),
  () => z.codec(z.nullable(z.int32()), z.object({ n: z.nullable(z.int32()) }), { decode: (n) => ({ n }), encode: ({ n }) => n }),
];
/** A number of any digits, text on the wire and an object of a class for programs, as packages for decimals make them. */
export class Decimal {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

function decimal(): z.core.$ZodType {
  const text = z.string().regex(/^-?\d{1,20}(\.\d{1,10})?$/);
  return z.codec(text, z.instanceof(Decimal), { decode: (digits) => new Decimal(digits), encode: ({ digits }) => digits });
}

const NAMES = ['a', 'b', 'c', 'd', 'e-f', 'g_h'];

/** Makes schemas of every kind and nesting that a contract may have, and some that it refuses. `random(n)` is a whole number below `n`. */
export class RandomSchema {
  #ids = 0;
  readonly #known: z.core.$ZodType[] = [];

  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  object(depth: number, tag?: string): z.ZodObject {
    const shape: Record<string, z.core.$ZodType> = tag === undefined ? {} : { kind: z.literal(tag) };
    for (let left = 1 + this.random(3); left > 0; left--) shape[this.#one(NAMES)] = this.any(depth - 1);
    return z.object(shape);
  }

  any(depth: number): z.core.$ZodType {
    if (depth <= 0 || this.random(5) === 0) return this.#one(LEAVES)();
    return this.#one(this.#containers)(depth - 1);
  }

  readonly #containers: readonly ((depth: number) => z.core.$ZodType)[] = [
    (depth) => this.object(depth + 1),
    (depth) => z.array(this.any(depth)),
    (depth) => z.record(z.string(), this.any(depth)),
    (depth) => z.optional(this.any(depth)),
    (depth) => z.nullable(this.any(depth)),
    (depth) => z.nullish(this.any(depth)),
    (depth) => z.readonly(this.any(depth)),
    (depth) => z.preprocess((value) => value, this.any(depth)),
    (depth) => this.#lazy(this.any(depth)),
    (depth) => z.union([this.any(depth), this.any(depth), ...(this.random(2) ? [this.any(depth)] : [])]),
    (depth) => z.discriminatedUnion('kind', [this.#variant(depth, 'x'), this.#variant(depth, 'y')]),
    (depth) => z.xor([this.#variant(depth, 'x'), this.#variant(depth, 'y')]),
    (depth) => z.intersection(this.object(depth), this.random(3) ? this.object(depth) : this.#tagged(depth)),
    (depth) => this.#noted(this.any(depth)),
    (depth) => (this.#known.length > 0 ? this.#one(this.#known) : this.object(depth)),
  ];

  #one<T>(list: readonly T[]): T {
    return list[this.random(list.length)] as T;
  }

  #lazy(schema: z.core.$ZodType): z.core.$ZodType {
    return z.lazy(() => schema);
  }

  #tagged(depth: number): z.core.$ZodType {
    return z.union([this.object(depth, 'x'), this.object(depth, 'y')]);
  }

  #variant(depth: number, tag: string): z.ZodObject {
    const made = this.object(depth, tag);
    return this.random(3) ? made : made.meta({ id: `N${this.#ids++}` });
  }

  #named(schema: z.core.$ZodType): z.core.$ZodType {
    z.globalRegistry.add(schema, { id: `N${this.#ids++}` });
    return schema;
  }

  #noted(schema: z.core.$ZodType): z.core.$ZodType {
    const made = this.random(2) ? this.#named(schema) : z.core.clone(schema);
    this.#known.push(made);
    return made;
  }
}
