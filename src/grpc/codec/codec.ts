import { BinaryReader, WireType, type BinaryWriter } from '@bufbuild/protobuf/wire';
import { ApiError } from '../../core/errors.ts';
import { compileVariant } from '../../schema/union/variant.ts';
import { setOwn } from '../../core/own.ts';
import { MAX_DEPTH } from '../../peer/json.ts';
import { tooManyItems } from '../../guard/max-items.ts';
import { budget, spend, TooDeep, TooMany } from './too-deep.ts';
import type { ProtoEntry, ProtoField, ProtoMessage } from '../proto/proto.ts';
import { SCALAR, valueCodec } from './scalar.ts';
import { Misfit, Unencodable, type ValueCodec } from './value.ts';
import { fails, MessageWriter } from './writer.ts';

type Values = Record<string, unknown>;
type WriteEntry = (writer: BinaryWriter, value: unknown) => void;
type ReadEntry = (reader: BinaryReader, target: Values, left: number) => void;

/** Turns values into messages and back: into bytes, or into the text of JSON. */
export interface MessageCodec<Out = Uint8Array, In = Uint8Array> {
  /** Throws {@link Unencodable} if the value is not what the contract says, or its field cannot carry it. */
  encode(value: unknown): Out;
  /**
   * Throws INVALID_ARGUMENT for bytes that are not such a message, one nested too deeply, or one with more items. Unknown fields are
   * dropped. @default maxItems Infinity
   */
  decode(message: In, maxItems?: number): unknown;
}

/** Names the place at which a value does not fit its message. */
export interface PathFinder {
  pathOfFailure(value: unknown): (string | number)[];
}

const codecs = new WeakMap<ProtoMessage, Codec>();

/** The codec of a message; compiled once. */
export function codecOf(message: ProtoMessage): MessageCodec<Uint8Array<ArrayBuffer>> & PathFinder & ValueCodec {
  let codec = codecs.get(message);
  if (!codec) {
    codecs.set(message, (codec = new Codec(message)));
    // Afterwards, because a message may contain itself.
    codec.compile();
  }
  return codec;
}

/** One writer for all: writing is synchronous, and its buffer is worth keeping. */
let shared = new MessageWriter();
const LARGE = 65_536;

class Codec implements MessageCodec<Uint8Array<ArrayBuffer>>, PathFinder, ValueCodec {
  readonly wire = WireType.LengthDelimited;
  readonly zero = undefined;
  readonly packable = false;
  #writeFields: (writer: BinaryWriter, value: unknown) => void = () => {};
  readonly #readers = new Map<number, ReadEntry>();
  /** A message without any field, with each property in its place; lists and records are made anew for each. */
  readonly #empty: Values = {};
  readonly #collections: (readonly [property: string, isMap: boolean])[] = [];
  /** Properties whose absence shows. */
  readonly #mayLack: string[] = [];

  private readonly message: ProtoMessage;

  constructor(message: ProtoMessage) {
    this.message = message;
  }

