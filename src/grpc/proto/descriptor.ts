import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorProtoSchema, file_google_protobuf_empty, file_google_protobuf_struct,
  file_google_protobuf_timestamp, MethodOptions_IdempotencyLevel, type DescriptorProtoSchema, type EnumDescriptorProtoSchema, type FieldDescriptorProtoSchema, type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt'; // prettier-ignore
import { jsonName, unspecified, pascal } from './names.ts';
import { typeName, type ProtoEnum, type ProtoField, type ProtoFile, type ProtoMessage, type ProtoType } from './proto.ts';
import { importsOf } from '../schema.ts';

type Field = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type Message = MessageInitShape<typeof DescriptorProtoSchema>;

const IMPORTS = [file_google_protobuf_empty, file_google_protobuf_struct, file_google_protobuf_timestamp];

/** A .proto file and those it imports, as `google.protobuf.FileDescriptorProto`s. */
export function descriptorsOf(file: ProtoFile): FileDescriptorProto[] {
  const imports = importsOf(file);
  const own = create(FileDescriptorProtoSchema, {
    name: `${file.package.replaceAll('.', '/')}/${file.package.split('.')[0]}.proto`,
    package: file.package,
    syntax: 'proto3',
    dependency: imports,
    messageType: file.messages.map((message) => messageOf(message, file.package)),
    enumType: file.enums.map(enumOf),
    service: file.services.map(({ name, methods }) => ({
      name,
      method: methods.map((method) => ({
        name: method.name,
        inputType: method.request ? `.${file.package}.${method.request.name}` : '.google.protobuf.Empty',
        outputType: method.response ? `.${file.package}.${method.response.name}` : '.google.protobuf.Empty',
        clientStreaming: method.requestStream,
        serverStreaming: method.responseStream,
        ...((method.deprecated || method.hasNoSideEffects) && {
          options: {
            ...(method.deprecated && { deprecated: true }),
            ...(method.hasNoSideEffects && { idempotencyLevel: MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS }),
          },
        }),
      })),
    })),
  });
  const imported = IMPORTS.map(({ proto }) => proto).filter(({ name }) => imports.includes(name));
  return [own, ...imported];
}

function messageOf({ name, entries, reserved, reservedNames, deprecated }: ProtoMessage, scope: string): Message {
  const fields = entries.flatMap(({ field, nullField }) => (nullField ? [field, nullField] : [field]));
  const oneofs = [...new Set(fields.flatMap(({ oneof }) => oneof ?? []))];
  // An optional field is a oneof of its own, after the others: https://github.com/protocolbuffers/protobuf/blob/main/docs/implementing_proto3_presence.md
  const synthetic = fields.filter(({ optional }) => optional).map((field) => `_${field.name}`);
  const all = [...oneofs, ...synthetic];
  return {
    name,
    field: fields.map((field) => fieldOf(field, `${scope}.${name}`, scope, all)),
    nestedType: fields.filter(({ label }) => label === 'map').map((field) => entryOf(field, scope)),
    oneofDecl: all.map((oneof) => ({ name: oneof })),
    reservedRange: reserved.map((number) => ({ start: number, end: number + 1 })),
    reservedName: [...reservedNames],
    ...(deprecated && { options: { deprecated } }),
  };
}

function fieldOf(
  { name, number, type, label, optional, oneof, deprecated }: ProtoField,
  owner: string,
  scope: string,
  oneofs: readonly string[],
): Field {
  const group = optional ? `_${name}` : oneof;
  return {
    name,
    number,
    jsonName: jsonName(name),
    label: label === 'one' ? FieldDescriptorProto_Label.OPTIONAL : FieldDescriptorProto_Label.REPEATED,
    ...(label === 'map' ? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${owner}.${entryName(name)}` } : kindOf(type, scope)),
    ...(group !== undefined && { oneofIndex: oneofs.indexOf(group) }),
    ...(optional && { proto3Optional: true }),
    ...(deprecated === true && { options: { deprecated } }),
  };
}

/** Source: https://protobuf.dev/programming-guides/proto3/#backwards */
function entryOf({ name, type }: ProtoField, scope: string): Message {
  const { OPTIONAL } = FieldDescriptorProto_Label;
  return {
    name: entryName(name),
    field: [
      { name: 'key', number: 1, jsonName: 'key', label: OPTIONAL, type: FieldDescriptorProto_Type.STRING },
      { name: 'value', number: 2, jsonName: 'value', label: OPTIONAL, ...kindOf(type, scope) },
    ],
    options: { mapEntry: true },
  };
}

function entryName(field: string): string {
  return `${pascal(field)}Entry`;
}

function kindOf(type: ProtoType, scope: string): Pick<Field, 'type' | 'typeName'> {
  const { ENUM, MESSAGE } = FieldDescriptorProto_Type;
  switch (type.kind) {
    case 'scalar':
      return { type: FieldDescriptorProto_Type[type.scalar.toUpperCase() as keyof typeof FieldDescriptorProto_Type] };
    case 'enum':
      return { type: ENUM, typeName: `.${scope}.${type.enum.name}` };
    case 'null':
      return { type: ENUM, typeName: `.${typeName(type)}` };
    case 'message':
      return { type: MESSAGE, typeName: `.${scope}.${type.message.name}` };
    default:
      return { type: MESSAGE, typeName: `.${typeName(type)}` };
  }
}

function enumOf({ name, values, reserved, reservedNames }: ProtoEnum): MessageInitShape<typeof EnumDescriptorProtoSchema> {
  return {
    name,
    value: [{ name: unspecified(name), number: 0 }, ...values.map((value) => ({ name: value.name, number: value.number }))],
    reservedRange: reserved.map((number) => ({ start: number, end: number })),
    reservedName: [...reservedNames],
  };
}
