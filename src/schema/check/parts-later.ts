import type { Schema } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { lazy } from '../../life/lazy.ts';
import { hasCodec } from '../codec/has-codec.ts';
import { compileFit } from './fit.ts';
import { isOpen } from './is-open.ts';
import type { Check, Checked } from './issues.ts';
import { isPromiseLike } from '../../life/maybe.ts';

const whole = lazy(() => import('./parts-now.ts'));

/**
 * Makes the check of the wire side of a schema. Most of it is loaded with the first value that does not fit as it is, because a client's values
 * nearly always fit; for a schema with codecs, and for an input that takes anything, with the first value.
 */
export function checkOf(schema: Schema, isInput = false): Check {
  let check: Check | undefined;
  const look = (loaded: { readonly checkOf: typeof checkOf }, value: unknown): Checked | Promise<Checked> =>
    (check ??= loaded.checkOf(schema, isInput))(value);
  const refuse: Check = (value) => {
    const loaded = whole();
    return isPromiseLike(loaded) ? loaded.then((module) => look(module, value), isInput ? undefined : unexplained) : look(loaded, value);
  };
  if (hasCodec(schema) || (isInput && isOpen(schema))) return refuse;
  const fit = compileFit(schema);
  return (value) => {
    const fitting = fit(value);
    return isPromiseLike(fitting) ? fitting.then((found) => found ?? refuse(value)) : (fitting ?? refuse(value));
  };
}

/** Not an error of its own: the reply that does not fit is here, so that a caller must not take the call for one that was never sent. */
function unexplained(error: unknown): Checked {
  return { issues: [{ path: [], message: `Invalid input (${ApiError.from(error, 'UNKNOWN', 'not explained').text})` }] };
}