  encode(value: unknown): Uint8Array<ArrayBuffer> {
    const writer = shared;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      this.#writeFields(writer, value);
      bytes = writer.finish();
    } catch (error) {
      shared = new MessageWriter();
      throw new Unencodable(this.pathOfFailure(value), (error as Error).message);
    }
    if (bytes.length > LARGE) shared = new MessageWriter();
    return bytes;
  }

  decode(bytes: Uint8Array, maxItems = Infinity): unknown {
    budget.items = maxItems;
    try {
      return this.#read(new BinaryReader(bytes), bytes.length, MAX_DEPTH);
    } catch (cause) {
      if (cause instanceof TooMany) throw tooManyItems(maxItems);
      const why = cause instanceof TooDeep || cause instanceof Misfit ? cause.message : 'the bytes do not fit the .proto file';
      throw new ApiError('INVALID_ARGUMENT', `this is not a ${this.message.name} message: ${why}`, { cause });
    } finally {
      budget.items = Infinity;
    }
  }

  write(writer: BinaryWriter, value: unknown): void {
    writer.fork();
    this.#writeFields(writer, value);
    writer.join();
  }

  read(reader: BinaryReader, left: number, previous: unknown): unknown {
    return this.#read(reader, reader.uint32(), left, previous);
  }

  /** The place at which writing a value fails. It is found by writing each part by itself, so that writing itself does not keep track. */
  pathOfFailure(value: unknown): (string | number)[] {
    const { entries, shape } = this.message;
    if (shape === 'object' && (typeof value !== 'object' || value === null || fails(() => this.#named(value as Values)))) return [];
    const members = shape === 'object' ? this.#named(value as Values) : {};
    for (const entry of entries) {
      const member: unknown = shape === 'object' ? members[entry.property] : value;
      if (!fails((writer) => compileWrite(entry)(writer, member))) continue;
      const inner = pathIn(entry, member);
      // Of a union it is one variant that fails, and the others too.
      if (shape === 'union' && inner.length === 0) continue;
      return shape === 'object' ? [entry.property, ...inner] : inner;
    }
    return [];
  }

  compile(): void {
    const { entries, shape } = this.message;
    const writers = entries
      .flatMap((entry) => [
        { number: entry.field.number, property: entry.property, write: compileWrite(entry) },
        ...(entry.nullField
          ? [{ number: entry.nullField.number, property: entry.property, write: compileWriteNull(entry.nullField) }]
          : []),
      ])
      // In the order of their numbers, as every other library does; a union's stay in the order of its variants.
      .sort((a, b) => (shape === 'union' ? 0 : a.number - b.number));
    for (const entry of entries) this.#compileRead(entry);
    if (shape === 'object') {
      this.#writeFields = (writer, value) => {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError(`a ${this.message.name} is an object`);
        const members = this.#named(value as Values);
        this.message.check?.(members);
        for (const { property, write } of writers) write(writer, members[property]);
      };
    } else if (shape === 'wrapper') {
      this.#writeFields = (writer, value) => {
        for (const { write } of writers) write(writer, value);
      };
    } else {
      const variantOf = compileVariant(this.message.discriminator, this.message.variants);
      this.#writeFields = (writer, value) => {
        const write = writers[variantOf(value)]?.write;
        if (!write) throw new TypeError(`a ${this.message.name} is none of its variants`);
        write(writer, value);
      };
    }
  }

  /** The members of a value by the names of its properties. */
  #named(value: Values): Values {
    const { strictNames, name } = this.message;
    if (!strictNames) return value;
    // Without a prototype: a field may be named as a member of every object.
    const named = Object.create(null) as Values;
    for (const [key, member] of Object.entries(value)) {
      const property = strictNames.get(key);
      if (property !== undefined) named[property] = member;
      else if (member !== undefined) throw new TypeError(`a ${name} has no field '${key.slice(0, 100)}'`);
    }
    return named;
  }

  /** Reads into `previous` if the message was sent before: the two are one. */
  #read(reader: BinaryReader, length: number, left: number, previous?: unknown): unknown {
    const isObject = this.message.shape === 'object';
    // Only an object is a level of its own: the other shapes are the protocol's.
    if (isObject && left < 1) throw new TooDeep();
    const inner = isObject ? left - 1 : left;
    const end = reader.pos + length;
    const target = previous === undefined || previous === null ? this.#start() : isObject ? (previous as Values) : reopen(previous);
    let tag = 0;
    try {
      while (reader.pos < end) {
        tag = reader.uint32();
        spend();
        const read = this.#readers.get(tag);
        if (read) read(reader, target, inner);
        else skip(reader, tag);
      }
    } catch (error) {
      throw error instanceof Misfit && isObject ? this.#placed(error, tag >>> 3) : error;
    }
    if (reader.pos !== end) throw new RangeError('a field is longer than its message');
    if (isObject) return this.#withoutAbsent(target);
    return this.message.shape === 'union' ? close(target) : target[SOLE];
  }

  /** With the name of the field before it. */
  #placed({ message }: Misfit, number: number): Misfit {
    return new Misfit(`${this.message.entries.find(({ field }) => field.number === number)?.property ?? number}: ${message}`);
  }

  #start(): Values {
    const target: Values = { ...this.#empty };
    for (const [property, isMap] of this.#collections) target[property] = isMap ? {} : [];
    return target;
  }

  /** Properties are there from the start, because adding them one by one costs more than reading them: those that did not come go. */
  #withoutAbsent(target: Values): Values {
    if (!this.#mayLack.some((property) => target[property] === undefined)) return target;
    const present: Values = {};
    for (const property in target) if (target[property] !== undefined) present[property] = target[property];
    return present;
  }

  #compileRead(entry: ProtoEntry): void {
    const { field, nullField, implied, absentIsNull } = entry;
    const property = this.message.shape === 'object' ? entry.property : SOLE;
    const { number, label, type } = field;
    const codec = type.kind === 'message' ? codecOf(type.message) : valueCodec(type, entry.node);
    const set = (wire: WireType, read: ReadEntry) => this.#readers.set(((number << 3) | wire) >>> 0, read);
    if (label === 'map') {
      this.#collect(property, {}, true);
      set(WireType.LengthDelimited, (reader, target, left) => readMapEntry(reader, target[property] as Values, codec, left, field.mapKey));
      return;
    }
    if (label === 'repeated') {
      this.#collect(property, [], false);
      set(codec.wire, (reader, target, left) => {
        if (left < 1) throw new TooDeep();
        (target[property] as unknown[]).push(codec.read(reader, left - 1, undefined));
      });
      if (codec.packable) set(WireType.LengthDelimited, (reader, target) => readPacked(reader, target[property] as unknown[], codec));
      return;
    }
    const hasPresence = field.optional || field.oneof !== undefined;
    const sent = hasPresence ? undefined : codec.zero;
    const zero = implied !== undefined ? implied : sent === undefined && absentIsNull === true ? null : sent;
    this.#empty[property] = zero;
    if (zero === undefined) this.#mayLack.push(property);
    if (this.message.shape === 'union') {
      this.#empty[VARIANT] = undefined;
      set(codec.wire, (reader, target, left) => {
        target[SOLE] = codec.read(reader, left, target[VARIANT] === number ? target[SOLE] : undefined);
        target[VARIANT] = number;
      });
      return;
    }
    const rivals = this.message.rivals?.get(property);
    set(codec.wire, (reader, target, left) => {
      if (rivals) for (const rival of rivals) target[rival] = this.#empty[rival];
      target[property] = codec.read(reader, left, target[property]);
    });
    if (nullField) {
      this.#readers.set(((nullField.number << 3) | WireType.Varint) >>> 0, (reader, target) => {
        reader.int32();
        target[property] = null;
      });
    }
  }

  #collect(property: string, empty: unknown, isMap: boolean): void {
    this.#empty[property] = empty;
    this.#collections.push([property, isMap]);
  }
}

