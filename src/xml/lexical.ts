import { escapeText } from './text.ts';
import { toHex } from '../schema/codec/base64.ts';

/** Text without white space around it, and with one space for each inside. Source: https://www.w3.org/TR/xmlschema-2/#rf-whiteSpace */
export function collapse(text: string): string {
  return /^\S*$/.test(text) ? text : text.replace(/[\t\n\r ]+/g, ' ').trim();
}

/** A scalar as text. Throws a `TypeError` for anything else. */
export function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || value instanceof Uint8Array)
    return String(value);
  throw new TypeError('a text, number or boolean is expected');
}

/** `xs:decimal` has no exponent: 1e-7 is 0.0000001. */
export function decimalText(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d{1,4})$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * An instant of `xs:dateTime` as this library's dates are: in UTC, with the fraction as it was. Midnight may be the 24th hour of the day
 * before. An instant without a zone stays as it is, because its zone is unknown, and so does text that is not an instant.
 */
export function instantText(text: string): string {
  const word = collapse(text);
  const [, day = '', time = '', fraction = '', zone] = INSTANT.exec(word) ?? [];
  const isMidnight = time === '24:00:00' && /^(\.0+)?$/.test(fraction);
  if (day === '' || ((zone === undefined || zone === 'Z') && !isMidnight)) return word;
  const at = Date.parse(`${day}T${isMidnight ? '00:00:00' : time}${zone ?? 'Z'}`) + (isMidnight ? 86_400_000 : 0);
  return Number.isNaN(at) ? word : `${new Date(at).toISOString().slice(0, 19)}${fraction}${zone === undefined ? '' : 'Z'}`;
}

/** A day of `xs:date`, whose zone says nothing of which day it is; or of `xs:dateTime` at midnight, as some services write theirs. */
export function dateText(text: string): string {
  const word = collapse(text);
  return /^(-?\d{4,9}-\d\d-\d\d)(?:T00:00:00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?$/.exec(word)?.[1] ?? word;
}

/** A time of `xs:time` without its zone. Midnight may be the 24th hour. */
export function timeText(text: string): string {
  const word = collapse(text);
  const clock = /^(\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|[+-]\d\d:\d\d)?$/.exec(word)?.[1] ?? word;
  return clock.replace(/^24:00:00(?=\.0+$|$)/, '00:00:00');
}

/** Base64 without the white space that it may have. */
export function base64Text(text: string): string {
  return text.replace(/\s+/g, '');
}

/** A simple type of XML Schema: how its text is read, and how values are written. */
export interface Lexical {
  readonly read: (text: string) => string;
  /** Escaped. Throws a `TypeError` for a value that has no text of this type. */
  readonly write: (value: unknown) => string;
}

const asText = (text: string): string => text;
const writeText = (value: unknown): string => escapeText(scalarText(value));
const TEXT: Lexical = { read: asText, write: writeText };
const LINE: Lexical = { read: (text) => text.replace(/[\t\n\r]/g, ' '), write: writeText };
const WORD: Lexical = { read: collapse, write: writeText };

/** A type whose texts have a form: a value that has another is refused, because the service would refuse it, or read something else. */
function formed(name: string, form: RegExp, textOf: (value: unknown) => string = scalarText, read = collapse): Lexical {
  return {
    read,
    write(value) {
      const text = textOf(value);
      if (!form.test(collapse(text))) throw new TypeError(`the value is not an xs:${name}`);
      return escapeText(text);
    },
  };
}

const ZONE = '(?:Z|[+-]\\d\\d:\\d\\d)?$';
const DAY = '^-?\\d{4,9}-\\d\\d-\\d\\d';
const CLOCK = '\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?';
const BOOLEAN = formed('boolean', /^(?:true|false|1|0)$/);
const FLOAT_FORM = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN)$/;
const decimalOf = (value: unknown): string => decimalText(scalarText(value));
const DECIMAL = formed('decimal', /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/, decimalOf);
const DATE_TIME = formed('dateTime', new RegExp(`${DAY}T${CLOCK}${ZONE}`), dateTimeOf);
const DATE = formed('date', new RegExp(DAY + ZONE), (value) =>
  value instanceof Date ? value.toISOString().slice(0, 10) : scalarText(value),
);
const TIME = formed('time', new RegExp(`^${CLOCK}${ZONE}`), (value) =>
  value instanceof Date ? value.toISOString().slice(11) : scalarText(value),
);
const BASE64 = formed(
  'base64Binary',
  /^[A-Za-z0-9+/ ]*={0,2} ?=? ?$/,
  (value) => (value instanceof Uint8Array ? base64Of(value) : scalarText(value)),
  base64Text,
);
const HEX = formed('hexBinary', /^(?:[0-9a-fA-F]{2})*$/, (value) => (value instanceof Uint8Array ? toHex(value) : scalarText(value)));

