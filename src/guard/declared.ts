import type { Operation, Schema } from '../core/contract.ts';
import { isApiError, type ApiError, type ErrorCode, type Issue } from '../core/errors.ts';
import { own } from '../core/own.ts';
import { isPromiseLike, type Maybe } from '../life/maybe.ts';
import type { Check, Checked } from '../schema/check/issues.ts';

/** How details of errors are checked. */
interface DeclaredOptions {
  /** Makes the check of details. */
  readonly compileDetails: (schema: Schema) => Check;
  /** The error that a caller gets for an error whose details break its declaration. @default its code, with the details as they are */
  readonly onErrorBreach?: (error: ApiError, issues: readonly Issue[], operation: Operation) => ApiError;
}

interface KnownError {
  readonly code: ErrorCode;
  readonly details: Check | undefined;
}

/**
 * The errors that operations declare: an error keeps its `reason` only if the operation declares it, with this code, and its details fit.
 * Any other is just its code.
 */
export class DeclaredChecks {
  readonly #known = new Map<Operation, Readonly<Record<string, KnownError>>>();

  private readonly options: DeclaredOptions;

  constructor(options: DeclaredOptions) {
    this.options = options;
  }

  /** The error as the operation declares it. Anything but an `ApiError` stays as it is. */
  of(operation: Operation, error: unknown): Maybe<unknown> {
    if (!isApiError(error) || error.reason === undefined) return error;
    const known = own(this.#errorsOf(operation), error.reason);
    if (known?.code !== error.code) return error.with({ reason: undefined });
    if (!known.details) return error;
    const checked = known.details(error.details ?? {});
    return isPromiseLike(checked)
      ? checked.then((settled) => this.#settle(operation, error, settled))
      : this.#settle(operation, error, checked);
  }

  #errorsOf(operation: Operation): Readonly<Record<string, KnownError>> {
    let known = this.#known.get(operation);
    if (!known) {
      const { compileDetails } = this.options;
      const errors = Object.entries(operation.errors);
      known = Object.fromEntries(errors.map(([name, { code, details }]) => [name, { code, details: details && compileDetails(details) }]));
      this.#known.set(operation, known);
    }
    return known;
  }

  #settle(operation: Operation, error: ApiError, checked: Checked): ApiError {
    if (checked.issues) return this.options.onErrorBreach?.(error, checked.issues, operation) ?? error.with({ reason: undefined });
    return error.with({ details: checked.value as Record<string, unknown>, cause: error.cause });
  }
}
