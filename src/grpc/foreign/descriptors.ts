import {
  FeatureSet_FieldPresence, FeatureSet_MessageEncoding, FieldDescriptorProto_Label, FieldDescriptorProto_Type, file_google_protobuf_any, file_google_protobuf_duration,
  file_google_protobuf_empty, file_google_protobuf_field_mask, file_google_protobuf_struct, file_google_protobuf_timestamp,
  file_google_protobuf_wrappers, type DescriptorProto, type EnumDescriptorProto, type FieldDescriptorProto, type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt'; // prettier-ignore
import { SCALARS, type Label, type ScalarType } from '../proto/proto.ts';

/** A type of a field, as the description of a foreign service has it. */
export type ForeignType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enum: ForeignEnum }
  /** Of a group the tag of its field stands before and after it: https://protobuf.dev/programming-guides/encoding/#groups */
  | { readonly kind: 'message'; readonly message: ForeignMessage; readonly isGroup: boolean };

export interface ForeignField {
  /** As the .proto has it: `made_at`; of an extension its full name in brackets: `[acme.v1.note]`. */
  readonly name: string;
  /** As protobuf's JSON has it: `madeAt`. */
  readonly jsonName: string;
  readonly number: number;
  readonly label: Label;
  /** Whether a field that was not sent differs from one that is zero. */
  readonly hasPresence: boolean;
  readonly type: ForeignType;
  /** The meaning of absence in proto2, as its .proto says it; `undefined` if it does not say. */
  readonly defaultText: string | undefined;
  /** The type of a map's keys. */
  readonly mapKey: ScalarType | undefined;
  /** The oneof of which it is a member, if that has others. */
  readonly oneof?: string | undefined;
  readonly deprecated: boolean;
}

export interface ForeignMessage {
  /** Full: `acme.v1.Item`. */
  readonly name: string;
  readonly fields: readonly ForeignField[];
  /** Of a message with `message_set_wire_format`: the numbers of its extensions, which may be larger than those of fields. */
  readonly typeIds?: readonly number[] | undefined;
}

export interface ForeignEnum {
  readonly name: string;
  readonly values: readonly { readonly name: string; readonly number: number }[];
}

/** One rpc of a described service. */
export interface DescribedRpc {
  readonly path: string;
  readonly request: ForeignMessage;
  readonly response: ForeignMessage;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const { MESSAGE, GROUP } = FieldDescriptorProto_Type;
const { REPEATED, REQUIRED } = FieldDescriptorProto_Label;
/** Described here if a description leaves them out, as descriptor sets without imports do. */
const WELL_KNOWN = [
  file_google_protobuf_any, file_google_protobuf_duration, file_google_protobuf_empty, file_google_protobuf_field_mask,
  file_google_protobuf_struct, file_google_protobuf_timestamp, file_google_protobuf_wrappers,
]; // prettier-ignore

/**
 * The messages and rpcs of .proto files by their full names. Names of types are resolved as protoc does, because protobufjs, and so
 * proto-loader, leaves them as they were written. Source: https://protobuf.dev/programming-guides/proto3/#name-resolution
 */
export class Descriptors {
  /** Several of one name if protobufjs has called a map's entry like another type. */
  readonly #messages = new Map<string, Message[]>();
  readonly #enums = new Map<string, ForeignEnum>();
  readonly #rpcs = new Map<string, DescribedRpc>();
  /** By the full name of the message that they extend. */
  readonly #extensions = new Map<string, Extension[]>();

