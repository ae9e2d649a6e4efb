import { isApiError, type ApiError, type ErrorCode } from '../core/errors.ts';
import { own } from '../core/own.ts';
import { after, inTime } from '../life/timers.ts';

/** The time that anything may take for which a case waits, in milliseconds. It is long, because it only passes if something is broken. */
const PATIENCE_MS = 8000;

/** Throws if a condition does not hold. */
export function ok(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws if two values differ: JSON, dates, bigints and bytes. Members that are `undefined` count as absent, -0 as 0. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const path = differ(actual, expected);
  if (path === undefined) return;
  throw new Error(`${what}${path && ` at ${path}`}: got ${show(actual)}, expected ${show(expected)}`);
}

/** The error a promise rejects with; throws if it does not, or with another code. */
export function fails(promise: PromiseLike<unknown>, code: ErrorCode): Promise<ApiError> {
  return watched(rejection(promise, code));
}

/** Says that a promise is waited for later: if its case fails before, its own rejection is not a second failure. */
export function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

async function rejection(promise: PromiseLike<unknown>, code: ErrorCode): Promise<ApiError> {
  let value: unknown;
  try {
    value = await settled(promise, `a rejection with ${code}`);
  } catch (error) {
    if (!isApiError(error)) throw new Error(`expected ${code}, but this is not an ApiError: ${String(error)}`, { cause: error });
    if (error.code !== code) throw new Error(`expected ${code}, got ${error.message}`, { cause: error });
    return error;
  }
  throw new Error(`expected ${code}, but it resolved with ${show(value)}`);
}

/** Waits for a promise, not forever. */
export function settled<T>(promise: PromiseLike<T>, what: string): Promise<T> {
  return inTime(PATIENCE_MS, Promise.resolve(promise), () => new Error(`waited in vain for ${what}`));
}

/** Waits until a condition holds, not forever. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await pause(2);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void after(ms, resolve));
}

/** A list that can be waited on. */
export class Inbox<T> {
  readonly items: T[] = [];

  readonly add = (item: T): void => {
    this.items.push(item);
  };

  /** The items, when there are `count`. */
  async wait(count: number, what = 'items'): Promise<readonly T[]> {
    await until(() => this.items.length >= count, `there were ${count} ${what} (there are ${this.items.length})`);
    return this.items;
  }
}

function differ(actual: unknown, expected: unknown, path = ''): string | undefined {
  if (actual === expected || Object.is(actual, expected)) return undefined;
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) return path;
  if (actual instanceof Date && expected instanceof Date) return actual.getTime() === expected.getTime() ? undefined : path;
  if (kindOf(actual) !== kindOf(expected)) return path;
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length !== expected.length) return `${path}.length`;
  const [left, right] = [actual as Record<string, unknown>, expected as Record<string, unknown>];
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const inner = differ(own(left, key), own(right, key), path === '' ? key : `${path}.${key}`);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function kindOf(value: object): string {
  return Array.isArray(value) ? 'list' : value instanceof Date ? 'date' : value instanceof Uint8Array ? 'bytes' : 'object';
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? `${member}n` : member)) ?? String(value);
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text;
}

/** A value that the contract does not allow, where TypeScript would refuse it. */
export function misfit(value: unknown): never {
  return value as never;
}
