import type { output as OutputOf } from 'zod/v4/core';
import type { Contract, Relation, Schema } from './contract.ts';

/** The object that `select` looks into: of a list its items. */
export type Item<T> = NonNullable<T> extends readonly (infer I)[] ? Item<I> : NonNullable<T>;

/** The fields that a type has by relations. A contract's types have no names here, so a relation fits if its properties are there. */
type Related<T, C extends Contract> = Merge<
  {
    [N in keyof C['relations']]: {
      -readonly [F in keyof C['relations'][N] as Fits<T, C['relations'][N][F]> extends true ? Exclude<F, keyof T> : never]: OutputAt<
        C,
        C['relations'][N][F]['operation']
      >;
    };
  }[keyof C['relations']]
>;

type Fits<T, R extends Relation> = R['input'][keyof R['input']] extends keyof T ? true : false;
type OutputAt<C extends Contract, N extends string> = C['operations'][N]['output'] extends infer S extends Schema ? OutputOf<S> : never;
type Merge<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer A) => void ? A : never;

/** The names that `select` takes for a type: its fields and its relations. In one type, because an intersection with `{}` would let any constant pass. */
export type Select<T, C extends Contract> = {
  readonly [K in KeysOf<Item<T>> | keyof Related<Item<T>, C>]?: SelectOne<
    K extends KeysOf<Item<T>> ? FieldOf<Item<T>, K> : K extends keyof Related<Item<T>, C> ? Related<Item<T>, C>[K] : never,
    C
  >;
};

type SelectOne<T, C extends Contract> =
  | true
  | (Item<T> extends Date | Uint8Array ? never : Item<T> extends object ? (string extends keyof Item<T> ? never : Select<T, C>) : never);

/** A union has the fields of all its variants. */
type KeysOf<T> = T extends unknown ? keyof T : never;
type FieldOf<T, K> = T extends unknown ? (K extends keyof T ? T[K] : never) : never;

/** Refuses names that a type does not have, which only the constraint lets pass. */
export type Exactly<S, T, C extends Contract> = {
  readonly [K in keyof S]: K extends KeysOf<Item<T>>
    ? S[K] extends true
      ? true
      : Exactly<S[K], FieldOf<Item<T>, K>, C>
    : K extends keyof Related<Item<T>, C>
      ? S[K] extends true
        ? true
        : Exactly<S[K], Related<Item<T>, C>[K], C>
      : `there is no field '${K & string}'`;
};

/** A type with just the selected fields. */
export type Selected<T, S, C extends Contract> = S extends true
  ? T
  : T extends null | undefined
    ? T
    : T extends readonly (infer I)[]
      ? Selected<I, S, C>[]
      : Flat<
          { [K in keyof T as K extends keyof S ? K : never]: Selected<T[K], S[K & keyof S], C> } & {
            -readonly [K in keyof Related<T, C> as K extends keyof S ? K : never]: Selected<Related<T, C>[K], S[K & keyof S], C>;
          }
        >;

type Flat<T> = T extends unknown ? { [K in keyof T]: T[K] } : never;