  constructor(files: readonly FileDescriptorProto[]) {
    const given = new Set<string>();
    for (const file of files) {
      const key = `${file.package}/${file.name}`;
      if (!given.has(key)) this.#addFile(file);
      given.add(key);
    }
    for (const { proto } of WELL_KNOWN) {
      if (!proto.messageType.some(({ name }) => this.#messages.has(`${proto.package}.${name}`))) this.#addFile(proto);
    }
    for (const file of files) {
      this.#addExtensions(file.extension, file.package, file);
      for (const each of file.messageType) this.#addExtensionsIn(each, file.package, file);
    }
    for (const file of files) this.#addServices(file);
  }

  /** By path: `/acme.v1.Shop/GetItem`. */
  get rpcs(): ReadonlyMap<string, DescribedRpc> {
    return this.#rpcs;
  }

  /** The message of a full name. */
  message(name: string): ForeignMessage | undefined {
    return this.#messages.get(name)?.find(({ isMapEntry }) => !isMapEntry);
  }

  /** The fields that the files add to a message from outside. */
  extensionsOf(message: string): readonly Extension[] {
    return this.#extensions.get(message) ?? [];
  }

  /** The type that `name` means in `scope`. Throws a `TypeError` if it is not described. */
  resolve(name: string, scope: string, owner?: Message, field?: FieldDescriptorProto): Message | ForeignEnum {
    const absolute = name.startsWith('.');
    for (let at = absolute ? '' : scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const full = absolute ? name.slice(1) : at === '' ? name : `${at}.${name}`;
      const found = this.#messages.get(full)?.find((each) => !each.isMapEntry || (owner && field && isEntryOf(each, owner, field)));
      const type = found ?? this.#enums.get(full);
      if (type) return type;
      if (absolute || at === '') break;
    }
    throw new TypeError(`grpc: the definition does not describe '${name}', which ${scope} uses: give its imports too`);
  }

  #addFile(file: FileDescriptorProto): void {
    const syntax = file.syntax === '' || file.messageType.some(isProto2) ? 'proto2' : file.syntax;
    const addEnum = (scope: string, { name, value }: EnumDescriptorProto) => {
      const full = join(scope, name);
      this.#enums.set(full, { name: full, values: value.map((each) => ({ name: each.name, number: each.number })) });
    };
    const addMessage = (scope: string, proto: DescriptorProto): void => {
      const name = join(scope, proto.name);
      const message = new Message(
        name,
        proto,
        this,
        (field) => hasPresence(field, proto, file, syntax),
        (field) => isDelimited(field, proto, file),
      );
      this.#messages.set(name, [...(this.#messages.get(name) ?? []), message]);
      for (const each of proto.nestedType) addMessage(name, each);
      for (const each of proto.enumType) addEnum(name, each);
    };
    for (const each of file.messageType) addMessage(file.package, each);
    for (const each of file.enumType) addEnum(file.package, each);
  }

  #addExtensionsIn({ name, extension, nestedType }: DescriptorProto, scope: string, file: FileDescriptorProto): void {
    const own = join(scope, name);
    this.#addExtensions(extension, own, file);
    for (const each of nestedType) this.#addExtensionsIn(each, own, file);
  }

  #addExtensions(fields: readonly FieldDescriptorProto[], scope: string, file: FileDescriptorProto): void {
    for (const field of fields) {
      let owner: Message | ForeignEnum;
      try {
        owner = this.resolve(field.extendee, scope);
      } catch {
        // Of a message that no rpc of the definition can use, such as the options of descriptors.
        continue;
      }
      this.#extensions.set(owner.name, [
        ...this.extensionsOf(owner.name),
        { field, name: join(scope, field.name), scope, isGroup: isDelimited(field, undefined, file) },
      ]);
    }
  }

  #addServices(file: FileDescriptorProto): void {
    for (const service of file.service) {
      const name = join(file.package, service.name);
      for (const method of service.method) {
        const path = `/${name}/${method.name}`;
        const typeOf = (type: string): ForeignMessage => {
          const found = this.resolve(type, file.package);
          if (found instanceof Message) return found;
          throw new TypeError(`grpc: ${path} has an enum, and a message is needed`);
        };
        this.#rpcs.set(path, {
          path,
          request: typeOf(method.inputType),
          response: typeOf(method.outputType),
          requestStream: method.clientStreaming,
          responseStream: method.serverStreaming,
        });
      }
    }
  }
}

