import type { AppInput } from '../core/application.ts';
import type { DeclaredErrors, ErrorSpec, Operation, Schema } from '../core/contract.ts';
import { ApiError, isErrorCode, type DeclaredError, type JsonObject } from '../core/errors.ts';

/** Options of a declared error besides its details. */
export interface DeclaredErrorOptions {
  /** The message for people. @default the declared description, or the name in words */
  readonly text?: string;
  /** How long the caller should wait before trying again, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The error that led to this one. It never leaves the process. */
  readonly cause?: unknown;
}

/** One function per declared error, which makes it: `throw call.errors.OUT_OF_STOCK({ left: 3 })`. */
export type ErrorMakers<E extends DeclaredErrors> = {
  readonly [N in keyof E]: E[N] extends { readonly details: infer D extends Schema }
    ? (details: AppInput<D>, options?: DeclaredErrorOptions) => DeclaredError<E, N>
    : (options?: DeclaredErrorOptions) => DeclaredError<E, N>;
};

/** Makes the functions for an operation's declared errors. Details are checked when the error leaves the service. */
export function errorMakers({ errors }: Operation): ErrorMakers<DeclaredErrors> {
  const makers = Object.entries(errors).map(([name, spec]) => [
    name,
    spec.details
      ? (details: JsonObject, options?: DeclaredErrorOptions) => make(name, spec, options, details)
      : (options?: DeclaredErrorOptions) => make(name, spec, options),
  ]);
  return Object.fromEntries(makers) as ErrorMakers<DeclaredErrors>;
}

function make(name: string, { code, description }: ErrorSpec, options: DeclaredErrorOptions = {}, details?: JsonObject): ApiError {
  const { text = description ?? name.toLowerCase().replaceAll('_', ' '), ...rest } = options;
  return new ApiError(code, text, { ...rest, ...(!isErrorCode(name) && { reason: name }), details });
}
