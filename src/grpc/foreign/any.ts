import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ApiError } from '../../core/errors.ts';
import { codecOf, type MessageCodec } from '../codec/codec.ts';
import { eachField } from '../codec/fields.ts';
import { TooDeep } from '../codec/too-deep.ts';
import { SCALAR, valueCodec } from '../codec/scalar.ts';
import { Misfit, type ValueCodec } from '../codec/value.ts';
import type { ProtoType } from '../proto/proto.ts';
import type { ForeignMessage } from './descriptors.ts';

/** The content of an Any: `isValue` if its JSON is one value, which then is the member `value`. */
export interface AnyContent {
  readonly isValue: boolean;
  readonly type: ProtoType;
}

/** The codec of a type, with its length before it. */
export function codecOfType(type: ProtoType): ValueCodec {
  return type.kind === 'message' ? codecOf(type.message) : valueCodec(type, undefined);
}

/**
 * `google.protobuf.Any` as protobuf's JSON has it: `{ "@type": "type.googleapis.com/acme.v1.Item", …fields }`. A type that is not described
 * keeps its bytes, as base64 in `value`. Source: https://protobuf.dev/programming-guides/json/#any
 */
export function anyCodec(
  find: (name: string) => ForeignMessage | undefined,
  contentOf: (message: ForeignMessage) => AnyContent,
): ValueCodec {
  const known = new Map<string, AnyContent | undefined>();
  const content = (url: string): AnyContent | undefined => {
    const name = url.slice(url.lastIndexOf('/') + 1);
    if (known.has(name)) return known.get(name);
    const message = find(name);
    const found = message && contentOf(message);
    if (known.size < 1000) known.set(name, found);
    return found;
  };
  return {
    wire: WireType.LengthDelimited,
    zero: undefined,
    packable: false,
    write(writer: BinaryWriter, given: unknown) {
      const { '@type': url, ...rest } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
      writer.fork();
      // An Any that holds nothing.
      if (typeof given === 'object' && given !== null && Object.keys(given).length === 0) return void writer.join();
      if (typeof url !== 'string' || url === '') throw new TypeError("an Any has its type in '@type'");
      const found = content(url);
      writer.uint32(10).string(url).uint32(18);
      if (!found) {
        if (typeof rest['value'] !== 'string')
          throw new TypeError(`the definition does not describe '${url}': its bytes go into 'value', as base64`);
        SCALAR.bytes.write(writer, rest['value']);
      } else codecOfType(found.type).write(writer, found.isValue ? rest['value'] : rest);
      writer.join();
    },
    read(reader, left) {
      if (left < 1) throw new TooDeep();
      const end = reader.uint32() + reader.pos;
      let url = '';
      let bytes: Uint8Array = new Uint8Array();
      eachField(reader, end, (tag) => {
        if (tag === 10) url = reader.string(true);
        else if (tag === 18) bytes = reader.bytes();
        else return false;
        return true;
      });
      if (reader.pos !== end) throw new RangeError('a message is longer than it says');
      if (url === '' && bytes.length === 0) return {};
      if (url === '') throw new Misfit('an Any has a value and no type');
      const found = content(url);
      if (!found) return { '@type': url, value: Buffer.from(bytes).toString('base64') };
      const value = readWhole(codecOfType(found.type), bytes, left - 1);
      return found.isValue ? { '@type': url, value } : { '@type': url, ...(value as object) };
    },
  };
}

/** Reads what a codec reads after a length, of bytes that have none. */
export function readWhole(codec: ValueCodec, bytes: Uint8Array, left: number, previous?: unknown): unknown {
  const header = Buffer.alloc(5);
  let size = 0;
  for (let length = bytes.length; ; length >>>= 7) {
    header[size++] = length > 127 ? (length & 127) | 128 : length;
    if (length <= 127) break;
  }
  const reader = new BinaryReader(Buffer.concat([header.subarray(0, size), bytes]));
  const value = codec.read(reader, left, previous);
  if (reader.pos !== reader.len) throw new Misfit('a message is shorter than its bytes');
  return value;
}

/** The codec of a whole message that is one value of JSON, such as a Timestamp. */
export function bareCodec(type: ProtoType, maxDepth: number): MessageCodec<Buffer> {
  const codec = codecOfType(type);
  const name = type.kind === 'coded' ? type.name : type.kind;
  return {
    encode(value) {
      const writer = new BinaryWriter();
      codec.write(writer, value);
      return Buffer.from(new BinaryReader(writer.finish()).bytes());
    },
    decode(bytes) {
      try {
        return readWhole(codec, bytes, maxDepth);
      } catch (cause) {
        throw new ApiError('INVALID_ARGUMENT', `this is not a ${name} message`, { cause });
      }
    },
  };
}
