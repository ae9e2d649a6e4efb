/** A record's own member: names that come from outside may be `constructor`, which every object has. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Sets a member under a name that comes from outside, as an own one: assigning to `__proto__` would do something else. */
export function setOwn(record: object, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  else (record as Record<string, unknown>)[key] = value;
}