/** The key under which a message that is not an object keeps its one value while it is read, and a union the number of its field. */
const SOLE = 'value';
const VARIANT = 'variant';

/** Which variant a union's value came as, should more of it come. */
const variants = new WeakMap<object, unknown>();

function reopen(previous: unknown): Values {
  return { [SOLE]: previous, [VARIANT]: typeof previous === 'object' && previous !== null ? variants.get(previous) : undefined };
}

function close(union: Values): unknown {
  const value = union[SOLE];
  if (typeof value === 'object' && value !== null) variants.set(value, union[VARIANT]);
  return value;
}

function skip(reader: BinaryReader, tag: number): void {
  if (tag >>> 3 === 0) throw new RangeError('a field has the number 0');
  reader.skip(tag & 7, tag >>> 3);
}

/** Writes the field that stands for null. */
function compileWriteNull(field: ProtoField): WriteEntry {
  const tag = tagOf(field, WireType.Varint);
  return (writer, value) => {
    if (value === null) writer.uint32(tag).int32(0);
  };
}

/** Writes a field, for which null is as if it were not there. */
function compileWrite(entry: ProtoEntry): WriteEntry {
  const write = compileWritePresent(entry);
  if (entry.absentIsNull === undefined) return write;
  return (writer, value) => {
    if (value !== null) write(writer, value);
  };
}

