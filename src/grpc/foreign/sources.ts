import * as modules from 'node:module';
import { fromBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type FileDescriptorProto,
  type FileDescriptorSet,
} from '@bufbuild/protobuf/wkt';
import { addComments, type Commented } from './comments.ts';
import type { ForeignRpc } from './generated-code.ts';

/** A file of protobuf-es's generated code, or its like. */
export interface FileLike {
  readonly kind: 'file';
  readonly proto: FileDescriptorProto;
  readonly dependencies: readonly FileLike[];
}

/** A service of protobuf-es's generated code. */
export interface ServiceLike {
  readonly kind: 'service';
  readonly file: FileLike;
}

/** The result of proto-loader: services by their names, with the descriptors of their messages. */
export type LoadedPackage = Readonly<Record<string, unknown>>;

/**
 * A description of a service: the text of a .proto file (needs the package `protobufjs`), the bytes of a descriptor set with its imports
 * (`buf build -o`, `protoc --include_imports -o`), a `FileDescriptorSet`, a service or file of protobuf-es's generated code, or what
 * `@grpc/proto-loader` has loaded.
 */
export type DescriptorSource = string | Uint8Array | FileDescriptorSet | ServiceLike | FileLike | LoadedPackage;

/** The content of sources: descriptors, and rpcs of which only their functions are known. */
export interface Sources {
  readonly files: readonly FileDescriptorProto[];
  /** By path. */
  readonly opaque: ReadonlyMap<string, ForeignRpc>;
}

/**
 * Reads all sources. With `comments` the files have those of .proto texts, as descriptor sets may have them.
 * @throws TypeError that names the fault of a source
 */
export function readSources(sources: readonly unknown[], { comments = false } = {}): Sources {
  const files: FileDescriptorProto[] = [];
  const opaque = new Map<string, ForeignRpc>();
  const texts = sources.filter((source) => typeof source === 'string');
  if (texts.length > 0) files.push(...parseTexts(texts, comments));
  for (const source of sources) {
    if (typeof source === 'string') continue;
    if (source instanceof Uint8Array) files.push(...readSet(source));
    else if (typeof source === 'function' && hasService(source)) readRecord(source.service, files, opaque);
    else if (typeof source !== 'object' || source === null) throw unknownSource();
    else if ('$typeName' in source && source.$typeName === 'google.protobuf.FileDescriptorSet')
      files.push(...(source as FileDescriptorSet).file);
    else if ('kind' in source && source.kind === 'service') addFile((source as ServiceLike).file, files);
    else if ('kind' in source && source.kind === 'file') addFile(source as FileLike, files);
    else readRecord(source as Readonly<Record<string, unknown>>, files, opaque);
  }
  return { files, opaque };
}

function unknownSource(): TypeError {
  return new TypeError(
    'grpc: definition must be the text of a .proto file, the bytes of a descriptor set, or a service of ts-proto, protobuf-es, proto-loader or protoc’s grpc plugin',
  );
}

function hasService(value: object): value is { readonly service: Readonly<Record<string, unknown>> } {
  return 'service' in value && typeof value.service === 'object' && value.service !== null;
}

function addFile(file: FileLike, files: FileDescriptorProto[]): void {
  if (files.includes(file.proto)) return;
  files.push(file.proto);
  for (const each of file.dependencies) addFile(each, files);
}

function readSet(bytes: Uint8Array): FileDescriptorProto[] {
  try {
    return fromBinary(FileDescriptorSetSchema, bytes).file;
  } catch (cause) {
    throw new TypeError('grpc: the bytes of the definition are not a descriptor set', { cause });
  }
}

/** Methods of a service, services of a package, or packages in packages. */
function readRecord(
  record: Readonly<Record<string, unknown>>,
  files: FileDescriptorProto[],
  opaque: Map<string, ForeignRpc>,
  depth = 0,
): void {
  const values = Object.values(record);
  if (depth > 8 || values.length === 0) throw unknownSource();
  for (const value of values) {
    if (typeof value === 'function' && hasService(value)) readRecord(value.service, files, opaque, depth + 1);
    else if (typeof value !== 'object' || value === null) throw unknownSource();
    else if ('path' in value && 'requestSerialize' in value) readMethod(value as ForeignRpc & Loaded, files, opaque);
    // Messages and enums of proto-loader.
    else if ('format' in value && 'fileDescriptorProtos' in value) continue;
    else readRecord(value as Readonly<Record<string, unknown>>, files, opaque, depth + 1);
  }
}

interface Loaded {
  readonly requestType?: { readonly fileDescriptorProtos?: readonly Uint8Array[] };
  readonly responseType?: { readonly fileDescriptorProtos?: readonly Uint8Array[] };
}

/** By their bytes, of which proto-loader gives the same for all types of a package. */
const loaded = new WeakMap<Uint8Array, FileDescriptorProto>();