function float(name: string): Lexical {
  return formed(name, FLOAT_FORM, (value) => (value === Infinity ? 'INF' : value === -Infinity ? '-INF' : scalarText(value)));
}

/** Whole numbers, within the bounds of the type. */
function whole(name: string, min?: bigint, max?: bigint): Lexical {
  const { write, read } = formed(name, /^[+-]?\d+$/, decimalOf);
  return {
    read,
    write(value) {
      const text = write(value);
      const number = BigInt(collapse(text).replace('+', ''));
      if ((min !== undefined && number < min) || (max !== undefined && number > max)) throw new TypeError(`the value is not an xs:${name}`);
      return text;
    },
  };
}

const signed = (name: string, bits: number): Lexical => whole(name, -(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n);
const unsigned = (name: string, bits: number): Lexical => whole(name, 0n, 2n ** BigInt(bits) - 1n);

function dateTimeOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  const text = scalarText(value);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00`;
  return text.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d)(Z|[+-]\d\d:\d\d)?$/, '$1:00$2');
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** The built-in types. Source: https://www.w3.org/TR/xmlschema-2/#built-in-datatypes */
export const LEXICAL: Readonly<Record<string, Lexical>> = {
  string: TEXT,
  anySimpleType: TEXT,
  anyAtomicType: TEXT,
  normalizedString: LINE,
  token: WORD,
  language: WORD,
  Name: WORD,
  NCName: WORD,
  NMTOKEN: WORD,
  ID: WORD,
  IDREF: WORD,
  ENTITY: WORD,
  QName: WORD,
  NOTATION: WORD,
  anyURI: WORD,
  boolean: BOOLEAN,
  decimal: DECIMAL,
  integer: whole('integer'),
  nonPositiveInteger: whole('nonPositiveInteger', undefined, 0n),
  negativeInteger: whole('negativeInteger', undefined, -1n),
  nonNegativeInteger: whole('nonNegativeInteger', 0n),
  positiveInteger: whole('positiveInteger', 1n),
  long: signed('long', 64),
  int: signed('int', 32),
  short: signed('short', 16),
  byte: signed('byte', 8),
  unsignedLong: unsigned('unsignedLong', 64),
  unsignedInt: unsigned('unsignedInt', 32),
  unsignedShort: unsigned('unsignedShort', 16),
  unsignedByte: unsigned('unsignedByte', 8),
  float: float('float'),
  double: float('double'),
  duration: WORD,
  dayTimeDuration: WORD,
  yearMonthDuration: WORD,
  dateTime: DATE_TIME,
  dateTimeStamp: DATE_TIME,
  date: DATE,
  time: TIME,
  gYear: WORD,
  gYearMonth: WORD,
  gMonth: WORD,
  gMonthDay: WORD,
  gDay: WORD,
  base64Binary: BASE64,
  hexBinary: HEX,
};

/** Built-in types that are lists of another. */
export const LISTS: Readonly<Record<string, string>> = {
  NMTOKENS: 'NMTOKEN',
  IDREFS: 'IDREF',
  ENTITIES: 'ENTITY',
};