function compileWritePresent({ property, field, nullField, node, implied, required }: ProtoEntry): WriteEntry {
  const absent = (): void => {
    if (required) throw new TypeError(`${property} is missing`);
  };
  const codec = field.type.kind === 'message' ? codecOf(field.type.message) : valueCodec(field.type, node);
  const tag = tagOf(field, codec.wire);
  const packedTag = tagOf(field, WireType.LengthDelimited);
  if (field.label === 'map') {
    const valueTag = (2 << 3) | codec.wire;
    const keyCodec = field.mapKey ?? TEXT_KEY;
    const keyTag = (1 << 3) | keyCodec.wire;
    return (writer, record) => {
      if (record === undefined) return absent();
      if (typeof record !== 'object' || record === null || Array.isArray(record)) throw new TypeError(`${property} is not a record`);
      for (const [key, value] of Object.entries(record)) {
        keyCodec.write(writer.uint32(packedTag).fork().uint32(keyTag), key);
        writer.uint32(valueTag);
        codec.write(writer, value);
        writer.join();
      }
    };
  }
  if (field.label === 'repeated') {
    if (!codec.packable) {
      return (writer, list) => {
        if (list === undefined) return absent();
        if (!Array.isArray(list)) throw new TypeError(`${property} is not a list`);
        for (const item of list) codec.write(writer.uint32(tag), item);
      };
    }
    return (writer, list) => {
      if (list === undefined) return absent();
      if (!Array.isArray(list)) throw new TypeError(`${property} is not a list`);
      if (list.length === 0) return;
      writer.uint32(packedTag).fork();
      for (const item of list) codec.write(writer, item);
      writer.join();
    };
  }
  if (nullField) {
    return (writer, value) => {
      if (value === undefined) absent();
      else if (value !== null) codec.write(writer.uint32(tag), value);
    };
  }
  const zero = field.optional || field.oneof !== undefined || implied !== undefined ? undefined : codec.zero;
  return (writer, value) => {
    if (value === undefined) absent();
    else if (value !== zero) codec.write(writer.uint32(tag), value);
  };
}

function tagOf({ number }: ProtoField, wire: WireType): number {
  return ((number << 3) | wire) >>> 0;
}

function readPacked(reader: BinaryReader, list: unknown[], codec: ValueCodec): void {
  const end = reader.uint32() + reader.pos;
  while (reader.pos < end) {
    spend();
    list.push(codec.read(reader, 0, undefined));
  }
  if (reader.pos !== end) throw new RangeError('an item is longer than its list');
}

function readMapEntry(reader: BinaryReader, record: Values, codec: ValueCodec, left: number, keyCodec: ValueCodec = TEXT_KEY): void {
  if (left < 1) throw new TooDeep();
  const end = reader.uint32() + reader.pos;
  const valueTag = (2 << 3) | codec.wire;
  const keyTag = (1 << 3) | keyCodec.wire;
  let key = keyCodec.zero as string;
  let value = codec.zero;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === keyTag) key = keyCodec.read(reader, 0, undefined) as string;
    else if (tag === valueTag) value = codec.read(reader, left - 1, value);
    else skip(reader, tag);
  }
  if (reader.pos !== end) throw new RangeError('an entry is longer than it says');
  // A message that was left out is an empty one: https://protobuf.dev/programming-guides/encoding/#maps
  if (value === undefined && codec instanceof Codec) value = codec.read(new BinaryReader(NOTHING), left - 1, undefined);
  setOwn(record, key, value);
}

const TEXT_KEY = SCALAR.string;
/** The length of an empty message. */
const NOTHING = new Uint8Array(1);

/** The part of a field's value that cannot be written: nothing if it is the value itself. */
function pathIn({ field, node }: ProtoEntry, value: unknown): (string | number)[] {
  const codec = field.type.kind === 'message' ? codecOf(field.type.message) : valueCodec(field.type, node);
  const pathOf = (item: unknown) => (codec instanceof Codec ? codec.pathOfFailure(item) : []);
  if (field.label === 'one') return pathOf(value);
  for (const [key, item] of Object.entries((value ?? {}) as Values)) {
    if (fails((writer) => codec.write(writer, item))) return [field.label === 'map' ? key : Number(key), ...pathOf(item)];
  }
  return [];
}
