import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { integerText, isLarge, SCALAR } from '../codec/scalar.ts';
import { Misfit, type ValueCodec } from '../codec/value.ts';
import type { Scalar } from '../../schema/node.ts';
import type { ProtoType } from '../proto/proto.ts';
import { eachField } from '../codec/fields.ts';
import { codecOfType, readWhole } from './any.ts';
import type { ForeignField } from './descriptors.ts';

/**
 * A message whose field has a tag before and one after it, without a length. Its codec is made with the first value, because a group may contain itself.
 * Source: https://protobuf.dev/programming-guides/encoding/#groups
 */
export function groupCodec(number: number, type: ProtoType): ValueCodec {
  let made: ValueCodec | undefined;
  const message = () => (made ??= codecOfType(type));
  const end = ((number << 3) | WireType.EndGroup) >>> 0;
  const endLength = new BinaryWriter().uint32(end).finish().length;
  return {
    wire: WireType.StartGroup,
    zero: undefined,
    packable: false,
    write(writer: BinaryWriter, value: unknown) {
      const inner = new BinaryWriter();
      message().write(inner, value);
      writer.raw(new BinaryReader(inner.finish()).bytes()).uint32(end);
    },
    read(reader, left) {
      const bytes = reader.skip(WireType.StartGroup, number);
      return readWhole(message(), bytes.subarray(0, bytes.length - endLength), left);
    },
  };
}

const ITEM = (1 << 3) | WireType.StartGroup;
const ITEM_END = (1 << 3) | WireType.EndGroup;
const TYPE_ID = (2 << 3) | WireType.Varint;
const CONTENT = (3 << 3) | WireType.LengthDelimited;

/**
 * A message with `message_set_wire_format`: each of its extensions is a group of a number and bytes. `ids` has those numbers, in the order of
 * the message's fields. An item of another number is dropped, as an unknown field is.
 * Source: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto, `message_set_wire_format`
 */
export function messageSetCodec(ids: readonly number[], type: ProtoType): ValueCodec {
  let made: ValueCodec | undefined;
  const message = () => (made ??= codecOfType(type));
  return {
    wire: WireType.LengthDelimited,
    zero: undefined,
    packable: false,
    write(writer: BinaryWriter, value: unknown) {
      const plain = new BinaryWriter();
      message().write(plain, value);
      const fields = new BinaryReader(new BinaryReader(plain.finish()).bytes());
      writer.fork();
      while (fields.pos < fields.len) {
        const [number] = fields.tag();
        writer.uint32(ITEM).uint32(TYPE_ID).uint32(ids[number - 1] ?? 0).uint32(CONTENT).bytes(fields.bytes()).uint32(ITEM_END); // prettier-ignore
      }
      writer.join();
    },
    read(reader, left, previous) {
      const set = new BinaryReader(reader.bytes());
      const plain = new BinaryWriter();
      eachField(set, set.len, (tag) => {
        if (tag !== ITEM) return false;
        let id: number | undefined;
        let content = new Uint8Array();
        for (let inner = set.uint32(); inner !== ITEM_END; inner = set.uint32()) {
          if (inner === TYPE_ID) id ??= set.uint32();
          else if (inner === CONTENT) content = Buffer.concat([content, set.bytes()]);
          else set.skip(inner & 7, inner >>> 3);
        }
        const number = id === undefined ? 0 : ids.indexOf(id) + 1;
        if (number > 0) plain.tag(number, WireType.LengthDelimited).bytes(content);
        return true;
      });
      return readWhole(message(), plain.finish(), left, previous);
    },
  };
}

/**
 * The value of a field that was not sent, as the contract has it: read by the contract's own codec from the wire form of the default.
 * Source: https://protobuf.dev/programming-guides/proto2/#optional
 */
export function defaultOf({ type: foreign, defaultText: text }: ForeignField, type: ProtoType): Scalar | undefined {
  if (text === undefined || foreign.kind === 'message') return undefined;
  const writer = new BinaryWriter();
  if (foreign.kind === 'enum') writer.int32(foreign.enum.values.find(({ name }) => name === text)?.number ?? 0);
  else if (isLarge(foreign.scalar)) integerText(foreign.scalar).write(writer, text);
  else SCALAR[foreign.scalar].write(writer, parsed(foreign.scalar, text));
  try {
    return codecOfType(type).read(new BinaryReader(writer.finish()), 0, undefined) as Scalar | undefined;
  } catch (error) {
    // The contract's type cannot hold it: a reply without the field is refused as one that lacks it.
    if (error instanceof Misfit) return undefined;
    throw error;
  }
}

/** Source of the forms: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto, `default_value` */
function parsed(scalar: string, text: string): unknown {
  switch (scalar) {
    case 'string':
      return text;
    case 'bytes':
      return Buffer.from(unescaped(text), 'latin1').toString('base64');
    case 'bool':
      return text === 'true';
    case 'double':
    case 'float':
      return text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);
    default:
      return Number(text);
  }
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** C's escapes, by which a default of bytes is ASCII. */
function unescaped(text: string): string {
  return text.replace(/\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.))/gs, (_, octal?: string, hex?: string, letter?: string) => {
    if (letter !== undefined) return ESCAPES[letter] ?? letter;
    return String.fromCharCode(Number(octal === undefined ? `0x${hex ?? 0}` : `0o${octal}`));
  });
}
