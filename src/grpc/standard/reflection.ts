import { status as Status, type Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  FileDescriptorProtoSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { eachField } from '../codec/fields.ts';
import { rawMethod } from '../raw-method.ts';

/** Fields of a ServerReflectionRequest. Source: https://github.com/grpc/grpc/blob/master/src/proto/grpc/reflection/v1/reflection.proto */
const ASK = {
  fileByFilename: 26,
  fileContainingSymbol: 34,
  fileContainingExtension: 42,
  allExtensionNumbersOfType: 50,
  listServices: 58,
} as const;
/** Fields of a ServerReflectionResponse. */
const ANSWER = { originalRequest: 18, files: 34, extensionNumbers: 42, services: 50, error: 58 } as const;

type Call = ServerDuplexStream<Buffer, Buffer>;

/** Tells tools the descriptors of a server's services, in versions v1 and v1alpha, whose messages are the same. */
export class Reflection {
  readonly #files: ReadonlyMap<string, FileDescriptorProto>;
  /** The file of each message, enum, service and member, by its full name. */
  readonly #symbols = new Map<string, FileDescriptorProto>();
  readonly #messages = new Set<string>();
  readonly #services: string[] = [];
  readonly #open = new Set<Call>();

  /** `files` must hold all files that they import. */
  constructor(files: readonly FileDescriptorProto[]) {
    this.#files = new Map(files.map((file) => [file.name, file]));
    for (const file of files) this.#index(file);
  }

  addTo(server: Server): void {
    for (const version of ['v1', 'v1alpha']) {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
      server.addService({ info: rawMethod(path, { in: true, out: true }) }, { info: (call: Call) => this.#serve(call) });
    }
  }

  stop(): void {
    for (const call of this.#open) call.end();
  }

  #serve(call: Call): void {
    this.#open.add(call);
    call.on('cancelled', () => this.#open.delete(call));
    call.on('data', (request: Buffer) => {
      // A peer that asks and does not read is not read either.
      if (call.write(this.#answer(request))) return;
      call.pause();
      call.once('drain', () => call.resume());
    });
    call.on('end', () => {
      this.#open.delete(call);
      call.end();
    });
  }

  #answer(request: Buffer): Buffer {
    const writer = new BinaryWriter();
    writer.uint32(ANSWER.originalRequest).bytes(request);
    try {
      const { tag, text } = readRequest(request);
      this.#write(writer, tag, text);
    } catch {
      refuse(writer, Status.INVALID_ARGUMENT, 'this is not a ServerReflectionRequest');
    }
    return Buffer.from(writer.finish());
  }

  #write(writer: BinaryWriter, tag: number, text: string): void {
    switch (tag) {
      case ASK.listServices:
        writer.uint32(ANSWER.services).fork();
        for (const name of this.#services) writer.uint32(10).fork().uint32(10).string(name).join();
        writer.join();
        return;
      case ASK.fileByFilename:
        return this.#writeFiles(writer, this.#files.get(text), `file '${text}'`);
      case ASK.fileContainingSymbol:
        return this.#writeFiles(writer, this.#symbols.get(text), `symbol '${text}'`);
      case ASK.fileContainingExtension:
        return refuse(writer, Status.NOT_FOUND, `there is no extension of '${text}'`);
      case ASK.allExtensionNumbersOfType:
        if (!this.#messages.has(text)) return refuse(writer, Status.NOT_FOUND, `there is no message '${text}'`);
        writer.uint32(ANSWER.extensionNumbers).fork().uint32(10).string(text).join();
        return;
      default:
        return refuse(writer, Status.UNIMPLEMENTED, 'the request asks for nothing that is known here');
    }
  }

  /** Writes a file and the files that it imports, because some tools do not ask for them. */
  #writeFiles(writer: BinaryWriter, file: FileDescriptorProto | undefined, what: string): void {
    if (!file) return refuse(writer, Status.NOT_FOUND, `there is no ${what}`);
    const wanted = new Set([file]);
    for (const each of wanted) {
      for (const name of each.dependency) {
        const imported = this.#files.get(name);
        if (imported) wanted.add(imported);
      }
    }
    writer.uint32(ANSWER.files).fork();
    for (const each of wanted) writer.uint32(10).bytes(toBinary(FileDescriptorProtoSchema, each));
    writer.join();
  }

  #index(file: FileDescriptorProto): void {
    const scope = file.package === '' ? '' : `${file.package}.`;
    const add = (name: string) => this.#symbols.set(name, file);
    const addEnum = (prefix: string, { name, value }: EnumDescriptorProto) => {
      add(prefix + name);
      // The values of an enum are named beside it.
      for (const each of value) add(prefix + each.name);
    };
    const addMessage = (prefix: string, message: DescriptorProto): void => {
      const name = prefix + message.name;
      add(name);
      this.#messages.add(name);
      for (const each of [...message.field, ...message.oneofDecl]) add(`${name}.${each.name}`);
      for (const each of message.nestedType) addMessage(`${name}.`, each);
      for (const each of message.enumType) addEnum(`${name}.`, each);
    };
    for (const each of file.messageType) addMessage(scope, each);
    for (const each of file.enumType) addEnum(scope, each);
    for (const service of file.service) {
      add(scope + service.name);
      this.#services.push(scope + service.name);
      for (const each of service.method) add(`${scope}${service.name}.${each.name}`);
    }
  }
}

function refuse(writer: BinaryWriter, code: number, message: string): void {
  writer.uint32(ANSWER.error).fork().uint32(8).int32(code).uint32(18).string(message.slice(0, 500)).join();
}

/** Which field a request has set last, and its text: of an extension, the type that it extends. */
function readRequest(bytes: Buffer): { readonly tag: number; readonly text: string } {
  const reader = new BinaryReader(bytes);
  let asked = { tag: 0, text: '' };
  eachField(reader, bytes.length, (tag) => {
    if (tag === ASK.fileContainingExtension) {
      let text = '';
      eachField(reader, reader.uint32() + reader.pos, (inner) => {
        if (inner === 10) text = reader.string(true);
        return inner === 10;
      });
      asked = { tag, text };
    } else if ((Object.values(ASK) as readonly number[]).includes(tag)) asked = { tag, text: reader.string(true) };
    else return false;
    return true;
  });
  return asked;
}
