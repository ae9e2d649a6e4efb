import { isName } from '../name.ts';
import { escapeAttribute, escapeText, UnwritableText } from '../text.ts';

/**
 * Writes a plain value as an element: members as elements in their order, `@name` as attributes (`@xmlns` too), `#text` as text, lists as elements
 * that repeat, null as an empty element.
 * @throws `TypeError` that names what XML cannot have.
 */
export function writePlain(name: string, value: unknown): string {
  if (!name.split(':').every(isName)) throw new TypeError(`'${name.slice(0, 40)}' cannot be the name of an element`);
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map((item) => writePlain(name, item)).join('');
  if (typeof value !== 'object' || value === null) return close(name, '', textOf(name, value ?? ''));
  let attributes = '';
  let content = '';
  for (const [key, member] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (member === undefined) continue;
    if (key === '#text') content += textOf(name, member);
    else if (!key.startsWith('@')) content += writePlain(key, member);
    else if (key.slice(1).split(':').every(isName)) attributes += ` ${key.slice(1)}="${escapeAttribute(scalarOf(key, member))}"`;
    else throw new TypeError(`'${key.slice(0, 40)}' cannot be an attribute`);
  }
  return close(name, attributes, content);
}

function close(name: string, attributes: string, content: string): string {
  return content === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

function textOf(name: string, value: unknown): string {
  try {
    return escapeText(scalarOf(name, value));
  } catch (error) {
    throw error instanceof UnwritableText ? new TypeError(`${name}: ${error.message}`) : error;
  }
}

function scalarOf(name: string, value: unknown): string {
  if (typeof value === 'object' && value !== null) throw new TypeError(`${name}: an object is not text`);
  return typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
}
