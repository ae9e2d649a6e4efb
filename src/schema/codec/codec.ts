import { clone, globalRegistry, type $ZodCheck, type $ZodRawIssue, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../../core/contract.ts';
import { isPreprocess, ownDef, someSchema, type Def, type Transform } from '../../core/shape/walk.ts';
import { issueMessage } from '../issue-message.ts';
import { compileCheck, type Check, type Checked } from '../validate.ts';
import { hasCodec } from './has-codec.ts';
import { isNote, rebuild, setLater } from './rebuild.ts';
import { compileWalk, type Walk, type WalkMode, type WalkState } from './walk.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** Takes values of one schema from application form to wire form and back. Synchronous unless a codec or a refinement is not. */
export interface Converter {
  /** From application values; members that may be left out, because they have a default, stay out. */
  readonly encode: Check;
  /** From values that fit the wire side. */
  readonly decode: Check;
}

const wires = new WeakMap<Schema, Schema>();
const converters = new WeakMap<Schema, Converter>();

/** The converter of a schema, made once; `undefined` without codecs: both forms are the same. */
export function converterOf(schema: Schema | undefined): Converter | undefined {
  if (!schema || !hasCodec(schema)) return undefined;
  let converter = converters.get(schema);
  if (!converter) converters.set(schema, (converter = makeConverter(schema)));
  return converter;
}

/** Makes the check of the wire side of a schema. */
export function checkOf(schema: Schema): Check {
  return compileCheck(wireOf(schema));
}

/** Makes the check of what is received in wire form, which gives application values. */
export function compileReceive(schema: Schema): Check {
  const check = compileCheck(wireOf(schema));
  const converter = converterOf(schema);
  if (!converter) return check;
  return (value) => after(check(value), (checked) => (checked.issues ? checked : converter.decode(checked.value)));
}

/** Makes the check of what is sent in application form, which gives wire values. */
export function compileSend(schema: Schema): Check {
  const check = compileCheck(wireOf(schema));
  const converter = converterOf(schema);
  if (!converter) return check;
  return (value) => after(converter.encode(value), (checked) => (checked.issues ? checked : check(checked.value)));
}

/**
 * The schema of the wire side: each codec is what it reads, defaults are in wire form, names and descriptions stay. Refinements of what holds
 * a codec are about application values, so they are not in it. A schema without codecs is its own.
 */
export function wireOf<S extends Schema | undefined>(schema: S): S {
  if (schema === undefined || !hasCodec(schema)) return schema;
  let wire = wires.get(schema);
  if (!wire) wires.set(schema, (wire = deriveWire(schema as $ZodType)));
  return wire as S;
}

function deriveWire(schema: $ZodType): $ZodType {
  const def = ownDef(schema);
  const { parent } = schema._zod;
  if (def.in && !isPreprocess(schema)) {
    // Made of another codec by a check or by notes, it has the name of that one.
    const inner = wireOf(parent ?? def.in);
    if (!globalRegistry.get(schema)) return inner;
    // Described at its place: the same type with other words.
    const { checks } = inner._zod.def;
    return described(
      clone(inner, { ...inner._zod.def, checks: checks?.filter((check) => !isNote(check)) } as never, { parent: true }),
      schema,
    );
  }
  const wire = rebuild(schema, wireOf, isSize);
  const { innerType } = def;
  if (innerType && def.type === 'default') setLater(wire, 'defaultValue', () => encodeDefault(innerType, def.defaultValue));
  const made = described(clone(schema, wire), schema);
  if (parent) made._zod.parent = wireOf(parent);
  return made;
}

function described(made: $ZodType, schema: $ZodType): $ZodType {
  const meta = globalRegistry.get(schema);
  if (meta) globalRegistry.add(made, meta);
  return made;
}

function encodeDefault(schema: Schema, value: unknown): unknown {
  const encoded = converterOf(schema)?.encode(value) ?? { value };
  if (isPromiseLike(encoded)) throw new TypeError('a default is given at once, and its codec is asynchronous');
  if (encoded.issues) throw new TypeError(`the default of a codec does not fit it: ${encoded.issues[0]?.message}`);
  return encoded.value;
}

/** Sizes are the same on both sides; everything else that a check may say is about application values. */
function isSize({ _zod: { def } }: $ZodCheck): boolean {
  return /^(min|max)_(length|size)$|^(length|size)_equals$/.test(def.check);
}

function makeConverter(schema: Schema): Converter {
  const encode = begin(compileWalk(schema, codecMode(encodeLeaf)));
  const decode = begin(compileWalk(schema, codecMode(decodeLeaf)));
  if (!isRefined(schema)) return { encode, decode };
  // Refinements see application values, and zod runs them.
  const check = compileCheck(schema);
  const decodeWhole: Check = (value) => {
    try {
      return check(value);
    } catch (error) {
      // A codec threw it: the walk finds which.
      return after(decode(value), (found) => (found.issues ? found : { issues: [{ path: [], message: messageOf(error) }] }));
    }
  };
  const fits = compileCheck(wireOf(schema));
  return {
    decode: decodeWhole,
    encode: (value) =>
      after(encode(value), (encoded) => {
        if (encoded.issues) return encoded;
        // A value that does not fit the wire is refused by the guard.
        return after(fits(encoded.value), (fitting) =>
          fitting.issues ? encoded : after(decodeWhole(fitting.value), (whole) => (whole.issues ? whole : encoded)),
        );
      }),
  };
}

/** Whether an author's own check looks at an application value. */
function isRefined(schema: Schema): boolean {
  const isOwn = (check: $ZodCheck) => !isNote(check) && !isSize(check);
  return someSchema(schema, (inner) => hasCodec(inner) && (inner._zod.def.checks ?? []).some(isOwn));
}

function begin(walk: Walk | undefined): Check {
  return (value) => {
    const state: WalkState = { issues: [], path: [], pending: [] };
    const result = walk ? walk(value, state) : value;
    if (isPromiseLike(result) || state.pending.length > 0) return settle(result, state);
    return state.issues.length > 0 ? { issues: state.issues } : { value: result };
  };
}

async function settle(result: unknown, { issues, pending }: WalkState): Promise<Checked> {
  const value = await result;
  while (pending.length > 0) await Promise.all(pending.splice(0));
  return issues.length > 0 ? { issues } : { value };
}

function after(checked: Checked | Promise<Checked>, next: (checked: Checked) => Checked | Promise<Checked>): Checked | Promise<Checked> {
  return isPromiseLike(checked) ? checked.then(next) : next(checked);
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message.slice(0, 200) : 'the value cannot be converted';
}

type Leaf = (def: Def, compile: (inner: Schema) => Walk | undefined) => Walk;

function codecMode(leaf: Leaf): WalkMode {
  return {
    has: hasCodec,
    leaf: (schema, compile) => {
      const def = ownDef(schema);
      return def.in && !isPreprocess(schema) ? leaf(def, compile) : undefined;
    },
    choose: (options, walks) => {
      const checks = options.map((option) => compileCheck(wireOf(option)));
      const isEncoding = leaf === encodeLeaf;
      return (value, state) => {
        for (let index = 0; index < options.length; index++) {
          if (!isEncoding && !fitsNow(checks[index]?.(value))) continue;
          const tried: WalkState = { issues: [], path: [...state.path], pending: [] };
          const result = walks[index]?.(value, tried) ?? value;
          if (tried.issues.length > 0 || (isEncoding && !isPromiseLike(result) && !fitsNow(checks[index]?.(result)))) continue;
          state.pending.push(...tried.pending);
          return result;
        }
        state.issues.push({ path: [...state.path], message: 'Invalid input' });
        return value;
      };
    },
  };
}

/** Of asynchronous checks only the guard waits for an answer. */
function fitsNow(checked: Checked | Promise<Checked> | undefined): boolean {
  return isPromiseLike(checked) || checked?.issues === undefined;
}

/** The application value by its schema, then the codec's function, then the codecs that the wire side has itself. */
const encodeLeaf: Leaf = (def, compile) => {
  const inner = def.out && compile(def.out);
  const check = def.out && compileCheck(wireOf(def.out));
  const behind = def.in && compile(def.in);
  return (value, state) => {
    const checked = later(inner ? inner(value, state) : value, state, (found, at) => accepted(check, found, at));
    const wire = later(checked, state, (found, at) => transformed(def.reverseTransform, found, at));
    return behind ? later(wire, state, (found, at) => (found === FAILED ? found : behind(found, at))) : wire;
  };
};

const decodeLeaf: Leaf = (def, compile) => {
  const inner = def.in && compile(def.in);
  const check = def.out && compileReceive(def.out);
  return (value, state) => {
    const made = later(inner ? inner(value, state) : value, state, (found, at) => transformed(def.transform, found, at));
    return later(made, state, (found, at) => accepted(check, found, at));
  };
};

/** Stands for a value that has been refused. */
const FAILED = Symbol('failed');

/** Goes on at once, or when the value is there: the walk is elsewhere by then, so its place is kept. */
function later(value: unknown, state: WalkState, next: (value: unknown, state: WalkState) => unknown): unknown {
  if (!isPromiseLike(value)) return next(value, state);
  const kept = { ...state, path: [...state.path] };
  return value.then((settled) => next(settled, kept));
}

function accepted(check: Check | undefined, value: unknown, state: WalkState): unknown {
  if (!check || value === FAILED) return value;
  return later(check(value), state, (result, { issues, path }) => {
    const checked = result as Checked;
    if (!checked.issues) return checked.value;
    for (const issue of checked.issues) issues.push({ path: [...path, ...issue.path], message: issue.message });
    return FAILED;
  });
}

/** Calls an author's function. An error that it throws, and the issues that it adds, are issues of the value. */
function transformed(transform: Transform | undefined, value: unknown, state: WalkState): unknown {
  if (!transform || value === FAILED) return value;
  const payload = { value, issues: [] as $ZodRawIssue[] };
  try {
    const result = transform(value, payload);
    const settled = isPromiseLike(result) ? result.then(undefined, (error: unknown) => new Thrown(error)) : result;
    return later(settled, state, (made, { issues, path }) => {
      if (made instanceof Thrown) payload.issues.push({ code: 'custom', input: value, message: messageOf(made.error) });
      for (const issue of payload.issues) {
        const within = (issue.path ?? []).map((step) => (typeof step === 'symbol' ? String(step) : step));
        issues.push({ path: [...path, ...within], message: issue.message ?? issueMessage(issue) });
      }
      return payload.issues.length > 0 ? FAILED : made;
    });
  } catch (error) {
    state.issues.push({ path: [...state.path], message: messageOf(error) });
    return FAILED;
  }
}

/** The error with which an asynchronous codec rejected. */
class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
