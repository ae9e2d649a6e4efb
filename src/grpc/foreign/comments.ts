import { create } from '@bufbuild/protobuf';
import {
  SourceCodeInfo_LocationSchema,
  SourceCodeInfoSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';

/** A message, field, enum, value, service or rpc of a file. */
export interface Declaration {
  /** Full; a value of an enum stands within its enum: `acme.v1.Kind.KIND_BOOK`. */
  readonly name: string;
  /** Its place in the file's descriptor: https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto */
  readonly path: readonly number[];
}

/** All declarations of a file that can have a comment. */
export function declarationsOf(file: FileDescriptorProto): Declaration[] {
  const found: Declaration[] = [];
  const add = (scope: string, name: string, path: readonly number[]): string => {
    const full = scope === '' ? name : `${scope}.${name}`;
    found.push({ name: full, path });
    return full;
  };
  const addEnum = (scope: string, { name, value }: EnumDescriptorProto, path: readonly number[]): void => {
    const full = add(scope, name, path);
    for (const [index, each] of value.entries()) add(full, each.name, [...path, 2, index]);
  };
  const addMessage = (scope: string, { name, field, nestedType, enumType }: DescriptorProto, path: readonly number[]): void => {
    const full = add(scope, name, path);
    for (const [index, each] of field.entries()) add(full, each.name, [...path, 2, index]);
    for (const [index, each] of nestedType.entries()) addMessage(full, each, [...path, 3, index]);
    for (const [index, each] of enumType.entries()) addEnum(full, each, [...path, 4, index]);
  };
  for (const [index, each] of file.messageType.entries()) addMessage(file.package, each, [4, index]);
  for (const [index, each] of file.enumType.entries()) addEnum(file.package, each, [5, index]);
  for (const [index, { name, method }] of file.service.entries()) {
    const full = add(file.package, name, [6, index]);
    for (const [at, each] of method.entries()) add(full, each.name, [6, index, 2, at]);
  }
  return found;
}

/** An object of protobufjs, with the comments that it has read. */
export interface Commented {
  readonly comment?: string | null;
  /** Of an enum those of its values. */
  readonly comments?: Readonly<Record<string, string | null>>;
}

/** Writes comments that protobufjs has read into the descriptors, at protoc's places for them. */
export function addComments(files: readonly FileDescriptorProto[], lookup: (name: string) => Commented | null): void {
  for (const file of files) {
    const location = declarationsOf(file).flatMap(({ name, path }) => {
      const at = name.lastIndexOf('.');
      const text = lookup(name)?.comment ?? lookup(name.slice(0, at))?.comments?.[name.slice(at + 1)] ?? '';
      return text === '' ? [] : [create(SourceCodeInfo_LocationSchema, { path: [...path], leadingComments: text })];
    });
    file.sourceCodeInfo = create(SourceCodeInfoSchema, { location });
  }
}
