import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { SchemaNode, TypeUse } from '../../schema/node.ts';
import { BYTES, enumCodec, integerText, isLarge, SCALAR } from '../codec/scalar.ts';
import { Misfit, type ValueCodec } from '../codec/value.ts';
import { snake } from '../proto/names.ts';
import type { ProtoType, ScalarType } from '../proto/proto.ts';
import type { ForeignEnum } from './descriptors.ts';

/** A type with the codec between it and the contract's values. */
export function coded(name: string, codec: ValueCodec): ProtoType {
  return { kind: 'coded', name, codec };
}

const FLOATS: ReadonlySet<ScalarType> = new Set(['double', 'float']);

/** How a scalar carries a contract's type; `undefined` if it cannot. Source of the JSON forms: https://protobuf.dev/programming-guides/json/ */
export function scalarLeaf(scalar: ScalarType, node: SchemaNode): ProtoType | undefined {
  const plain: ProtoType = { kind: 'scalar', scalar, conversion: 'none' };
  const wanted = wantedOf(node);
  if (wanted === 'any') return coded(scalar, lenient(scalar));
  if (scalar === 'string') {
    if (wanted === 'text') return plain;
    return wanted === 'number' ? { kind: 'scalar', scalar, conversion: 'number-text' } : undefined;
  }
  if (scalar === 'bool') return wanted === 'boolean' ? plain : undefined;
  if (scalar === 'bytes') {
    if (node.kind === 'string' && node.binary === true) return coded(scalar, BYTES);
    return wanted === 'text' ? coded(scalar, BASE64) : undefined;
  }
  if (FLOATS.has(scalar)) return wanted === 'number' ? plain : undefined;
  if (wanted === 'text') return coded(scalar, integerText(scalar));
  if (wanted !== 'number') return undefined;
  return isLarge(scalar) ? coded(scalar, exactInteger(scalar)) : plain;
}

/** The JSON type of a contract's scalar; `any` for anything else. */
function wantedOf(node: SchemaNode): 'text' | 'number' | 'boolean' | 'any' | 'none' {
  switch (node.kind) {
    case 'string':
    case 'enum':
      return 'text';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'any':
    case 'union':
      return 'any';
    case 'literal': {
      const [type, ...others] = new Set(node.values.map((value) => typeof value));
      return others.length > 0 ? 'any' : type === 'string' ? 'text' : type === 'number' ? 'number' : 'boolean';
    }
    default:
      return 'none';
  }
}

/** A 64-bit integer as a number: one that a number cannot hold is refused, not rounded. */
function exactInteger(scalar: ScalarType): ValueCodec {
  const base = SCALAR[scalar];
  return {
    ...base,
    read(reader, left, previous) {
      const value = base.read(reader, left, previous);
      if (!Number.isSafeInteger(value))
        throw new Misfit(`an ${scalar} is larger than a number can hold: take int64() or z.string() for it`);
      return value;
    },
  };
}

const BASE64_FORM = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Bytes as base64, whose letters are checked, because other text would be lost in silence. */
const BASE64: ValueCodec = {
  ...SCALAR.bytes,
  write(writer: BinaryWriter, value: unknown) {
    if (typeof value !== 'string' || !BASE64_FORM.test(value)) throw new TypeError('a value is not base64');
    writer.bytes(Buffer.from(value, 'base64'));
  },
};

/** A scalar as protobuf's JSON has it, for values that no schema describes; takes what programs have, too: numbers, bigints, bytes. */
function lenient(scalar: ScalarType): ValueCodec {
  if (isLarge(scalar)) return integerText(scalar);
  const base = SCALAR[scalar];
  if (scalar === 'bytes') {
    return {
      ...base,
      write(writer: BinaryWriter, value: unknown) {
        if (value instanceof Uint8Array) writer.bytes(value);
        else BASE64.write(writer, value);
      },
    };
  }
  if (!FLOATS.has(scalar)) return base;
  return {
    ...base,
    write(writer: BinaryWriter, value: unknown) {
      const number = value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
      base.write(writer, number);
    },
    read(reader, left, previous) {
      const value = base.read(reader, left, previous) as number;
      return Number.isFinite(value) ? value : String(value);
    },
  };
}

/**
 * How an enum carries a contract's type: by its names, of which the contract may leave out the prefix and the case (`book` for
 * `KIND_BOOK`), or by its numbers. Gives a text that says what is wrong if it cannot.
 */
export function enumLeaf({ name, values }: ForeignEnum, use: TypeUse, mayBeAbsent: boolean): ProtoType | string {
  const { node } = use;
  const wanted = wantedOf(node);
  if (wanted === 'number') return { kind: 'scalar', scalar: 'int32', conversion: 'none' };
  if (wanted === 'boolean' || wanted === 'none') return `the enum ${name} is text or a number`;
  const own = values.map((value) => ({ value: value.name, name: value.name, number: value.number }));
  const zero = values.find(({ number }) => number === 0)?.name;
  if (node.kind !== 'enum' && node.kind !== 'literal') {
    const codec = enumCodec({ name, values: own }, zero);
    return coded(name, wanted === 'any' ? withNumbers(codec) : withNumberTexts(codec));
  }
  const mapped = node.values.map((value) => ({ value: String(value), name: String(value), number: numberOf(String(value), name, values) }));
  const unknown = mapped.find(({ number }) => number === undefined);
  if (unknown) return `the enum ${name} has no '${unknown.value}': it has ${values.map((value) => value.name).join(', ')}`;
  const known = mapped as { value: string; name: string; number: number }[];
  const zeroText = known.find(({ number }) => number === 0)?.value;
  // The value 0 means that nothing was said: a contract that has no word for it may leave the field out.
  const rest = own.filter(({ number }) => !known.some((each) => each.number === number));
  const codec = enumCodec({ name, values: [...known, ...rest] }, zeroText ?? (mayBeAbsent ? undefined : zero));
  if (zeroText !== undefined || !mayBeAbsent) return coded(name, codec);
  return coded(name, { ...codec, read: (reader, left) => absentIf(codec.read(reader, left, undefined), zero) });
}

function absentIf(value: unknown, zero: string | undefined): unknown {
  return value === zero ? undefined : value;
}

/** For values that no schema describes: also by number, which is how some generated code has them. */
function withNumbers(codec: ValueCodec): ValueCodec {
  return {
    ...codec,
    write(writer: BinaryWriter, value: unknown) {
      if (typeof value === 'number') writer.int32(value);
      else codec.write(writer, value);
    },
  };
}

/** For texts: a value that the description does not know yet is its number as text. */
function withNumberTexts(codec: ValueCodec): ValueCodec {
  return {
    ...codec,
    write(writer: BinaryWriter, value: unknown) {
      if (typeof value === 'string' && /^-?\d{1,10}$/.test(value)) writer.int32(Number(value));
      else codec.write(writer, value);
    },
    read: (reader, left, previous) => String(codec.read(reader, left, previous)),
  };
}

function numberOf(value: string, enumName: string, values: ForeignEnum['values']): number | undefined {
  const exact = values.find(({ name }) => name === value);
  if (exact) return exact.number;
  const word = snake(`x_${value}`).slice(2).toUpperCase();
  const prefix = snake(enumName.slice(enumName.lastIndexOf('.') + 1)).toUpperCase();
  const alike = values.filter(({ name }) => name.toUpperCase() === `${prefix}_${word}` || name.toUpperCase() === word);
  return alike.length === 1 ? alike[0]?.number : undefined;
}
