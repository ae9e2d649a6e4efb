import { $ZodAsyncError, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../../core/contract.ts';
import { isPromiseLike } from '../../life/maybe.ts';

interface Fitting {
  readonly value: unknown;
}

/** Enough to know that a value does not fit. */
const FIRST_ISSUE = { async: false, abortEarly: true };
const FIRST_ISSUE_ASYNC = { async: true, abortEarly: true };

/**
 * Makes what reads values by a schema: gives the value with defaults and without unknown members, `undefined` for one that does not fit.
 * Synchronous unless the schema has asynchronous refinements.
 */
export function compileFit(of: Schema): (value: unknown) => Fitting | undefined | Promise<Fitting | undefined> {
  const { _zod } = of as $ZodType;
  let isAsync = false;
  let isProven = false;
  return (value) => {
    // Parsed synchronously, zod would leave the promise of an asynchronous refinement to itself, and the process ends if that rejects.
    if (isAsync || !isProven) {
      const probe = _zod.run({ value, issues: [] }, FIRST_ISSUE_ASYNC);
      if (isPromiseLike(probe)) {
        isAsync = true;
        return probe.then(fitting);
      }
      // A value that fits has been through all refinements.
      isProven = probe.issues.length === 0;
      return fitting(probe);
    }
    try {
      const result = _zod.run({ value, issues: [] }, FIRST_ISSUE);
      if (!isPromiseLike(result)) return fitting(result);
    } catch (error) {
      if (!(error instanceof $ZodAsyncError)) throw error;
    }
    isAsync = true;
    return Promise.resolve(_zod.run({ value, issues: [] }, FIRST_ISSUE_ASYNC)).then(fitting);
  };
}

function fitting({ value, issues }: { readonly value: unknown; readonly issues: readonly unknown[] }): Fitting | undefined {
  return issues.length === 0 ? { value } : undefined;
}
