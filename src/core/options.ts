import { checkKinds, checkOptions } from '#contract-check';
import { shown } from './options/shown.ts';

/** Levels of objects and lists that a JSON text may nest, unless an option says otherwise. */
export const MAX_DEPTH = 64;

/** Reads the value of one option: gives the value in force, or throws a `TypeError` that names the option. */
export type OptionReader<T> = (value: unknown, owner: string, name: string) => T;

/** The allowed values of a number. */
export interface NumberRule {
  /** Whether 0 means something. @default false */
  readonly zero?: boolean;
  /** Whether `Infinity` means "no limit" or "never". @default true */
  readonly infinity?: boolean;
  /** The greatest number. @default Number.MAX_SAFE_INTEGER */
  readonly most?: number;
}

/** Reads a size in bytes. Without a default an absent option is `undefined`. */
export const bytes = /* @__PURE__ */ reader('bytes');
/** Reads a number of things. Without a default an absent option is `undefined`. */
export const count = /* @__PURE__ */ reader('');
/** Reads a time in milliseconds. Without a default an absent option is `undefined`. */
export const ms = /* @__PURE__ */ reader('milliseconds');

interface NumberReader {
  (fallback: number, rule?: NumberRule): OptionReader<number>;
  (fallback?: undefined, rule?: NumberRule): OptionReader<number | undefined>;
}

function reader(unit: string): NumberReader {
  return (fallback?: number, rule: NumberRule = {}) =>
    (value, owner, name) => {
      if (value === undefined) return fallback as number;
      const { zero, infinity = true, most = Number.MAX_SAFE_INTEGER } = rule;
      if (value === Infinity && infinity) return value;
      const least = zero ? 0 : 1;
      if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
      const range = rule.most === undefined ? `${least} or more` : `${least} to ${most}`;
      throw new TypeError(
        `${owner}: ${name} must be a whole number${unit && ` of ${unit}`}, ${range}${infinity ? ', or Infinity for no limit' : ''}, not ${shown(value)}`,
      );
    };
}

/** The longest time that something is kept: a hundred years, because databases have no time that never comes. */
const LONGEST_KEPT_MS = 3_155_760_000_000;

/** Reads how long something is kept in a store, in milliseconds; `Infinity` is the longest time that every store can keep it. */
export function kept(fallback: number): OptionReader<number>;
export function kept(): OptionReader<number | undefined>;
export function kept(fallback?: number): OptionReader<number | undefined> {
  const read: OptionReader<number | undefined> = fallback === undefined ? ms() : ms(fallback);
  return (value, owner, name) => {
    const time = read(value, owner, name);
    return time === undefined ? undefined : Math.min(time, LONGEST_KEPT_MS);
  };
}

type Spec = Readonly<Record<string, OptionReader<unknown>>>;
/** Options that are numbers: each needs a reader. */
type Numeric<O> = { [K in keyof O]-?: unknown extends O[K] ? never : number extends O[K] ? K : never }[keyof O];
type Forgotten<O, S, N> = Exclude<keyof O, keyof S | N> | Extract<N, Numeric<O>>;

/** The options in force: as given, but those that have a reader as it gave them. */
export type OptionsInForce<O, S extends Spec> = Readonly<Omit<O, keyof S>> & { readonly [K in keyof S]: ReturnType<S[K]> };

/**
 * Reads the options of a factory: fills in defaults, and refuses invalid values and unknown names.
 * An option that is `undefined` counts as absent. `readers` and `others` together name every option of the type, or it does not compile.
 * @param owner - the factory, as its user knows it: begins each message
 * @param readers - one for each option that is a number, and for others that have a rule
 * @param others - names of the options that are taken as they are
 * @throws TypeError that names the option, and for an unknown one the nearest that exists
 */
export function readOptions<O extends object, S extends Spec, const N extends keyof O & string = never>(
  owner: string,
  options: O,
  readers: S & { readonly [K in Exclude<keyof S, keyof O>]: never },
  others: readonly N[] & ([Forgotten<O, S, N>] extends [never] ? unknown : { readonly needsReader: Forgotten<O, S, N> }),
): OptionsInForce<O, S> {
  checkOptions(owner, options, new Set([...Object.keys(readers), ...others]));
  const read = { ...(options as Readonly<Record<string, unknown>>) };
  checkKinds(owner, read, others);
  for (const name of Object.keys(readers)) read[name] = readers[name]?.(read[name], owner, name);
  return read as OptionsInForce<O, S>;
}
