import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema, FileOptionsSchema, type DescriptorProto, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { KNOWN_IMPORTS, readSources } from '../../grpc/foreign/sources.ts';
import type { Findings } from '../draft/findings.ts';
import { ImportError } from '../load/error.ts';
import { locationOf, shown, type Location, type Reach } from '../load/location.ts';
import type { Reader } from '../load/read.ts';

const IMPORT = /^[ \t]*import\s+(?:public\s+|weak\s+)?["']([^"']+)["']\s*;/gm;
const MAX_FILES = 2000;
/** Of a path such as `a/b/c.proto` it may start from one of the folders above the first file. */
const MAX_FOLDERS = 12;

/** The places in which imported files of a .proto file are found. */
export interface ProtoPlace {
  readonly location: Location;
  readonly reader: Reader;
  readonly reach: Reach;
  /** Folders and URLs that imports may start from, beside those above the first file. */
  readonly allow: readonly string[];
  readonly findings: Findings;
}

/** Reads a .proto file with all its imports. Those of google.protobuf, which every parser has, are not among them. */
export async function protoTexts(text: string, place: ProtoPlace): Promise<readonly string[]> {
  const texts = [text];
  const seen = new Set<string>();
  const roots = [...rootsAbove(place.location), ...place.allow.map((folder) => locationOf(folder.endsWith('/') ? folder : `${folder}/`))];
  for (const current of texts) {
    for (const [, path = ''] of current.matchAll(IMPORT)) {
      if (seen.has(path) || KNOWN_IMPORTS.has(path)) continue;
      seen.add(path);
      if (seen.size > MAX_FILES) throw new ImportError(`${shown(place.location)} imports more than ${MAX_FILES} files`);
      const found = await firstOf(path, roots, place);
      if (found === undefined) place.findings.add(path, 'an import that was not found: name the folder it starts from with --allow', 'read without it'); // prettier-ignore
      else texts.push(found);
    }
  }
  return texts;
}

function rootsAbove(location: Location): Location[] {
  const roots: Location[] = [];
  for (let at = new URL('.', location); roots.length < MAX_FOLDERS; at = new URL('..', at)) {
    if (roots.includes(at.href)) break;
    roots.push(at.href);
  }
  return roots;
}

async function firstOf(path: string, roots: readonly Location[], { reader, reach, location }: ProtoPlace): Promise<string | undefined> {
  for (const root of roots) {
    try {
      const base = root.endsWith('/') ? root : `${root}/`;
      reach.follow(new URL(path, base).href, location);
      return await reader.text(new URL(path, base).href);
    } catch (error) {
      // Another folder may have it.
      if (!(error instanceof ImportError) || /too large/.test(error.message)) throw error;
    }
  }
  return undefined;
}

/** The descriptors of .proto files, or of a descriptor set. */
export function filesOf(sources: readonly (string | Uint8Array)[], location: Location): readonly FileDescriptorProto[] {
  try {
    return readSources(sources, { comments: true }).files;
  } catch (cause) {
    throw new ImportError(`${shown(location)} cannot be read: ${(cause as Error).message.replace(/^grpc: /, '')}`, { cause });
  }
}

/** The descriptors of only these types and rpcs, as base64, for the client. */
export function prunedSet(files: readonly FileDescriptorProto[], types: ReadonlySet<string>, rpcs: ReadonlySet<string>): string {
  // The names of types, and of those around them.
  const used = new Set<string>();
  for (const type of types) for (let end = type.length; end !== -1; end = type.lastIndexOf('.', end - 1)) used.add(type.slice(0, end));
  const file = files.flatMap(({ name, package: scope, syntax, edition, messageType, enumType, extension, service, options }) => {
    const prefix = scope === '' ? '' : `${scope}.`;
    const isUsed = (type: { readonly name: string }) => used.has(prefix + type.name);
    const extendsUsed = ({ extension: own, nestedType }: Pick<DescriptorProto, 'extension' | 'nestedType'>): boolean =>
      own.some(({ extendee }) => types.has(extendee.replace(/^\./, ''))) || nestedType.some(extendsUsed);
    // Without options, which may be extensions that are left out.
    const services = service.flatMap((each) => {
      const method = each.method
        .filter((one) => rpcs.has(`/${prefix}${each.name}/${one.name}`))
        .map((one) => ({ ...one, options: undefined as never }));
      return method.length === 0 ? [] : [{ ...each, method, options: undefined as never }];
    });
    const messages = messageType.filter((type) => isUsed(type) || extendsUsed(type));
    const enums = enumType.filter(isUsed);
    const extensions = extension.filter(({ extendee }) => types.has(extendee.replace(/^\./, '')));
    if (messages.length + enums.length + extensions.length + services.length === 0) return [];
    // An edition's features are options of the file.
    const features = options?.features && create(FileOptionsSchema, { features: options.features });
    return [
      create(FileDescriptorProtoSchema, {
        ...{ name, package: scope, syntax, edition, messageType: messages, enumType: enums, extension: extensions, service: services },
        ...(features && { options: features }),
      }),
    ];
  });
  return Buffer.from(toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }))).toString('base64');
}
