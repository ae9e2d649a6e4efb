/** Text that XML 1.0 has no way to write, not even as a character reference. Source: https://www.w3.org/TR/xml/#charsets */
export class UnwritableText extends Error {
  /** As people look it up: `U+0000`. */
  readonly character: string;

  constructor(character: string) {
    super(`the character ${character} cannot be written in XML`);
    this.character = character;
  }
}

/** The characters of nearly all text: nothing in it needs to be escaped, or checked for its other half. */
const PLAIN = /^[\t\n\x20-%'-;=?-\uD7FF\uE000-\uFFFD]*$/;
/** `>` because of `]]>`; a carriage return because parsers make line feeds of them: https://www.w3.org/TR/xml/#sec-line-ends */
const SPECIAL = /[&<>\r]/g;
/** A control character, a noncharacter, or half of a surrogate pair. */
// eslint-disable-next-line no-control-regex -- they are what it looks for
const UNWRITABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

/** Text as an element's content. Throws `UnwritableText`. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  const found = UNWRITABLE.exec(text);
  if (found) throw new UnwritableText(`U+${(found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`);
  return text.replace(SPECIAL, (special) => ESCAPES[special] ?? special);
}

/** Text as an element's content, with U+FFFD for what cannot be written: for messages, which must arrive. */
export function escapeAnyText(text: string): string {
  return escapeText(text.replace(new RegExp(UNWRITABLE.source, 'gu'), '\ufffd'));
}

/** Text as the value of an attribute in double quotes. */
export function escapeAttribute(text: string): string {
  return escapeAnyText(text).replaceAll('"', '&quot;').replaceAll('\t', '&#9;').replaceAll('\n', '&#10;');
}

/**
 * A JSON value as text that XML can carry. Other characters are written as JSON's own `\u` escapes, which `JSON.stringify` does but for
 * two.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(/[\ufffe\uffff]/g, (character) => (character === '\ufffe' ? '\\ufffe' : '\\uffff'));
}

/** The place of the first text in a JSON value that cannot be written, as a path from its root; `undefined` if there is none. */
export function findUnwritable(value: unknown): readonly (string | number)[] | undefined {
  if (typeof value === 'string') return UNWRITABLE.test(value) ? [] : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const path = UNWRITABLE.test(key) ? [] : findUnwritable(member);
    if (path) return [Array.isArray(value) ? Number(key) : key, ...path];
  }
  return undefined;
}

/** A peer's text as messages show it: cut, because a message is not the place to send a megabyte back. */
export function shown(text: string, length = 80): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
