import type { Operation, Schema } from '../core/contract.ts';
import { isApiError, type ApiError, type ErrorCode, type Issue } from '../core/errors.ts';
import { own } from '../core/own.ts';
import { isPromiseLike, type Maybe } from '../life/maybe.ts';
import { wireOf } from '../schema/codec/codec.ts';
import { compileCheck, type Check, type Checked } from '../schema/validate.ts';

/** How details of errors are checked. */
export interface DeclaredOptions {
  /** Makes the check of details. @default by the wire side of their schema */
  readonly compileDetails?: (schema: Schema) => Check;
  /** What an error is for its caller whose details break what was declared. @default its code, with the details as they are */
  readonly onErrorBreach?: (error: ApiError, issues: readonly Issue[], operation: Operation) => ApiError;
}

interface KnownError {
  readonly code: ErrorCode;
  readonly details: Check | undefined;
}

/**
 * The errors that an operation declares: an error keeps its `reason` only if the operation declares it, with this code, and its details fit.
 * Any other is just its code.
 */
export class DeclaredChecks {
  readonly #known: Readonly<Record<string, KnownError>>;
  readonly #onBreach: (error: ApiError, issues: readonly Issue[]) => ApiError;

  constructor(operation: Operation, options: DeclaredOptions) {
    const { compileDetails = (schema) => compileCheck(wireOf(schema)), onErrorBreach = withoutReason } = options;
    this.#onBreach = (error, issues) => onErrorBreach(error, issues, operation);
    this.#known = Object.fromEntries(
      Object.entries(operation.errors).map(([name, { code, details }]) => [name, { code, details: details && compileDetails(details) }]),
    );
  }

  /** The error as its operation declares it. What is no `ApiError` stays as it is. */
  of(error: unknown): Maybe<unknown> {
    if (!isApiError(error) || error.reason === undefined) return error;
    const known = own(this.#known, error.reason);
    if (known?.code !== error.code) return error.with({ reason: undefined });
    if (!known.details) return error;
    const checked = known.details(error.details ?? {});
    return isPromiseLike(checked) ? checked.then((settled) => this.#settle(error, settled)) : this.#settle(error, checked);
  }

  /** As `of`, for the rejection of a promise. */
  readonly reject = (error: unknown): Promise<never> => {
    const declared = this.of(error);
    // A promise is followed to its value, which is what the caller must be rejected with.
    return isPromiseLike(declared) ? Promise.resolve(declared).then((settled) => Promise.reject(settled)) : Promise.reject(declared);
  };

  #settle(error: ApiError, checked: Checked): ApiError {
    if (checked.issues) return this.#onBreach(error, checked.issues);
    return error.with({ details: checked.value as Record<string, unknown>, cause: error.cause });
  }
}

/** A peer's error with details that nobody declared is just its code. */
function withoutReason(error: ApiError): ApiError {
  return error.with({ reason: undefined });
}
