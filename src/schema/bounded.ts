import { clone, type $ZodType, type ParseContextInternal, type ParsePayload } from 'zod/v4/core';
import type { Schema } from '../core/contract.ts';
import { ownDef, someSchema } from '../core/shape/walk.ts';
import { isNote, rebuild } from './codec/rebuild.ts';
import { MAX_ISSUES } from './check/issues.ts';
import { isPromiseLike } from '../life/maybe.ts';

type Parse = (payload: ParsePayload, context: ParseContextInternal) => ParsePayload | Promise<ParsePayload>;

/**
 * The same schema, whose lists and records stop after `MAX_ISSUES` issues each, because the faults in a long list of wrong items are not
 * worth a second of the processor. For values that are known not to fit.
 */
export function boundedSchema(schema: Schema): Schema {
  const made = new Map<Schema, Schema>();
  const isLong = ({ _zod: { def } }: Schema) => def.type === 'array' || def.type === 'record';
  const bound = (inner: Schema): Schema => {
    const known = made.get(inner);
    if (known || !someSchema(inner, isLong)) return known ?? inner;
    const copy = clone(
      inner as $ZodType,
      rebuild(inner, bound, (check) => !isNote(check)),
    );
    made.set(inner, copy);
    const { def } = copy._zod;
    if (def.type === 'array') replaceParse(copy, (parse) => inParts(parse, partsOfList, shiftIndex));
    // A record of known keys asks for all of them.
    else if (def.type === 'record' && !ownDef(copy).keyType?._zod.values)
      replaceParse(copy, (parse) => inParts(parse, partsOfRecord, () => {}));
    return copy;
  };
  return bound(schema);
}

function replaceParse({ _zod }: $ZodType, make: (parse: Parse) => Parse): void {
  const { parse } = _zod;
  const isAlone = _zod.run === parse;
  _zod.parse = make(parse as Parse) as typeof parse;
  if (isAlone) _zod.run = _zod.parse;
}

/** Parses part after part of a long value, until there are issues enough. The parts of an asynchronous schema are parsed together. */
function inParts(
  parse: Parse,
  partsOf: (value: unknown) => Iterable<unknown> | undefined,
  place: (issue: { path?: PropertyKey[] }, part: number) => void,
): Parse {
  return (payload, context) => {
    const parts = partsOf(payload.value);
    if (!parts) return parse(payload, context);
    const { value, issues } = payload;
    let part = 0;
    for (const each of parts) {
      const parsed = parse({ value: each, issues: [] }, context);
      if (isPromiseLike(parsed)) return parse({ ...payload, value }, context);
      for (const issue of parsed.issues) {
        place(issue as { path?: PropertyKey[] }, part);
        issues.push(issue);
      }
      if (issues.length >= MAX_ISSUES) break;
      part++;
    }
    return payload;
  };
}

function* slices<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += MAX_ISSUES) yield items.slice(at, at + MAX_ISSUES);
}

function partsOfList(value: unknown): Iterable<unknown> | undefined {
  return Array.isArray(value) && value.length > MAX_ISSUES ? slices(value) : undefined;
}

function* partsOfEntries(value: object): Generator<object> {
  for (const entries of slices(Object.entries(value))) yield Object.fromEntries(entries);
}

function partsOfRecord(value: unknown): Iterable<unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length <= MAX_ISSUES) return undefined;
  return partsOfEntries(value);
}

function shiftIndex(issue: { path?: PropertyKey[] }, part: number): void {
  if (issue.path && issue.path.length > 0) issue.path[0] = Number(issue.path[0]) + part * MAX_ISSUES;
}