function readMethod(method: ForeignRpc & Loaded, files: FileDescriptorProto[], opaque: Map<string, ForeignRpc>): void {
  const described = [method.requestType, method.responseType].flatMap((type) => type?.fileDescriptorProtos ?? []);
  if (described.length === 0) {
    opaque.set(method.path, method);
    return;
  }
  for (const bytes of described) {
    let file = loaded.get(bytes);
    if (!file) loaded.set(bytes, (file = fromBinary(FileDescriptorProtoSchema, bytes)));
    if (!files.includes(file)) files.push(file);
  }
}

/** The object into which protobufjs reads files. */
interface Root {
  addJSON(json: object): void;
  resolveAll(): void;
  toDescriptor(edition: string): unknown;
  lookup(name: string): Commented | null;
}

/** The used part of protobufjs. */
interface Protobufjs {
  readonly Root: new () => Root;
  parse(
    text: string,
    root: unknown,
    options: { readonly keepCase: boolean; readonly alternateCommentMode: boolean },
  ): { readonly imports?: readonly string[]; readonly weakImports?: readonly string[] };
  readonly common: { get(file: string): { readonly nested: object } | null };
}

interface DescriptorExtension {
  readonly FileDescriptorSet: { encode(set: unknown): { finish(): Uint8Array } };
}

const GOOGLE = ['any', 'duration', 'empty', 'field_mask', 'struct', 'timestamp', 'wrappers'];
const MORE_OF_GOOGLE = ['descriptor', 'api', 'source_context', 'type'];

/** The imports whose types are at hand without a file. */
export const KNOWN_IMPORTS: ReadonlySet<string> = new Set([...GOOGLE, ...MORE_OF_GOOGLE].map((name) => `google/protobuf/${name}.proto`));

/** A file of google.protobuf as protobufjs has it in JSON. */
interface GoogleFile {
  readonly nested: { readonly google: { readonly nested: { readonly protobuf: { readonly nested: Readonly<Record<string, object>> } } } };
}

function parseTexts(texts: readonly string[], comments: boolean): FileDescriptorProto[] {
  const { pb, extension, readJson } = loadProtobufjs();
  const root = new pb.Root();
  for (const text of texts) {
    try {
      pb.parse(text, root, { keepCase: true, alternateCommentMode: comments });
    } catch (cause) {
      const hint = /\.proto$/.test(text.trim()) ? ": give the file's text, not its path" : '';
      throw new TypeError(`grpc: the .proto file cannot be read: ${reasonOf(cause)}${hint}`, { cause });
    }
  }
  for (const name of GOOGLE) {
    const file = pb.common.get(`google/protobuf/${name}.proto`);
    if (file) root.addJSON(file.nested);
  }
  if (texts.some((text) => MORE_OF_GOOGLE.some((name) => text.includes(`google/protobuf/${name}.proto`)))) addMore(root, readJson);
  try {
    root.resolveAll();
  } catch (cause) {
    throw new TypeError(
      `grpc: the .proto files do not describe all that they use: ${reasonOf(cause)}: give the files that they import too`,
      { cause },
    );
  }
  try {
    // protobufjs writes one syntax for all of them.
    const files = readSet(extension.FileDescriptorSet.encode(root.toDescriptor(texts.every(isProto2) ? 'proto2' : 'proto3')).finish());
    if (comments) addComments(files, (name) => root.lookup(`.${name}`));
    return files;
  } catch (cause) {
    throw new TypeError(`grpc: the .proto files cannot be described: ${reasonOf(cause)}`, { cause });
  }
}

/** Why protobufjs has failed. For a text that ends too early, nests without end, or has a group in an extension, it has no words of its own. */
function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError) return 'it nests too deeply';
  if (cause instanceof TypeError)
    return 'it ends too early, or has a form that protobufjs does not read, such as a group in an extension: give a descriptor set instead';
  return (cause as Error).message;
}

/** The messages that options of one's own extend, and others that few use. Some of these files repeat types of others. */
function addMore(root: Root, readJson: (path: string) => GoogleFile): void {
  const files = MORE_OF_GOOGLE.map((name) => readJson(`protobufjs/google/protobuf/${name}.json`).nested.google.nested.protobuf.nested);
  const { Any: _, ...nested } = Object.assign({}, ...files) as Readonly<Record<string, object>>;
  root.addJSON({ google: { nested: { protobuf: { nested } } } });
}

function isProto2(text: string): boolean {
  return !/^[ \t]*(?:syntax\s*=\s*["']proto3|edition\s*=)/m.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ''));
}

/** An optional peer: programs that give descriptors or generated code do not need a parser. */
function loadProtobufjs() {
  const require = modules.createRequire(import.meta.url);
  try {
    return {
      pb: require('protobufjs') as Protobufjs,
      extension: require('protobufjs/ext/descriptor') as DescriptorExtension,
      readJson: (path: string) => require(path) as GoogleFile,
    };
  } catch (cause) {
    throw new TypeError(
      "grpc: the text of a .proto file needs the package 'protobufjs': npm install protobufjs, or give a descriptor set",
      { cause },
    );
  }
}
