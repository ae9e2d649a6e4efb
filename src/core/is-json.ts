/** Tells whether JSON can hold a value. It cannot if the value has a cycle or a bigint. */
export function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    return false;
  }
}
