import type { $ZodType } from 'zod/v4/core';
import { integerLimits } from '../integer.ts';
import type { SchemaNode, StringNode } from '../node.ts';

/** The members of zod's checks that this file reads. */
interface Check {
  readonly check?: string;
  readonly format?: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly pattern?: RegExp;
  readonly local?: boolean;
  readonly precision?: number | null;
}

/** The members of zod's definitions of texts that this file reads. */
interface TextDef {
  readonly type: string;
  /** Of the codecs of this library. */
  readonly json?: { readonly format: string; readonly pattern?: string };
}

/** Bounds that a format of integers has by itself. */
const FORMATS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** The kind and the bounds of a number. */
export function numberOf(schema: $ZodType, own: { readonly meta: object }): SchemaNode {
  let isInteger = false;
  const least: number[] = [];
  const most: number[] = [];
  for (const { check, format, value = 0, inclusive } of checksOf(schema)) {
    const bounds = FORMATS[format ?? ''];
    if (bounds) {
      isInteger = true;
      least.push(bounds[0]);
      most.push(bounds[1]);
    } else if (check === 'greater_than') least.push(inclusive ? value : Math.floor(value) + 1);
    else if (check === 'less_than') most.push(inclusive ? value : Math.ceil(value) - 1);
  }
  if (!isInteger) return { kind: 'number', ...own } as SchemaNode;
  return { kind: 'integer', ...own, ...integerLimits({ minimum: Math.max(...least), maximum: Math.min(...most) }) } as SchemaNode;
}

/** Formats that are not only text, by zod's names. */
const TEXT_FORMATS: Readonly<Record<string, string>> = {
  datetime: 'date-time', date: 'date', base64: 'byte', url: 'uri', uuid: 'uuid', guid: 'uuid',
}; // prettier-ignore

/** The format and the bounds of a text; the codecs of this library say what they are in JSON Schema. */
export function textLimits(schema: $ZodType): Partial<StringNode> {
  const { json, type } = schema._zod.def as TextDef;
  if (json)
    return {
      format: json['format'],
      ...('pattern' in json && { pattern: json['pattern'] }),
      ...(json['format'] === 'byte' && { binary: true }),
    };
  const checks = checksOf(schema).filter(({ check }) => check === 'string_format');
  const { format = '', local, precision } = checks.at(-1) ?? {};
  const patterns = new Set(checks.flatMap(({ pattern }) => pattern ?? []));
  if (type === 'template_literal' && schema._zod.pattern) patterns.add(schema._zod.pattern);
  const known = local || precision === -1 ? undefined : TEXT_FORMATS[format];
  const [pattern] = patterns;
  return { ...(known !== undefined && { format: known }), ...(pattern && patterns.size === 1 && { pattern: pattern.source }) };
}

/** Whether a schema says no more than that a value is a text, a number or true or false. */
export function isBare(schema: $ZodType): boolean {
  const { json, type } = schema._zod.def as TextDef;
  const isScalar = type === 'string' || type === 'number' || type === 'boolean';
  return isScalar && !json && checksOf(schema).every(({ check = 'custom' }) => check === 'custom' || check === 'overwrite');
}

/** The checks of a schema: as a whole, by its format, and beside. */
function checksOf({ _zod: { def } }: $ZodType): Check[] {
  return [def, ...(def.checks ?? []).map((check) => check._zod.def)] as Check[];
}
