import path, { dirname, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ImportError } from './error.ts';

/** The address of a gRPC server, which tells its descriptors itself. */
export const GRPC = /^grpcs?:\/\//i;

/** A file or a URL, always as the text of a URL without a fragment. */
export type Location = string;

/** The location that a caller names: a path, or a URL. */
export function locationOf(source: string): Location {
  if (/^https?:\/\//i.test(source)) return withoutFragment(new URL(source).href);
  if (/^file:/i.test(source)) return withoutFragment(source);
  if (GRPC.test(source)) return source;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) throw new ImportError(`'${source}' is neither a file nor a URL with http://, https://, grpc:// or grpcs://`); // prettier-ignore
  return pathToFileURL(resolve(source)).href;
}

/** The folders and origins that a document may name beside its own folder. */
export class Reach {
  readonly #folders: readonly string[];
  readonly #origins: ReadonlySet<string>;
  readonly #root: Location;

  constructor(root: Location, allow: readonly string[]) {
    const isRemote = (text: string) => /^(?:https?|grpcs?):/i.test(text);
    this.#root = root;
    this.#origins = new Set([root, ...allow].filter(isRemote).map((url) => new URL(url).origin));
    this.#folders = [
      ...(isRemote(root) ? [] : [dirname(fileURLToPath(root))]),
      ...allow.filter((each) => !isRemote(each)).map((folder) => resolve(folder)),
    ];
  }

  /** Whether credentials go along to a URL: that of the description's own origin, or any that a file may name. */
  takesHeaders(url: Location): boolean {
    return this.#root.startsWith('file:') || new URL(this.#root).origin === new URL(url).origin;
  }

  /** The address to which a server redirects. Throws an `ImportError` if it is outside of what may be read. */
  redirect(named: string, from: Location): Location {
    const [before, after] = [new URL(from), URL.canParse(named, from) ? new URL(named, from) : undefined];
    const isUpgrade = before.protocol === 'http:' && after?.protocol === 'https:' && before.host === after.host;
    return isUpgrade ? after.href : this.follow(named, from);
  }

  /** The address of a document that another one names. Throws an `ImportError` if it is outside of what may be read. */
  follow(named: string, from: Location): Location {
    if (!URL.canParse(named, from)) throw new ImportError(`${shown(from)} refers to '${named.slice(0, 200)}', which is not a location`);
    const url = new URL(named, from);
    url.hash = '';
    if (url.protocol === 'http:' || url.protocol === 'https:') {
      if (this.#origins.has(url.origin)) return url.href;
      throw new ImportError(`${shown(from)} refers to ${url.href}, which is on another origin: allow it with --allow ${url.origin}`);
    }
    if (url.protocol !== 'file:' || url.host !== '') throw new ImportError(`${shown(from)} refers to '${named.slice(0, 200)}', which is neither a file nor an http URL`); // prettier-ignore
    // A document of the network has no business with the files of this machine.
    if (!from.startsWith('file:'))
      throw new ImportError(`${shown(from)} refers to the file ${url.href}: a document of the network must not`);
    let file: string;
    try {
      file = resolve(fileURLToPath(url));
    } catch (cause) {
      throw new ImportError(`${shown(from)} refers to '${named.slice(0, 200)}', which is not a path`, { cause });
    }
    if (this.#folders.some((folder) => isWithin(file, folder))) return pathToFileURL(file).href;
    throw new ImportError(`${shown(from)} refers to ${file}, which is outside of its folder: allow it with --allow ${dirname(file)}`);
  }
}

/** Whether a file is in a folder or below it, by the rules of an operating system: the way to another drive of Windows is an absolute path. */
export function isWithin(file: string, folder: string, { relative, resolve, isAbsolute, sep }: path.PlatformPath = path): boolean {
  const between = relative(folder, file);
  return between !== '..' && !between.startsWith(`..${sep}`) && !isAbsolute(between) && resolve(folder, between) === file;
}

/** A location as people write it. */
export function shown(location: Location): string {
  if (!location.startsWith('file:')) return location;
  const near = relative(process.cwd(), fileURLToPath(location));
  return near.startsWith('..') ? fileURLToPath(location) : near || '.';
}

function withoutFragment(url: string): string {
  const parsed = new URL(url);
  parsed.hash = '';
  return parsed.href;
}
