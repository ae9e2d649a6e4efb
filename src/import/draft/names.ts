import { RESERVED } from '../../core/contract-check.ts';

/** Words that no name in a module may be, and globals that a generated module must not hide. */
const TAKEN_BY_LANGUAGE = new Set([
  'break', 'case', 'catch', 'class', 'const', 'continue', 'debugger', 'default', 'delete', 'do', 'else', 'enum', 'export', 'extends', 'false', 'finally',
  'for', 'function', 'if', 'import', 'in', 'instanceof', 'new', 'null', 'return', 'super', 'switch', 'this', 'throw', 'true', 'try', 'typeof', 'var', 'void',
  'while', 'with', 'yield', 'let', 'static', 'implements', 'interface', 'package', 'private', 'protected', 'public', 'await', 'async', 'of', 'any', 'unknown',
  'never', 'string', 'number', 'boolean', 'symbol', 'bigint', 'object', 'undefined', 'arguments', 'eval', 'NaN', 'Infinity', 'globalThis', 'require', 'module',
  'Array', 'ArrayBuffer', 'BigInt', 'Boolean', 'Buffer', 'Date', 'Error', 'Function', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Proxy', 'Readonly',
  'Record', 'Partial', 'Pick', 'Omit', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'Uint8Array', 'WeakMap', 'WeakSet', 'URL', 'Request', 'Response',
  'z', 'createClient', 'defineContract', 'query', 'mutation', 'stream', 'event', 'bytes', 'file', 'instant', 'int64', 'connect', 'contract', 'ConnectOptions',
]); // prettier-ignore

/** Letters and digits of ASCII in words: `get-user's id` is `get`, `users`, `id`. */
function words(text: string): string[] {
  const plain = text
    .slice(0, 300)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f'’]/g, '');
  return plain.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** A name such as `OrderItem`. */
export function typeName(text: string): string {
  const name = words(text).map(capital).join('');
  return /^[A-Za-z]/.test(name) ? name : `Type${name}`;
}

/** A name such as `orderItem`. */
export function memberName(text: string, fallback: string): string {
  const [first = '', ...rest] = words(text);
  // `ID` and `URLs` are not `iD` and `uRLs`.
  const head = /^[A-Z0-9]+s?$/.test(first)
    ? first.toLowerCase()
    : first.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/, (letters) => letters.toLowerCase());
  const name = [head, ...rest.map(capital)].join('');
  if (name === '') return fallback;
  return /^[a-z]/.test(name) ? name : `${fallback}${capital(name)}`;
}

/** Words of titles that say nothing. */
const EMPTY_WORD = /^(the|a|an|of|for|api|apis|rest|openapi|swagger|specification|spec|v?\d+)$/;

/** The contract's name: lower-case letters and digits. */
export function contractName(text: string): string {
  const all = words(text).map((word) => word.toLowerCase());
  const telling = all.filter((word) => !EMPTY_WORD.test(word));
  let name = '';
  for (const word of telling.length > 0 ? telling : all) if (name === '' || name.length + word.length <= 20) name += word;
  name = name.replace(/^[0-9]+/, '').slice(0, 40);
  return name === '' ? 'service' : name;
}

/** Gives each asker a name that nobody else has: `Pet`, `Pet2`. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  take(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number++) name = `${wanted}${number}`;
    this.#taken.add(name);
    return name;
  }
}

/** Names of a module's exports: they hide nothing that the module needs. */
export class ModuleNames extends Names {
  override take(wanted: string): string {
    return super.take(TAKEN_BY_LANGUAGE.has(wanted) ? `${wanted}Type` : wanted);
  }
}

/** Names of operations and events: none is reserved, and no operation is called as a listener of an event. */
export class MemberNames extends Names {
  override take(wanted: string): string {
    const isReserved = RESERVED.has(wanted) || wanted === 'safe' || /^on[A-Z]/.test(wanted);
    return super.take(isReserved ? `call${capital(wanted)}` : wanted);
  }
}

/**
 * Type names for the full names of a description, `io.k8s.api.core.v1.Pod`: the shortest end that no other has. All names are given at once, so that a
 * type is called the same whatever part of a description is imported.
 */
export function shortNames(fullNames: readonly string[], names: Names = new ModuleNames()): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  const byEnd = new Map<string, number>();
  const endOf = (full: string, count: number): string => typeName(full.split('.').slice(-count).join('.'));
  for (const full of fullNames) {
    const parts = full.split('.').length;
    for (let count = 1; count <= parts; count++) {
      const end = `${count} ${endOf(full, count)}`;
      byEnd.set(end, (byEnd.get(end) ?? 0) + 1);
    }
  }
  for (const full of fullNames) {
    const parts = full.split('.').length;
    let count = 1;
    while (count < parts && (byEnd.get(`${count} ${endOf(full, count)}`) ?? 0) > 1) count++;
    result.set(full, names.take(endOf(full, count)));
  }
  return result;
}
