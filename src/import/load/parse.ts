import { parseDocument } from 'yaml';
import { parseJson } from '../../peer/json.ts';
import { isObject } from '../../peer/error-body.ts';
import type { JsonObject } from '../../core/errors.ts';
import { ImportError } from './error.ts';
import { shown, type Location } from './location.ts';

/** The depth to which a document may be nested, because the code that follows it is recursive. */
const MAX_DEPTH = 500;
/** Anchors of YAML that may be expanded; a document of nothing but references to references is refused (billion laughs). */
const MAX_ALIASES = 10_000;

/** Parses JSON or YAML. Throws an `ImportError` with the place of the mistake. */
function parseText(text: string, location: Location): unknown {
  const value = /^\s*[[{]/.test(text) ? tryJson(text, location) : parseYaml(text, location);
  checkDepth(value, location);
  return value;
}

/** Parses a document whose root is an object. */
export function parseObject(text: string, location: Location): JsonObject {
  const value = parseText(text, location);
  if (isObject(value)) return value;
  const page = /^\s*<(!doctype|html)/i.test(text) ? ' (it looks like a web page: is this the address of the document itself?)' : '';
  throw new ImportError(
    `${shown(location)} is not a description: it is ${Array.isArray(value) ? 'a list' : (value ?? '') === '' ? 'empty' : `a ${typeof value}`}${page}`,
  );
}

function tryJson(text: string, location: Location): unknown {
  try {
    return parseJson(text, MAX_DEPTH);
  } catch (cause) {
    // A flow mapping of YAML begins like JSON.
    try {
      return parseYaml(text, location);
    } catch {
      throw new ImportError(`${shown(location)} is not JSON: ${(cause as Error).message}`, { cause });
    }
  }
}

function parseYaml(text: string, location: Location): unknown {
  if (nestsTooDeep(text)) throw tooDeep(location);
  // Only references to one another can make little text much.
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent', stringKeys: false });
  const [error] = document.errors;
  if (error && /call stack/.test(error.message)) throw tooDeep(location);
  if (error) throw new ImportError(`${shown(location)} is not YAML: ${error.message}`, { cause: error });
  try {
    return document.toJS({ maxAliasCount: Math.min(MAX_ALIASES, 100 + text.length / 100) });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooDeep(location);
    throw new ImportError(`${shown(location)} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Whether brackets open far more often than they close. The parser of YAML takes a time that grows with the square of the depth, and then has no stack left. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + (bracket === '[' || bracket === '{' ? 1 : -1));
    if (depth > 2 * MAX_DEPTH) return true;
  }
  return false;
}

function tooDeep(location: Location): ImportError {
  return new ImportError(`${shown(location)} is nested more than ${MAX_DEPTH} levels deep, or contains itself`);
}

/** Without recursion, and each object once: aliases of YAML share them, and may make a circle. */
function checkDepth(root: unknown, location: Location): void {
  let level: unknown[] = [root];
  const seen = new Set<unknown>();
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw tooDeep(location);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
}
