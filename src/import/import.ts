import { bytes, ms, readOptions } from '../core/options.ts';
import { Choice } from './draft/choice.ts';
import type { Draft } from './draft/draft.ts';
import { Findings, type Finding } from './draft/findings.ts';
import { contractName } from './draft/names.ts';
import { readableDraft } from './draft/readable.ts';
import { Documents } from './load/documents.ts';
import { ImportError } from './load/error.ts';
import { GRPC, locationOf, Reach, shown, type Location } from './load/location.ts';
import { DESCRIPTOR_SET, recognize, type Recognized } from './load/format.ts';
import { Reader } from './load/read.ts';
import { writeModule } from './write/module.ts';

/** Options of `importContract`. */
export interface ImportOptions {
  /** Operations to import, by name, id or `METHOD /path`; `*` stands for any text. @default all */
  readonly only?: readonly string[] | undefined;
  /** The contract's name: lower-case letters and digits. @default from the description's title */
  readonly name?: string | undefined;
  /** The file that the module will be written to: it names a WSDL of this machine from there. @default the working directory */
  readonly out?: string | undefined;
  /** Folders and origins to which documents may refer, besides the first one's own. @default none */
  readonly allow?: readonly string[] | undefined;
  /** HTTP headers for documents of the network: `{ authorization: '…' }`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How large all documents may be together, in bytes. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** How long a document of the network may take, in milliseconds. @default 30_000 */
  readonly timeoutMs?: number | undefined;
  /** Told of each document that is read. */
  readonly onRead?: ((location: string) => void) | undefined;
}

/** A description that is at hand as a text. */
export interface DescriptionText {
  readonly text: string;
  /** A file or URL from which what it refers to is found. @default a file of the working directory */
  readonly location?: string | undefined;
}

/** The result of `importContract`. */
export interface Imported {
  /** A module of TypeScript: schemas, the contract as `contract`, and `connect`, which makes a client of the service. */
  readonly code: string;
  /** The kind of the description. */
  readonly format: 'openapi' | 'asyncapi' | 'graphql' | 'wsdl' | 'proto';
  /** The contract's name. */
  readonly name: string;
  /** Names of the operations and of the events. */
  readonly operations: readonly string[];
  readonly events: readonly string[];
  /** The parts that the contract cannot express, and their replacements. */
  readonly findings: readonly Finding[];
}

/**
 * Imports a description from a file or URL: OpenAPI 3.0 to 3.2, Swagger 2 or AsyncAPI 2 and 3, as JSON or YAML, a GraphQL schema, a WSDL or a .proto file with
 * what it imports, or a descriptor set. A gRPC server at `grpc://` or `grpcs://` tells its own by reflection.
 * The same description gives the same text.
 * @throws ImportError for a description that cannot be read or used
 */
export async function importContract(source: string | DescriptionText, options: ImportOptions = {}): Promise<Imported> {
  return (await importDraft(source, options)).imported;
}

/** As `importContract`, with what the module was written from. */
export async function importDraft(
  source: string | DescriptionText,
  options: ImportOptions = {},
): Promise<{ readonly imported: Imported; readonly draft: Draft }> {
  const read = readOptions('importContract', options, { maxBytes: bytes(67_108_864), timeoutMs: ms(30_000) }, [
    'only',
    'name',
    'out',
    'allow',
    'headers',
    'onRead',
  ]);
  const { name, out, allow = [], only = [], headers = {}, onRead, maxBytes, timeoutMs } = read;
  if (name !== undefined && contractName(name) !== name)
    throw new ImportError(`the name '${name}' cannot be a contract's: use lower-case letters and digits, such as '${contractName(name)}'`);
  const given = typeof source === 'string' ? undefined : source.text;
  const location = locationOf(typeof source === 'string' ? source : (source.location ?? 'description'));
  const reach = new Reach(location, allow);
  const reader = new Reader({ maxBytes, timeoutMs, headers }, reach, onRead);
  const findings = new Findings();
  const choice = new Choice(only);
  const found: Recognized =
    given === undefined && GRPC.test(location)
      ? { format: 'proto', source: await (await import('./proto/reflection.ts')).reflected(location, { maxBytes, timeoutMs, headers }) }
      : given === undefined && DESCRIPTOR_SET.test(location)
        ? { format: 'proto', source: await reader.bytes(location) }
        : recognize(given ?? (await reader.text(location)), location);
  const draft: Draft = {
    ...readableDraft(await draftOf(found, { location, reader, reach, allow, choice, findings, out }), findings),
    ...(name !== undefined && { name }),
  };
  if (draft.operations.length + draft.events.length === 0)
    throw new ImportError(
      `${shown(location)} has no operation that a contract can say${findings
        .list()
        .map(({ what, instead }) => `; ${what}: ${instead}`)
        .slice(0, 3)
        .join('')}`,
    );
  const imported = {
    code: writeModule(draft),
    format: found.format,
    name: draft.name,
    operations: draft.operations.map((operation) => operation.name),
    events: draft.events.map((event) => event.name),
    findings: findings.list(),
  };
  return { imported, draft };
}

interface Place {
  readonly location: Location;
  readonly reader: Reader;
  readonly reach: Reach;
  readonly allow: readonly string[];
  readonly out: string | undefined;
  readonly choice: Choice;
  readonly findings: Findings;
}

/** Reads a description; code that only one kind of them needs is loaded with it. */
async function draftOf(found: Recognized, { location, reader, reach, allow, choice, findings, out }: Place): Promise<Draft> {
  switch (found.format) {
    case 'openapi': {
      const documents = new Documents(location, reader, reach);
      await documents.load(found.root);
      return (await import('./openapi/openapi.ts')).readOpenApi(found.root, documents, choice, findings);
    }
    case 'asyncapi': {
      const documents = new Documents(location, reader, reach);
      await documents.load(found.root);
      return (await import('./asyncapi/asyncapi.ts')).readAsyncApi(found.root, documents, choice, findings);
    }
    case 'graphql': {
      const [{ schemaOf }, { readGraphql }] = await Promise.all([import('./graphql/source.ts'), import('./graphql/graphql.ts')]);
      return readGraphql(schemaOf(found.source, location, findings), location, choice, findings);
    }
    case 'wsdl': {
      const [{ wsdlOf, wsdlOption }, { readWsdl }] = await Promise.all([import('./wsdl/load.ts'), import('./wsdl/wsdl.ts')]);
      const wsdl = await wsdlOf(found.source, location, reader, reach);
      return readWsdl(wsdl, location, wsdlOption(location, out), choice, findings);
    }
    case 'proto': {
      const [{ filesOf, protoTexts }, { readProto }] = await Promise.all([import('./proto/files.ts'), import('./proto/proto.ts')]);
      const { source } = found;
      const sources = typeof source === 'string' ? await protoTexts(source, { location, reader, reach, allow, findings }) : [source];
      return readProto(filesOf(sources, location), location, choice, findings);
    }
  }
}