/** A field that a file adds to a message of its own or another file. */
interface Extension {
  readonly field: FieldDescriptorProto;
  /** Full: `acme.v1.note`. */
  readonly name: string;
  /** The scope in which names of types are looked for. */
  readonly scope: string;
  readonly isGroup: boolean;
}

class Message implements ForeignMessage {
  readonly name: string;
  readonly isMapEntry: boolean;
  #fields: readonly ForeignField[] | undefined;

  private readonly proto: DescriptorProto;
  private readonly all: Descriptors;
  private readonly presenceOf: (field: FieldDescriptorProto) => boolean;
  private readonly isGroup: (field: FieldDescriptorProto) => boolean;

  constructor(
    name: string,
    proto: DescriptorProto,
    all: Descriptors,
    presenceOf: (field: FieldDescriptorProto) => boolean,
    isGroup: (field: FieldDescriptorProto) => boolean,
  ) {
    this.name = name;
    this.isMapEntry = proto.options?.mapEntry ?? false;
    this.proto = proto;
    this.all = all;
    this.presenceOf = presenceOf;
    this.isGroup = isGroup;
  }

  /** Made on first use, because types lead to each other. */
  get fields(): readonly ForeignField[] {
    return (this.#fields ??= this.#isSet ? this.#allFields().map((field, index) => ({ ...field, number: index + 1 })) : this.#allFields());
  }

  get typeIds(): readonly number[] | undefined {
    return this.#isSet ? this.#allFields().map(({ number }) => number) : undefined;
  }

  get #isSet(): boolean {
    return this.proto.options?.messageSetWireFormat === true;
  }

  #allFields(): ForeignField[] {
    // protobufjs has extensions among the fields too, with a dot before their names.
    const isDotted = ({ name }: FieldDescriptorProto) => name.startsWith('.');
    const dotted = this.proto.field.filter(isDotted).map((field): Extension => {
      const name = field.name.slice(1);
      return { field, name, scope: name.slice(0, Math.max(0, name.lastIndexOf('.'))), isGroup: this.isGroup(field) };
    });
    const added = new Map([...this.all.extensionsOf(this.name), ...dotted].map((each) => [each.field.number, each]));
    return [
      ...this.proto.field.filter((field) => !isDotted(field)).map((field) => this.#field(field)),
      ...[...added.values()].map((each) => this.#extension(each)),
    ];
  }

  /** Source of its name: https://protobuf.dev/programming-guides/json/ */
  #extension({ field, name, scope, isGroup }: Extension): ForeignField {
    const isRepeated = field.label === REPEATED;
    return {
      name: `[${name}]`,
      jsonName: `[${name}]`,
      number: field.number,
      label: isRepeated ? 'repeated' : 'one',
      hasPresence: !isRepeated,
      type: this.#type(field, scope, isGroup),
      defaultText: defaultOf(field),
      mapKey: undefined,
      deprecated: field.options?.deprecated ?? false,
    };
  }

  #field(field: FieldDescriptorProto): ForeignField {
    const { name, number, label } = field;
    const type = this.#type(field);
    const base = {
      name,
      jsonName: field.jsonName === '' ? jsonName(name) : field.jsonName,
      number,
      defaultText: defaultOf(field),
      deprecated: field.options?.deprecated ?? false,
    };
    if (type.kind === 'message' && type.message instanceof Message && type.message.isMapEntry) {
      const [key, value] = [1, 2].map((each) => (type.message as Message).fields.find((member) => member.number === each));
      if (!value || key?.type.kind !== 'scalar') throw new TypeError(`grpc: ${this.name}.${name} is a map without keys and values`);
      return { ...base, label: 'map', hasPresence: false, type: value.type, mapKey: key.type.scalar };
    }
    const isRepeated = label === REPEATED;
    const oneof = hasOneof(field, this.proto) && !field.proto3Optional ? this.proto.oneofDecl[field.oneofIndex]?.name : undefined;
    return {
      ...base,
      label: isRepeated ? 'repeated' : 'one',
      hasPresence: !isRepeated && this.presenceOf(field),
      type,
      mapKey: undefined,
      oneof,
    };
  }

  #type(field: FieldDescriptorProto, scope = this.name, isGroup = this.isGroup(field)): ForeignType {
    if (field.typeName === '') {
      const scalar = SCALARS.find((each) => FieldDescriptorProto_Type[field.type] === each.toUpperCase());
      if (scalar === undefined) throw new TypeError(`grpc: ${this.name}.${field.name} has no type`);
      return { kind: 'scalar', scalar };
    }
    const found = this.all.resolve(field.typeName, scope, this, field);
    return found instanceof Message
      ? { kind: 'message', message: found, isGroup: !found.isMapEntry && isGroup }
      : { kind: 'enum', enum: found };
  }
}

