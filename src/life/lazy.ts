import { ApiError } from '../core/errors.ts';
import { isPromiseLike } from './maybe.ts';

/** A part of the package, as `#…-parts` names it: on servers it is here at once, browsers load it with its first use. */
export type Part<M> = () => M | Promise<M>;

/** A part that is here. */
export function here<M>(module: M): Part<M> {
  return () => module;
}

/**
 * A part that is loaded when it is first needed, so that a page that never needs it does not carry it. Gives the module itself as soon as it is
 * here, before that its promise. A load that failed rejects with UNAVAILABLE, and the next use tries again.
 */
export function lazy<M>(load: () => Promise<M>): Part<M> {
  let loaded: M | undefined;
  let loading: Promise<M> | undefined;
  const failed = (cause: unknown): never => {
    loading = undefined;
    throw new ApiError('UNAVAILABLE', 'a part of multi-api-sdk could not be loaded: does the server still have all chunks of this build?', {
      sent: false,
      cause,
    });
  };
  return () => loaded ?? (loading ??= load().then((module) => (loaded = module), failed));
}

/** Two parts as one, of which the second may not be needed. */
export function bothParts<A, B>(first: Part<A>, second: Part<B> | undefined): Part<readonly [A, B | undefined]> {
  return () => {
    const one = first();
    const other = second?.();
    return isPromiseLike(one) || isPromiseLike(other) ? Promise.all([one, other]) : [one, other];
  };
}

/** Goes on with a part at once if it is here. */
export function withPart<M, R>(part: Part<M>, use: (module: M) => R | Promise<R>): R | Promise<R> {
  const module = part();
  return isPromiseLike(module) ? module.then(use) : use(module);
}

/** Makes a value at its first use. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
