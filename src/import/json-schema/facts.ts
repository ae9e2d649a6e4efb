import * as z from 'zod/mini';
import type { JsonObject } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import type { Field, NumberType, TextType, Type } from '../draft/type.ts';
import type { Findings } from '../draft/findings.ts';
import { TEXT_FORMATS } from '../write/schema.ts';
import { pattern as regexOf } from '../write/text.ts';

/** Formats that say nothing which a schema could check. */
const SILENT = new Set(['password', 'string', 'float', 'double', 'int32', 'int64', 'binary', 'number', 'textarea', 'text', 'decimal']);
const SAME: Readonly<Record<string, string>> = { url: 'uri', iri: 'uri', datetime: 'date-time', guid: 'uuid', 'idn-email': 'email' };

let zodPatterns: Readonly<Record<string, unknown>> | undefined;

/** The pattern that zod itself writes beside a format: it says nothing new. */
function patternOf(format: string): unknown {
  zodPatterns ??= {
    'date-time': z.toJSONSchema(z.iso.datetime()).pattern,
    date: z.toJSONSchema(z.iso.date()).pattern,
    time: z.toJSONSchema(z.iso.time()).pattern,
    duration: z.toJSONSchema(z.iso.duration()).pattern,
    email: z.toJSONSchema(z.email()).pattern,
    ipv4: z.toJSONSchema(z.ipv4()).pattern,
    ipv6: z.toJSONSchema(z.ipv6()).pattern,
    uuid: z.toJSONSchema(z.uuid()).pattern,
    base64url: z.toJSONSchema(z.base64url()).pattern,
  };
  return zodPatterns[format];
}

/** Bytes that are not text: https://spec.openapis.org/oas/v3.1.1.html#considerations-for-file-uploads */
export function isBinary(schema: unknown): boolean {
  const { type, format, contentMediaType, contentEncoding } = membersOf(schema);
  if (type === 'file') return true;
  const isPlain = typeof contentMediaType === 'string' && !/^text\/|json/.test(contentMediaType) && contentEncoding === undefined;
  return type === 'string' && (format === 'binary' || isPlain);
}

export function textType(schema: JsonObject, place: string, findings: Findings): Type {
  const { pattern, minLength, maxLength, contentEncoding } = schema;
  const said = typeof schema['format'] === 'string' ? schema['format'] : undefined;
  const format = said === undefined ? undefined : (SAME[said] ?? said);
  if (format === 'byte' || contentEncoding === 'base64') return { kind: 'bytes' };
  if (format === 'int64' && said !== undefined && contentEncoding === undefined) return { kind: 'int64' };
  const isKnown = format !== undefined && Object.hasOwn(TEXT_FORMATS, format);
  if (said !== undefined && !isKnown && !SILENT.has(said)) findings.add(place, `the format '${said}'`, 'any text');
  let source: string | undefined;
  if (typeof pattern === 'string' && !(isKnown && (patternOf(format) === pattern || format === 'uuid'))) {
    if (regexOf(pattern) === undefined)
      findings.add(place, `the pattern ${pattern.slice(0, 80)}`, 'not checked: it is not a regular expression of JavaScript');
    else source = pattern;
  }
  return {
    kind: 'text',
    ...(isKnown && { format }),
    ...(isCount(minLength) && minLength > 0 && { min: minLength }),
    ...(isCount(maxLength) && { max: maxLength }),
    ...(source !== undefined && { pattern: source }),
  } satisfies TextType;
}

export function numberType(schema: JsonObject, isWhole: boolean): NumberType {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const width = isWhole ? (format === 'int32' ? 'int32' : 'int') : undefined;
  const [lowest, highest] = width === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : width === 'int' ? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] : [-Infinity, Infinity]; // prettier-ignore
  // OpenAPI 3.0 says by a boolean that the limit itself is out.
  const above = exclusiveMinimum === true ? minimum : exclusiveMinimum;
  const below = exclusiveMaximum === true ? maximum : exclusiveMaximum;
  return {
    kind: 'number',
    ...(width !== undefined && { width }),
    ...(isNumber(minimum) && exclusiveMinimum !== true && minimum > lowest && { min: minimum }),
    ...(isNumber(maximum) && exclusiveMaximum !== true && maximum < highest && { max: maximum }),
    ...(isNumber(above) && { above }),
    ...(isNumber(below) && { below }),
    ...(isNumber(multipleOf) && multipleOf > 0 && !(isWhole && multipleOf === 1) && { step: multipleOf }),
  };
}

/** A default that the type of a field has; `undefined` for any other. */
export function defaultFor(type: Type, value: unknown): Field['default'] {
  switch (type.kind) {
    case 'text':
      return typeof value === 'string' ? value : undefined;
    case 'number':
      return isNumber(value) && (type.width === undefined || Number.isSafeInteger(value)) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'literal':
      return type.values.find((each) => each === value);
    case 'list':
      return Array.isArray(value) && value.every((item) => defaultFor(type.item, item) !== undefined) ? value : undefined;
    default:
      return undefined;
  }
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A value of a description as text; nothing of an object, which may have no text or one of its own. */
export function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** A text that people read; `undefined` for nothing. */
export function words(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 20_000) : undefined;
}

/** The members of a member that is an object. */
export function membersOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** A version of three numbers from the one that a document gives itself. */
export function versionOf(version: unknown): string {
  const text = typeof version === 'string' || typeof version === 'number' ? String(version) : '';
  const [, found] = /^v?(\d+\.\d+\.\d+)/.exec(text) ?? [];
  const [, major, minor = '0'] = /^v?(\d+)(?:\.(\d+))?(?:$|[^\d.])/.exec(text) ?? [];
  // Versions that are dates have a major of their own for each day.
  if (found !== undefined) return found;
  return major !== undefined && Number(major) < 1000 ? `${Number(major)}.${Number(minor)}.0` : '1.0.0';
}
