import { Client, credentials, Metadata, status as Status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { targetOf } from '../../grpc/address.ts';
import { eachField } from '../../grpc/codec/fields.ts';
import { errorOf } from '../../grpc/received-status.ts';
import { ImportError } from '../load/error.ts';
import type { ReadLimits } from '../load/read.ts';

/** Fields of a ServerReflectionRequest. Source: https://github.com/grpc/grpc/blob/master/src/proto/grpc/reflection/v1/reflection.proto */
const ASK = { fileByFilename: 26, fileContainingSymbol: 34, listServices: 58 } as const;
/** Fields of a ServerReflectionResponse, and of the messages in it. */
const ANSWER = { files: 34, services: 50, error: 58, first: 10, message: 18 } as const;
/** The newer version first; their messages are the same. */
const VERSIONS = ['v1', 'v1alpha'] as const;
/** Services of gRPC itself. */
const OF_GRPC = /^grpc\.(?:reflection|health|channelz)\./;
const MAX_FILES = 10_000;

type Stream = ClientDuplexStream<Buffer, Buffer>;

interface Answer {
  readonly files: readonly Uint8Array[];
  readonly services: readonly string[];
  readonly error: string | undefined;
}

/** The descriptors of the services of a running server, as it tells them by reflection. */
export async function reflected(location: string, limits: ReadLimits): Promise<Uint8Array> {
  const { client, metadata } = connected(location, limits);
  try {
    for (const version of VERSIONS) {
      const found = await new Asker(client, version, metadata, limits).files().catch((cause: unknown) => {
        if ((cause as Partial<ServiceError>).code === Status.UNIMPLEMENTED) return undefined;
        throw cause;
      });
      if (found) return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...found] }));
    }
    throw new ImportError(`${location} cannot be read: the server has no reflection (grpc.reflection.v1 or v1alpha)`);
  } catch (cause) {
    if (cause instanceof ImportError) throw cause;
    const why = isServiceError(cause) ? errorOf(cause, false).text : (cause as Error).message;
    throw new ImportError(`${location} cannot be read: ${why}`, { cause });
  } finally {
    client.close();
  }
}

function isServiceError(cause: unknown): cause is ServiceError {
  return cause instanceof Error && 'metadata' in cause;
}

function connected(location: string, { headers, maxBytes }: ReadLimits): { readonly client: Client; readonly metadata: Metadata } {
  try {
    const { target, isSecure } = targetOf(location);
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    const options = { 'grpc.max_receive_message_length': maxBytes };
    return { client: new Client(target, isSecure ? credentials.createSsl() : credentials.createInsecure(), options), metadata };
  } catch (cause) {
    throw new ImportError(`${location} is not an address of a gRPC server: ${(cause as Error).message.replace(/^grpc: /, '')}`, { cause });
  }
}

/** Asks for the files of all services, one after the other, on one stream. */
class Asker {
  readonly #found = new Map<string, FileDescriptorProto>();
  readonly #stream: Stream;
  #left: number;

  constructor(client: Client, version: string, metadata: Metadata, { timeoutMs, maxBytes }: ReadLimits) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const identity = (bytes: Buffer): Buffer => bytes;
    this.#stream = client.makeBidiStreamRequest(path, identity, identity, metadata, { deadline: Date.now() + timeoutMs });
    this.#left = maxBytes;
  }

  async files(): Promise<readonly FileDescriptorProto[]> {
    try {
      const { services } = await this.#ask(ASK.listServices, '*');
      for (const service of services) if (!OF_GRPC.test(service)) this.#take(await this.#ask(ASK.fileContainingSymbol, service));
      for (const { dependency } of this.#found.values())
        for (const name of dependency) if (!this.#found.has(name)) this.#take(await this.#ask(ASK.fileByFilename, name));
      return [...this.#found.values()];
    } finally {
      this.#stream.on('error', () => {});
      this.#stream.cancel();
    }
  }

  #take({ files }: Answer): void {
    for (const bytes of files) {
      this.#left -= bytes.length;
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.#found.set(file.name, file);
    }
    if (this.#left < 0) throw new ImportError('the descriptors of the server are too large (maxBytes)');
    if (this.#found.size > MAX_FILES) throw new ImportError(`the server has more than ${MAX_FILES} files`);
  }

  async #ask(tag: number, text: string): Promise<Answer> {
    const stream = this.#stream;
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const end = (): void => reject(new ImportError('the server has ended its reflection before it was asked for all'));
      const settle = (): void => void stream.removeListener('error', reject).removeListener('end', end);
      stream.once('error', reject).once('end', end);
      stream.once('data', (bytes: Buffer) => {
        settle();
        resolve(bytes);
      });
      stream.write(Buffer.from(new BinaryWriter().uint32(tag).string(text).finish()));
    });
    const read = answerOf(answer);
    if (read.error !== undefined) throw new ImportError(`the server does not tell what '${text}' is: ${read.error.slice(0, 200)}`);
    return read;
  }
}

function answerOf(bytes: Uint8Array): Answer {
  const reader = new BinaryReader(bytes);
  const [files, services]: [Uint8Array[], string[]] = [[], []];
  let error: string | undefined;
  const inner = (take: (tag: number) => boolean): void => eachField(reader, reader.uint32() + reader.pos, take);
  const first = (take: () => void) => (tag: number) => {
    if (tag === ANSWER.first) take();
    return tag === ANSWER.first;
  };
  eachField(reader, bytes.length, (tag) => {
    if (tag === ANSWER.files) inner(first(() => files.push(reader.bytes())));
    else if (tag === ANSWER.services) inner(first(() => inner(first(() => services.push(reader.string())))));
    else if (tag === ANSWER.error) {
      error = 'it knows none';
      inner((field) => {
        if (field === ANSWER.message) error = reader.string();
        return field === ANSWER.message;
      });
    } else return false;
    return true;
  });
  return { files, services, error };
}
