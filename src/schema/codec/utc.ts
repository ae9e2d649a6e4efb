import { safeParse, type $ZodCheck, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../../core/contract.ts';
import { someSchema } from '../../core/shape.ts';
import { compileWalk, type WalkMode } from './walk.ts';

/** https://www.rfc-editor.org/rfc/rfc3339#section-5.6, whose letters may be small; seconds may be absent, as ISO 8601 has it. */
const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d)(:\d\d)?(\.\d+)?(?:[Zz]|([+-]\d\d:\d\d))$/;

/** The same instant with `Z` and the digits of its seconds as they are; the text itself if it is none. */
export function toUtc(text: string): string {
  if (text.endsWith('Z') && text[10] === 'T') return text;
  const [, day = '', minutes = '', seconds = '', fraction = '', offset] = INSTANT.exec(text) ?? [];
  if (day === '') return text;
  const local = `${day}T${minutes}${seconds}`;
  if (offset === undefined) return `${local}${fraction}Z`;
  const at = Date.parse(`${local}${offset}`);
  // A day that the calendar lacks would become another one.
  const isReal = new Date(Date.parse(`${local}Z`)).toJSON()?.startsWith(local);
  return Number.isNaN(at) || !isReal ? text : `${new Date(at).toISOString().slice(0, local.length)}${fraction}Z`;
}

interface Format {
  readonly format?: string;
  readonly offset?: boolean;
  readonly checks?: readonly $ZodCheck[];
}

/** `z.iso.datetime()`, which takes `Z` only. */
function isUtcText(schema: Schema): boolean {
  const def = schema._zod.def as Format;
  const isUtc = ({ format, offset }: Format) => format === 'datetime' && offset !== true;
  return isUtc(def) || (def.checks ?? []).some(({ _zod }) => isUtc(_zod.def as Format));
}

const known = new WeakMap<Schema, boolean>();

const utcMode: WalkMode = {
  has: (schema) => {
    let found = known.get(schema);
    if (found === undefined) known.set(schema, (found = someSchema(schema, isUtcText)));
    return found;
  },
  leaf: (schema) => (isUtcText(schema) ? (value) => (typeof value === 'string' ? toUtc(value) : value) : undefined),
  // A text that fits as it is, is left as it is.
  choose: (options, walks, union) => (value, state) => {
    for (const [index, walk] of walks.entries()) {
      const changed = walk ? walk(value, state) : value;
      const option = options[index];
      if (changed === value || !option || !fits(option, changed)) continue;
      return fits(union, value) ? value : changed;
    }
    return value;
  },
};

function fits(schema: $ZodType, value: unknown): boolean {
  try {
    return safeParse(schema, value).success;
  } catch {
    // An asynchronous refinement.
    return false;
  }
}

/**
 * Makes the function that gives received instants one form: an offset that RFC 3339 allows becomes `Z` if the schema is `z.iso.datetime()`.
 * `undefined` for schemas without one.
 */
export function compileUtc(schema: Schema): ((value: unknown) => unknown) | undefined {
  const walk = compileWalk(schema, utcMode);
  return walk && ((value) => walk(value, { issues: [], path: [], pending: [] }));
}
