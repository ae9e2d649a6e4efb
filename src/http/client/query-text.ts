import { ApiError } from '../../core/errors.ts';

/**
 * Writes values as a query string that begins with `?`, or nothing if there are no values. Lists repeat the key, `undefined` is left out.
 * Null and the empty list are only a key (`?nick&tags`), which no text, number or boolean is, so that absent, null and empty stay apart.
 * Throws INVALID_ARGUMENT for an object, and for text that is not Unicode.
 */
export function writeQuery(values: Readonly<Record<string, unknown>>): string {
  let query = '';
  for (const key in values) {
    const value = values[key];
    if (value === undefined) continue;
    const name = encodeURIComponent(key);
    if (!Array.isArray(value)) query += pair(name, value);
    else if (value.length === 0) query += `&${name}`;
    else for (const item of value) query += pair(name, item);
  }
  return query === '' ? '' : `?${query.slice(1)}`;
}

/** Writes a scalar as one part of a path or query, percent-encoded. Throws as `writeQuery` does; null is `null`. */
export function encodeText(value: unknown, name: string): string {
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    throw new ApiError('INVALID_ARGUMENT', `${name}: an object or a list cannot stand in a URL`, { sent: false });
  }
  try {
    return encodeURIComponent(String(value));
  } catch (cause) {
    throw new ApiError('INVALID_ARGUMENT', `${name}: the text has half of a surrogate pair, which no URL can carry`, {
      sent: false,
      cause,
    });
  }
}

function pair(name: string, value: unknown): string {
  return value === null || value === undefined ? `&${name}` : `&${name}=${encodeText(value, name)}`;
}
