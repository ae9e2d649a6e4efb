import type { DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type } from '@bufbuild/protobuf/wkt';
import type { ProtoLock } from '../../grpc/schema.ts';

type Locked = ProtoLock['messages'][string];

/** The numbers of fields and enum values as .proto files have them, in the form of a lock; names are those within the package. */
export function numbersOf(files: readonly FileDescriptorProto[], scope: string): ProtoLock {
  const messages: Record<string, Locked> = {};
  const enums: Record<string, Locked> = {};
  const addEnum = (prefix: string, { name, value }: EnumDescriptorProto): void => {
    enums[prefix + name] = locked(value.map((each) => [each.name, { number: each.number, type: '' }]));
  };
  const addMessage = (prefix: string, { name, field, nestedType, enumType }: DescriptorProto): void => {
    const full = prefix + name;
    messages[full] = locked(field.map((each) => [each.name, { number: each.number, type: typeOf(each) }]));
    for (const each of nestedType) addMessage(`${full}.`, each);
    for (const each of enumType) addEnum(`${full}.`, each);
  };
  for (const { package: own, messageType, enumType } of files) {
    if (own === 'google.protobuf') continue;
    const prefix = own === scope || own === '' ? '' : `${own}.`;
    for (const each of messageType) addMessage(prefix, each);
    for (const each of enumType) addEnum(prefix, each);
  }
  return { package: scope, messages, enums };
}

function locked(fields: readonly (readonly [name: string, field: Locked['fields'][string]])[]): Locked {
  return { fields: Object.fromEntries(fields), reserved: [] };
}

/** `repeated sint32`, or the name of a type. */
function typeOf({ type, typeName, label }: FieldDescriptorProto): string {
  const own = typeName === '' ? FieldDescriptorProto_Type[type].toLowerCase() : (typeName.split('.').at(-1) ?? '');
  return label === FieldDescriptorProto_Label.REPEATED ? `repeated ${own}` : own;
}
