
export { pascal } from '../../schema/pascal.ts';

/** `createdAt` as a field's name: `created_at`. Throws if nothing of it can stand in one. */
export function snake(text: string): string {
  const words = text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  const name = words.join('_').toLowerCase();
  return /^[a-z]/.test(name) ? name : `f_${name}`;
}

/** How the name of a field is written: `created_at` as `createdAt`. Source: https://protobuf.dev/programming-guides/json/#field-representation */
export function jsonName(field: string): string {
  return field.replace(/_+(.?)/g, (_, letter: string) => letter.toUpperCase());
}

/** `KindsColor` and `dark-red` as a value's name: `KINDS_COLOR_DARK_RED`. */
export function screaming(type: string, value: string): string {
  const word = snake(`x_${value}`).slice(2);
  return `${snake(type)}_${word === '' ? 'empty' : word}`.toUpperCase();
}

/** The value 0 of an enum. */
export function unspecified(type: string): string {
  return screaming(type, 'unspecified');
}

/** A name that is not taken: with a number after it if it is. */
export function unique(name: string, taken: { has(name: string): boolean }): string {
  if (!taken.has(name)) return name;
  for (let count = 2; ; count++) if (!taken.has(`${name}_${count}`)) return `${name}_${count}`;
}

const FIELD = /^[a-z][a-z0-9_]*$/i;

/** A name that a `.meta({ grpc: { name } })` gave. Throws a `TypeError` if no .proto can have it. */
export function checkName(name: string, at: string): string {
  if (!FIELD.test(name)) throw new TypeError(`${at}: .meta({ grpc: { name: '${name}' } }) must be letters, digits and _`);
  return name;
}
