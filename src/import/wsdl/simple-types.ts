import { own } from '../../core/own.ts';
import type { XsdFacets, XsdSimple } from '../../soap/xsd/model.ts';
import type { NumberType, TextType, Type } from '../draft/type.ts';

const INT32: NumberType = { kind: 'number', width: 'int32' };
const INT: NumberType = { kind: 'number', width: 'int' };
const INT64: Type = { kind: 'int64' };

/** The built-in types in a contract; all others are text. Source: https://www.w3.org/TR/xmlschema-2/#built-in-datatypes */
const BUILT_IN: Readonly<Record<string, Type>> = {
  boolean: { kind: 'boolean' },
  float: { kind: 'number' },
  double: { kind: 'number' },
  decimal: { kind: 'number' },
  integer: INT,
  nonNegativeInteger: { ...INT, min: 0 },
  positiveInteger: { ...INT, min: 1 },
  nonPositiveInteger: { ...INT, max: 0 },
  negativeInteger: { ...INT, max: -1 },
  long: INT64,
  unsignedLong: INT64,
  int: INT32,
  short: { ...INT32, min: -32_768, max: 32_767 },
  byte: { ...INT32, min: -128, max: 127 },
  unsignedInt: { ...INT, min: 0, max: 4_294_967_295 },
  unsignedShort: { ...INT32, min: 0, max: 65_535 },
  unsignedByte: { ...INT32, min: 0, max: 255 },
  dateTime: { kind: 'text', format: 'date-time-local' },
  dateTimeStamp: { kind: 'text', format: 'date-time' },
  date: { kind: 'text', format: 'date' },
  base64Binary: { kind: 'bytes' },
};

/** A simple type of XML Schema as a type of a contract. */
export function simpleType({ builtin, variety, facets = {} }: XsdSimple): Type {
  const type = own(BUILT_IN, builtin) ?? { kind: 'text' };
  if (variety === 'list') return { kind: 'list', item: facets.enumeration === undefined ? type : literals(type, facets.enumeration) };
  if (facets.enumeration) return literals(type, facets.enumeration);
  if (type.kind === 'number') return bounded(type, facets);
  return type.kind === 'text' && type.format === undefined ? { ...type, ...textLimits(facets) } : type;
}

function literals(type: Type, values: readonly string[]): Type {
  const unique = [...new Set(values)];
  if (type.kind === 'text' && type.format === undefined) return { kind: 'literal', values: unique };
  const numbers = unique.map(Number);
  return type.kind === 'number' && numbers.every(Number.isFinite) ? { kind: 'literal', values: [...new Set(numbers)] } : type;
}

function bounded(type: NumberType, facets: XsdFacets): NumberType {
  const [min, max, above, below] = [facets['minInclusive'], facets['maxInclusive'], facets['minExclusive'], facets['maxExclusive']].map(
    numberOf,
  );
  return {
    ...type,
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(above !== undefined && { above }),
    ...(below !== undefined && { below }),
  };
}

function textLimits(facets: XsdFacets): Partial<TextType> {
  const exact = numberOf(facets['length']);
  const [min, max] = [exact ?? numberOf(facets['minLength']), exact ?? numberOf(facets['maxLength'])];
  const pattern = patternOf(facets['pattern']);
  return { ...(min !== undefined && min > 0 && { min }), ...(max !== undefined && { max }), ...(pattern !== undefined && { pattern }) };
}

function numberOf(value: XsdFacets[string]): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/**
 * A pattern of XML Schema, which is for the whole text. `\i`, `\c` and subtracted classes, which JavaScript does not have, do not compile with the flag `u`.
 */
function patternOf(value: XsdFacets[string]): string | undefined {
  if (typeof value !== 'string' || value.length > 500) return undefined;
  const source = `^(?:${value})$`;
  try {
    new RegExp(source, 'u');
    return source;
  } catch {
    return undefined;
  }
}
