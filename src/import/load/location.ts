import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ImportError } from './error.ts';

/** A file or a URL, always as the text of a URL without a fragment. */
export type Location = string;

/** The location that a caller names: a path, or a URL. */
export function locationOf(source: string): Location {
  if (/^https?:\/\//i.test(source)) return withoutFragment(new URL(source).href);
  if (/^file:/i.test(source)) return withoutFragment(source);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) throw new ImportError(`'${source}' is neither a file nor a URL with http:// or https://`);
  return pathToFileURL(resolve(source)).href;
}

/** Whom a document may name beside those of its own folder: folders and origins. */
export class Reach {
  readonly #folders: readonly string[];
  readonly #origins: ReadonlySet<string>;

  constructor(root: Location, allow: readonly string[]) {
    const isRemote = (text: string) => /^https?:/i.test(text);
    this.#origins = new Set([root, ...allow].filter(isRemote).map((url) => new URL(url).origin));
    this.#folders = [
      ...(isRemote(root) ? [] : [dirname(fileURLToPath(root))]),
      ...allow.filter((each) => !isRemote(each)).map((folder) => resolve(folder)),
    ];
  }

  /** Where a document is that another one names. Throws an `ImportError` if it is outside of what may be read. */
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
    let path: string;
    try {
      path = fileURLToPath(url);
    } catch (cause) {
      throw new ImportError(`${shown(from)} refers to '${named.slice(0, 200)}', which is not a path`, { cause });
    }
    if (this.#folders.some((folder) => isWithin(path, folder))) return url.href;
    throw new ImportError(`${shown(from)} refers to ${path}, which is outside of its folder: allow it with --allow ${dirname(path)}`);
  }
}

function isWithin(path: string, folder: string): boolean {
  const between = relative(folder, path);
  return between !== '..' && !between.startsWith(`..${sep}`) && resolve(folder, between) === path;
}

/** A location as people write it. */
export function shown(location: Location): string {
  if (!location.startsWith('file:')) return location;
  const path = relative(process.cwd(), fileURLToPath(location));
  return path.startsWith('..') ? fileURLToPath(location) : path;
}

function withoutFragment(url: string): string {
  const parsed = new URL(url);
  parsed.hash = '';
  return parsed.href;
}
