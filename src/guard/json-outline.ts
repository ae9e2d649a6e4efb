import { tryParseJson } from '../peer/json.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPENING_LIST = 0x5b;
const OPENING_OBJECT = 0x7b;
const CLOSING_LIST = 0x5d;
const CLOSING_OBJECT = 0x7d;

/** A value that is longer is not read, in characters. */
const MAX_VALUE_CHARS = 32_768;

/**
 * Members of a JSON object that is refused, by their names: the others are not built. A value that is not an object has none; a damaged one has those before
 * the damage.
 */
export function outlineOf(text: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  const found = Object.create(null) as Record<string, unknown>;
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPENING_OBJECT) return found;
  for (at = skipSpace(text, at + 1); text.charCodeAt(at) === QUOTE; at = skipSpace(text, at + 1)) {
    const endOfName = endOfText(text, at);
    const name = text.slice(at + 1, endOfName);
    at = skipSpace(text, endOfName + 1);
    if (text.charCodeAt(at) !== COLON) break;
    const end = endOfValue(text, at + 1);
    if (names.includes(name) && end - at <= MAX_VALUE_CHARS) {
      const value = tryParseJson(text.slice(at + 1, end));
      if (value === undefined) break;
      found[name] = value;
    }
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) break;
  }
  return found;
}

/** The items of a JSON list as texts, `most` of them; `undefined` for what is not a list. */
export function itemsOf(text: string, most: number): readonly string[] | undefined {
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPENING_LIST) return undefined;
  const items: string[] = [];
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === CLOSING_LIST) return items;
  while (items.length < most) {
    const end = endOfValue(text, at);
    items.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text.charCodeAt(at) !== COMMA) break;
    at++;
  }
  return items;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** The end of a value: the place after its last character. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = skipSpace(text, from); at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfText(text, at);
    else if (char === OPENING_OBJECT || char === OPENING_LIST) depth++;
    else if (char === CLOSING_OBJECT || char === CLOSING_LIST) {
      if (--depth < 0) return at;
    } else if (char === COMMA && depth === 0) return at;
  }
  return text.length;
}

/** The end of the text that begins at `start`: the place of its last quote. */
export function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}
