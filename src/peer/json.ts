import { ApiError } from '../core/errors.ts';
import { MAX_DEPTH } from '../core/options.ts';
import { isObject } from './error-body.ts';
import { printable } from './text/printable.ts';

export { MAX_DEPTH };

/** Levels that a client reads of what is nested however its server likes: more of them could be more than the stack holds. */
export const MAX_LEVELS = 256;

/** Parses JSON from a peer. Throws INVALID_ARGUMENT if it is malformed or nested too deeply. */
export function parseJson(text: string, maxDepth: number = MAX_DEPTH): unknown {
  if (hasMoreBrackets(text, maxDepth) && depthOf(text, maxDepth) > maxDepth) {
    throw new ApiError('INVALID_ARGUMENT', `the JSON is nested more than ${maxDepth} levels deep`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // Without the cause, which quotes the text as it came.
    throw new ApiError('INVALID_ARGUMENT', `this is not JSON: ${printable((error as Error).message)}`);
  }
}

/** Like `parseJson`, but returns `undefined` instead of throwing. */
export function tryParseJson(text: string, maxDepth?: number): unknown {
  try {
    return parseJson(text, maxDepth);
  } catch {
    return undefined;
  }
}

/** For `JSON.stringify`: members in the order of their names, because equal objects may come in any order, such as maps of protobuf. */
export function sorted(_name: string, value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}

/** A text with few brackets cannot nest deeply: most never need the scan. */
function hasMoreBrackets(text: string, count: number): boolean {
  if (text.length <= count || count === Infinity) return false;
  return hasMore(text, '{', count / 2) || hasMore(text, '[', count / 2);
}

function hasMore(text: string, bracket: string, count: number): boolean {
  let found = 0;
  for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) if (++found > count) return true;
  return false;
}

function depthOf(text: string, enough: number): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length && deepest <= enough; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 0x5c) at++;
      else if (char === 0x22) quoted = false;
    } else if (char === 0x22) quoted = true;
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x7d || char === 0x5d) depth--;
  }
  return deepest;
}

/** How long the id of a message may be: it is held while its call or subscription runs, and every answer repeats it. */
export const MAX_ID_CHARS = 1024;

/** Tells whether a value can be the id of a message, of those that are text. */
export function isTextId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= MAX_ID_CHARS;
}
