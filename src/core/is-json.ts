/** Tells whether JSON can hold a value: not where it has a cycle or a bigint. */
export function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
