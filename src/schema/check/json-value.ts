import type { Schema } from '../../core/contract.ts';
import { MAX_DEPTH } from '../../core/options.ts';
import { isWellFormed, wellFormed } from '../../peer/text/well-formed.ts';
import { WireBytes } from '../codec/wire-bytes.ts';
import { isOpen } from './is-open.ts';
import type { Check, Checked } from './issues.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/**
 * Makes a check refuse values that JSON cannot hold, which protocols would drop or change: halves of surrogate pairs, NaN, functions,
 * bigints, maps, cycles. Others become what JSON makes of them: -0 is 0, dates are text.
 * Source: https://www.rfc-editor.org/rfc/rfc7493#section-2
 */
export function jsonCheck(schema: Schema, check: Check): Check {
  const dropsUndefined = isOpen(schema);
  const read = (checked: Checked): Checked | Promise<Checked> => {
    if (checked.issues) return checked;
    const reader = new JsonReader(dropsUndefined);
    const found = reader.read(checked.value, 0);
    if (found instanceof Unfit) return found.told();
    // A required member of any kind is missing in JSON if it is undefined.
    return reader.hasDropped ? check(found) : { value: found };
  };
  return (value) => {
    const checked = check(value);
    return isPromiseLike(checked) ? checked.then(read) : read(checked);
  };
}

/** The value as JSON has it, or what is wrong with it. */
export function jsonOf(value: unknown): Checked {
  const found = new JsonReader(false).read(value, 0);
  return found instanceof Unfit ? found.told() : { value: found };
}

/** A part that JSON cannot hold. */
class Unfit {
  #path: (string | number)[] = [];
  readonly #message: string;
  readonly #isDeep: boolean;

  constructor(message: string, isDeep = false) {
    this.#message = message;
    this.#isDeep = isDeep;
  }

  within(step: string | number): this {
    // Of a value that is too deep the outermost member is told.
    this.#path = this.#isDeep ? [step] : [step, ...this.#path];
    return this;
  }

  told(): Checked {
    return { issues: [{ path: this.#path, message: this.#message }] };
  }
}

const HALF = 'half of a surrogate pair is not text: was it cut in the middle of a character?';
const UNDEFINED = Symbol('undefined');

/** Copies only changed parts. Ends with the first `Unfit`, thus also in a cycle. */
class JsonReader {
  hasDropped = false;

  private readonly dropsUndefined: boolean;

  constructor(dropsUndefined: boolean) {
    this.dropsUndefined = dropsUndefined;
  }

  read(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return isWellFormed(value) ? value : new Unfit(HALF);
      case 'number':
        // Not -0, and no NaN.
        return value === 0 ? 0 : Number.isFinite(value) ? value : new Unfit(`JSON has no ${value}`);
      case 'boolean':
      case 'undefined':
        return value;
      case 'object':
        return value === null ? value : this.#object(value, depth);
      case 'bigint':
        return new Unfit('JSON has no bigint: int64() carries one');
      default:
        return new Unfit(`JSON has no ${typeof value}`);
    }
  }

  #object(value: object, depth: number): unknown {
    // Bytes and files, which the protocols know.
    if (value instanceof WireBytes || Symbol.asyncIterator in value) return value;
    if (depth === MAX_DEPTH) return new Unfit(`it is nested more than ${MAX_DEPTH} levels deep: has it a cycle?`, true);
    if (Array.isArray(value)) return this.#list(value, depth + 1);
    const { toJSON } = value as { readonly toJSON?: unknown };
    if (typeof toJSON === 'function') return this.read(toJSON.call(value), depth + 1);
    return isPlain(value)
      ? this.#members(value as Readonly<Record<string, unknown>>, depth + 1)
      : new Unfit(`JSON has no ${nameOf(value)}`);
  }

  #list(list: readonly unknown[], depth: number): unknown {
    let copy: unknown[] | undefined;
    for (let index = 0; index < list.length; index++) {
      // As JSON writes a hole.
      const found = this.read(list[index] ?? null, depth);
      if (found instanceof Unfit) return found.within(index);
      if (!Object.is(found, list[index])) (copy ??= [...list])[index] = found;
    }
    return copy ?? list;
  }

  #members(object: Readonly<Record<string, unknown>>, depth: number): unknown {
    let changes: Map<string, unknown> | undefined;
    for (const name of Object.keys(object)) {
      const member = object[name];
      const found = isWellFormed(name) ? this.read(member, depth) : new Unfit(HALF);
      if (found instanceof Unfit) return found.within(wellFormed(name));
      if (found === undefined && this.dropsUndefined) (changes ??= new Map<string, unknown>()).set(name, UNDEFINED);
      else if (!Object.is(found, member)) (changes ??= new Map<string, unknown>()).set(name, found);
    }
    return changes ? this.#changed(object, changes) : object;
  }

  #changed(object: Readonly<Record<string, unknown>>, changes: ReadonlyMap<string, unknown>): unknown {
    const entries = Object.entries(object).map(([name, member]): [string, unknown] => [
      name,
      changes.has(name) ? changes.get(name) : member,
    ]);
    const kept = entries.filter(([, member]) => member !== UNDEFINED);
    this.hasDropped ||= kept.length < entries.length;
    // Not by assignment: a name may be `__proto__`.
    return Object.fromEntries(kept);
  }
}

/** Not one of the platform's own, such as a `Map`, of which JSON would keep nothing. An object of a class has its own members. */
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype || tagOf(value) === 'Object';
}

function nameOf(value: object): string {
  const tag = tagOf(value);
  return tag === 'Promise' ? 'promise: is an await missing?' : tag;
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