/** A map's entry is used only by its own field; protoc names it `ByNoEntry`, protobufjs `By_no`. */
function isEntryOf(entry: Message, owner: Message, field: FieldDescriptorProto): boolean {
  const plain = (text: string) => text.replaceAll('_', '').toLowerCase();
  const [name, own] = [entry.name.slice(owner.name.length + 1), field.name].map((text) => plain(text ?? ''));
  return entry.name.startsWith(`${owner.name}.`) && (name === own || name === `${own}entry`);
}

/** Source: https://protobuf.dev/editions/features/#field_presence */
function hasPresence(field: FieldDescriptorProto, owner: DescriptorProto, file: FileDescriptorProto, syntax: string): boolean {
  if (field.oneofIndex !== undefined && hasOneof(field, owner)) return true;
  if (field.type === MESSAGE || field.type === GROUP) return true;
  if (field.proto3Optional) return true;
  if (syntax === 'proto3') return false;
  if (syntax === 'proto2') return true;
  const features = [field.options?.features, owner.options?.features, file.options?.features];
  const chosen = features
    .map((each) => each?.fieldPresence)
    .find((each) => each !== undefined && each !== FeatureSet_FieldPresence.FIELD_PRESENCE_UNKNOWN);
  return chosen !== FeatureSet_FieldPresence.IMPLICIT;
}

/** Whether a message has what proto3 does not: proto-loader says proto3 of every file. */
function isProto2({ field, nestedType }: DescriptorProto): boolean {
  return field.some((each) => defaultOf(each) !== undefined || each.label === REQUIRED || each.type === GROUP) || nestedType.some(isProto2);
}

/** Source: https://protobuf.dev/editions/features/#message_encoding */
function isDelimited(field: FieldDescriptorProto, owner: DescriptorProto | undefined, file: FileDescriptorProto): boolean {
  if (field.type === GROUP) return true;
  const chosen = [field.options?.features, owner?.options?.features, file.options?.features]
    .map((each) => each?.messageEncoding)
    .find((each) => each !== undefined && each !== FeatureSet_MessageEncoding.MESSAGE_ENCODING_UNKNOWN);
  // The key and the value of a map are not, whatever their file says.
  const isOfMap = owner?.options?.mapEntry === true;
  return field.type === MESSAGE && chosen === FeatureSet_MessageEncoding.DELIMITED && !isOfMap;
}

function defaultOf(field: FieldDescriptorProto): string | undefined {
  return Object.hasOwn(field, 'defaultValue') ? field.defaultValue : undefined;
}

/** An index of 0 is written by some for none. */
function hasOneof(field: FieldDescriptorProto, owner: DescriptorProto): boolean {
  return Object.hasOwn(field, 'oneofIndex') && owner.oneofDecl.length > field.oneofIndex;
}

/** Source: https://protobuf.dev/programming-guides/json/#field-names */
export function jsonName(name: string): string {
  return name.replace(/_+(.)?/g, (_, next: string | undefined) => (next === undefined ? '' : next.toUpperCase()));
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
