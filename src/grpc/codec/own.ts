/** Sets a member that a peer named: `__proto__` too is only a name then. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** Levels of objects and lists that a message may nest, as in JSON. */
export const MAX_DEPTH = 64;

/** A message nests more levels than {@link MAX_DEPTH}. */
export class TooDeep extends Error {
  constructor() {
    super(`it is nested more than ${MAX_DEPTH} levels deep`);
  }
}
