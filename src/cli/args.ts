import { parseArgs } from 'node:util';
import { nearest } from '../core/nearest.ts';

/** Wrong usage: its message is printed, and the process ends with code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A module of the user's that fails while it is loaded. The `cause` is its own error, which Node shows with its place. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
}

/** One flag of a command. */
export interface Flag {
  readonly type: 'string' | 'number' | 'boolean';
  /** The placeholder of its value in the help: `<url>`. */
  readonly value?: string;
  readonly summary: string;
  readonly default?: string | number;
  /** The smallest and largest number it takes. */
  readonly range?: readonly [min: number, max: number];
  /** May be given several times. */
  readonly multiple?: boolean;
  readonly short?: string;
}

export type Flags = Readonly<Record<string, Flag>>;

type FlagValue<F extends Flag> = F['type'] extends 'number' ? number : F['type'] extends 'boolean' ? boolean : string;

/** The flags that were given and those with a default, by name. */
export type FlagValues<F extends Flags> = {
  readonly [N in keyof F]: F[N] extends { readonly multiple: true }
    ? readonly FlagValue<F[N]>[]
    : F[N] extends { readonly type: 'boolean' }
      ? boolean
      : F[N] extends { readonly default: string | number }
        ? FlagValue<F[N]>
        : FlagValue<F[N]> | undefined;
};

/** The content of a command line. */
export interface Args<F extends Flags> {
  readonly flags: FlagValues<F>;
  readonly positionals: readonly string[];
}

/** Reads a command's arguments. Throws a `UsageError` that names the mistake and the word that was likely meant. */
export function readArgs<F extends Flags>(argv: readonly string[], flags: F): Args<F> {
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { type, short }]) => [
        name,
        { type: type === 'boolean' ? ('boolean' as const) : ('string' as const), ...(short !== undefined && { short }) },
      ]),
    ),
    // The words of our own messages name the flag that was likely meant.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) values[name] = flag.multiple ? [] : flag.type === 'boolean' ? false : flag.default;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { name, rawName } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (!flag)
      throw unknown(
        'flag',
        rawName,
        Object.keys(flags).map((known) => `--${known}`),
      );
    const value = readFlag(rawName, flag, token.value, token.inlineValue ?? false);
    if (flag.multiple) (values[name] as unknown[]).push(value);
    else values[name] = value;
  }
  return { flags: values as FlagValues<F>, positionals };
}

function readFlag(name: string, flag: Flag, value: string | undefined, isInline: boolean): string | number | boolean {
  if (flag.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${name} takes no value`);
    return true;
  }
  if (value === undefined || value === '') throw new UsageError(`${name} needs a value: ${name} ${flag.value ?? '<value>'}`);
  // `--port --json` has forgotten a value.
  if (!isInline && /^--?[a-z]/.test(value)) throw new UsageError(`${name} needs a value: ${name} ${flag.value ?? '<value>'}`);
  if (flag.type === 'string') return value;
  const [min, max] = flag.range ?? [0, Number.MAX_SAFE_INTEGER];
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(
    `${name} takes a whole number ${max === Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`}, not '${value}'`,
  );
}

/** An error for a word that is not known: names the nearest, or else all there are. */
export function unknown(kind: string, typed: string, words: readonly string[]): UsageError {
  const meant = nearest(typed, words);
  const hint = meant === undefined ? `there ${words.length === 1 ? 'is' : 'are'} ${words.join(', ')}` : `did you mean ${meant}?`;
  return new UsageError(`unknown ${kind} '${typed}': ${hint}`);
}

/** Whether npm takes a name for a package: https://docs.npmjs.com/cli/configuring-npm/package-json#name */
export function isPackageName(text: string): boolean {
  return /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/.test(text);
}
