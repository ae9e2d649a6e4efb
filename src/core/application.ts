import type { input as InputOf, util } from 'zod/v4/core';
import type { Schema } from './contract.ts';

/**
 * The values that your code gives for a schema: application values of codecs, such as a `Date` for `instant()`, and members that have a
 * default are optional. Without codecs it is zod's input type.
 */
export type AppInput<S> = S extends Schema
  ? S['_zod']['def']['type'] extends keyof Kinds<S>
    ? Kinds<S>[S['_zod']['def']['type']]
    : InputOf<S>
  : never;

/** By the kind of a schema: kinds that can hold others. */
interface Kinds<S extends Schema> {
  /** A member may be left out if the input's may. */
  readonly object: S['_zod']['def'] extends { readonly shape: infer H }
    ? InputOf<S> extends infer I
      ? { [K in keyof I]: K extends keyof H ? AppInput<H[K]> : I[K] }
      : never
    : never;
  readonly array: S['_zod']['def'] extends { readonly element: infer E } ? AppInput<E>[] : never;
  readonly record: S['_zod']['def'] extends { readonly valueType: infer V } ? { [K in keyof InputOf<S>]: AppInput<V> } : never;
  /** `z.json()` is a union without end. */
  readonly union: util.JSONType extends InputOf<S>
    ? InputOf<S>
    : S['_zod']['def'] extends { readonly options: readonly (infer O)[] }
      ? AppInput<O>
      : never;
  readonly intersection: S['_zod']['def'] extends { readonly left: infer L; readonly right: infer R } ? AppInput<L> & AppInput<R> : never;
  readonly pipe: S['_zod']['def'] extends { readonly out: infer B } ? AppInput<B> : never;
  readonly lazy: S['_zod']['def'] extends { readonly getter: () => infer G } ? AppInput<G> : never;
  readonly optional: AppInput<InnerOf<S>> | undefined;
  readonly default: AppInput<InnerOf<S>> | undefined;
  readonly prefault: AppInput<InnerOf<S>> | undefined;
  readonly nullable: AppInput<InnerOf<S>> | null;
  readonly readonly: Readonly<AppInput<InnerOf<S>>>;
}

type InnerOf<S extends Schema> = S['_zod']['def'] extends { readonly innerType: infer T } ? T : never;
