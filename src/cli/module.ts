import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { blogContract } from '../blog/contract.ts';
import type { Contract } from '../core/contract.ts';
import type { Transport } from '../core/transport.ts';
import { ModuleError, UsageError } from './args.ts';
import type { OpenedStores, Stores } from './stores.ts';

/** The contract that a module of the user's exports; the Blog's if none is named. */
export async function loadContract(file: string | undefined): Promise<Contract> {
  return file === undefined ? blogContract : load(file, 'contract', 'defineContract', isContract);
}

/**
 * The service, or other transport, that a module of the user's exports. If it exports none, or the stores of an engine are given, a function
 * that it exports by default or as `service` makes it.
 */
export async function loadService(file: string, engine?: OpenedStores): Promise<Transport> {
  const exports = await importFile(file);
  const make = [exports['default'], exports['service']].find(isMaker);
  if (make && (engine || !Object.values(exports).some(isTransport))) {
    const made = await make(engine?.stores ?? {});
    if (isTransport(made)) return made;
    throw new UsageError(`the function that ${file} exports gives no service: return what createService gives`);
  }
  const found = await load(file, 'service', 'createService', isTransport);
  if (!engine) return found;
  throw new UsageError(
    `${engine.flag} gives stores to a service that is made with them, and ${file} exports one that is finished. Export a function instead:\n` +
      '  export default ({ hub, idempotencyStore }) =>\n    createService({ contract, handlers, hub, idempotencyStore });',
  );
}

/** The default export, the one of the given name, or the only one that fits. Throws a `UsageError` if there is none. */
async function load<T>(file: string, name: string, maker: string, fits: (value: unknown) => value is T): Promise<T> {
  const exports = await importFile(file);
  const fitting = [...new Set(Object.values(exports).filter(fits))];
  const found = [exports['default'], exports[name]].find(fits) ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (found !== undefined) return found;
  const what = fitting.length > 1 ? `more than one ${name}` : `no ${name}`;
  throw new UsageError(`${file} exports ${what}: export what ${maker} gives, by default or as '${name}'`);
}

/**
 * The exports of a module of the user's.
 * @throws UsageError if there is no such module; ModuleError if it fails while it is loaded
 */
export async function importFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(resolve(file));
  try {
    return (await import(href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const { code, url } = error as { readonly code?: unknown; readonly url?: unknown };
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new UsageError(`this Node cannot load ${file}: use Node 22.18 or newer, NODE_OPTIONS=--import=tsx, or what it compiles to`);
    // An import of the module itself that fails is its own error.
    if (code === 'ERR_MODULE_NOT_FOUND' && url === href) throw new UsageError(`there is no file ${file}`);
    if (code === 'ERR_UNSUPPORTED_DIR_IMPORT' && (await isFolder(file))) throw new UsageError(`${file} is a folder: name the module in it`);
    throw new ModuleError(`${file} cannot be loaded${hint(file, code)}`, { cause: error });
  }
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file)).isDirectory();
}

/** Node runs only TypeScript whose types can be left out, and does not find `./part.ts` by the name `./part.js`. */
function hint(file: string, code: unknown): string {
  const isOfTypes = code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_MODULE_NOT_FOUND';
  return isOfTypes && /\.[mc]?ts$/.test(file) ? '. NODE_OPTIONS=--import=tsx runs all of TypeScript' : '';
}

function isContract(value: unknown): value is Contract {
  const { name, operations, events } = membersOf(value);
  return typeof name === 'string' && typeof operations === 'object' && typeof events === 'object';
}

type ServiceMaker = (stores: Stores) => unknown;

function isMaker(value: unknown): value is ServiceMaker {
  return typeof value === 'function';
}

function isTransport(value: unknown): value is Transport {
  const { contract, call, subscribe } = membersOf(value);
  return isContract(contract) && typeof call === 'function' && typeof subscribe === 'function';
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
