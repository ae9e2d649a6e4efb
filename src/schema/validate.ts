import { $ZodAsyncError, config, safeParse, safeParseAsync, type $ZodIssue, type $ZodRawIssue, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../core/contract.ts';
import { ApiError, type ErrorCode, type Issue } from '../core/errors.ts';
import { printable } from '../peer/printable.ts';
import { boundedSchema, MAX_ISSUES } from './bounded.ts';
import { compileUtc } from './codec/utc.ts';
import { issueMessage } from './issue-message.ts';

/** A value that fits, or what is wrong with it. */
export type Checked = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

/** Checks values against one schema: synchronous unless the schema has asynchronous refinements. */
export type Check = (value: unknown) => Checked | Promise<Checked>;

/** Enough to know that a value does not fit. */
const FIRST_ISSUE = { async: false, abortEarly: true };
const FIRST_ISSUE_ASYNC = { async: true, abortEarly: true };

/** Whatever the user configured comes first. */
const context = {
  error: (issue: $ZodRawIssue) => config().customError?.(issue) ?? config().localeError?.(issue) ?? issueMessage(issue),
};

/** Makes the check for a schema. Unknown members are dropped, defaults are filled in, instants with an offset become UTC. */
export function compileCheck(of: Schema): Check {
  const check = compileParse(of);
  let toUtc: ((value: unknown) => unknown) | undefined;
  let isCompiled = false;
  /** Only what does not fit as it is can have an offset. */
  const again = (value: unknown, refused: Checked): Checked | Promise<Checked> => {
    if (!isCompiled) toUtc = compileUtc(of);
    isCompiled = true;
    const changed = toUtc ? toUtc(value) : value;
    return changed === value ? refused : check(changed);
  };
  return (value) => {
    const checked = check(value);
    if (checked instanceof Promise) return checked.then((result) => (result.issues ? again(value, result) : result));
    return checked.issues ? again(value, checked) : checked;
  };
}

function compileParse(of: Schema): Check {
  const schema = of as $ZodType;
  let isAsync = false;
  let isProven = false;
  let bounded: $ZodType | undefined;
  return (value) => {
    if (isAsync) return checkAsync(schema, value);
    // Parsed synchronously, zod would leave the promise of an asynchronous refinement to itself, and the process ends where that rejects.
    if (!isProven) {
      const probe = schema._zod.run({ value, issues: [] }, FIRST_ISSUE_ASYNC);
      if (probe instanceof Promise) {
        isAsync = true;
        return probe.then((parsed) => (parsed.issues.length === 0 ? { value: parsed.value } : checkAsync(schema, value)));
      }
      // A value that fits has been through all refinements.
      isProven = probe.issues.length === 0;
      if (isProven) return { value: probe.value };
    }
    try {
      // Without the messages' context, and until the first issue; what fails is parsed again for what is wrong with it.
      const result = schema._zod.run({ value, issues: [] }, FIRST_ISSUE);
      if (result instanceof Promise) throw new $ZodAsyncError();
      if (result.issues.length === 0) return { value: result.value };
      bounded ??= boundedSchema(schema) as $ZodType;
      return { issues: issuesOf(safeParse(bounded, value, context).error ?? safeParse(schema, value, context).error) };
    } catch (error) {
      if (!(error instanceof $ZodAsyncError)) throw error;
      isAsync = true;
      return checkAsync(schema, value);
    }
  };
}

async function checkAsync(schema: $ZodType, value: unknown): Promise<Checked> {
  const result = await safeParseAsync(schema, value, context);
  return result.success ? { value: result.data } : { issues: issuesOf(result.error) };
}

/** How much of a path's step or of a message travels: both may hold what was sent. */
const MAX_TEXT = 300;

/** An error whose message names the first issues and whose details hold up to 100. */
export function issuesError(code: ErrorCode, what: string, issues: readonly Issue[], options: { sent?: boolean } = {}): ApiError {
  const shown = issues.slice(0, 3).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : '';
  return new ApiError(code, `${what}: ${printable(shown.join('; '), 1000)}${more}`, {
    details: { issues: issues.slice(0, MAX_ISSUES) },
    ...options,
  });
}

function issuesOf(error: { readonly issues: readonly $ZodIssue[] } | undefined): Issue[] {
  return (error?.issues ?? []).slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: path.map((step) => (typeof step === 'number' ? step : short(String(step)))),
    message: short(message),
  }));
}

function short(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
