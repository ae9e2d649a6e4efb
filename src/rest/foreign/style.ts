import { plainText } from '../../peer/text/plain-text.ts';
import { ApiError } from '../../core/errors.ts';
import { encodeText } from '../../http/client/query-text.ts';
import type { ListStyle } from './mapping.ts';

/** Writes a value as `name=value` pairs of a query or a form: lists by their style, objects as `name[member]`. */
export function writePairs(name: string, value: unknown, style: ListStyle, pairs: string[]): void {
  if (value === undefined) return;
  if (Array.isArray(value)) return writeList(name, value, style, pairs);
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [member, inner] of Object.entries(value)) writePairs(`${name}[${member}]`, inner, style, pairs);
    return;
  }
  pairs.push(`${encodeName(name)}=${value === null ? '' : encodeText(value, name)}`);
}

function writeList(name: string, items: readonly unknown[], style: ListStyle, pairs: string[]): void {
  const isFlat = items.every((item) => typeof item !== 'object' || item === null || item instanceof Uint8Array);
  if (isFlat && (style === 'comma' || style === 'space' || style === 'pipe')) {
    const separator = style === 'comma' ? ',' : style === 'space' ? '%20' : '|';
    // Nothing is absent, and an empty list is an empty text.
    pairs.push(`${encodeName(name)}=${items.map((item) => encodeText(item ?? '', name)).join(separator)}`);
    return;
  }
  // Of objects only the number says which members belong together.
  items.forEach((item, index) =>
    writePairs(isFlat && style !== 'indices' ? (style === 'brackets' ? `${name}[]` : name) : `${name}[${index}]`, item, style, pairs),
  );
}

/** Brackets stay as they are, as every API that has them documents them. */
function encodeName(name: string): string {
  return encodeText(name, name).replaceAll('%5B', '[').replaceAll('%5D', ']').replaceAll('%24', '$');
}

/** A value as the text of a header or a cookie. */
export function headerText(name: string, value: unknown): string {
  const text = Array.isArray(value) ? value.map(plainText).join(',') : plainText(value);
  if (!/^[\x20-\x7e]*$/.test(text))
    throw new ApiError('INVALID_ARGUMENT', `${name}: a header carries printable ASCII only`, { sent: false });
  return text;
}

/** Whether a media type is text, but not JSON. */
export function isText(type: string): boolean {
  return /^(?:text\/|application\/(?:[\w.-]+\+)?(?:xml|(?:x-)?yaml|toml|(?:x-)?javascript|x-www-form-urlencoded|graphql|sql|sparql-\w+)\s*(?:;|$))/i.test(
    type,
  );
}

/** Whether a media type is XML: `text/xml`, `application/atom+xml`. */
export function isXml(type: string): boolean {
  return /^[^;]*[/+]xml\s*(?:;|$)/i.test(type);
}
