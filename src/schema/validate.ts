import { $ZodAsyncError, config, safeParse, safeParseAsync, type $ZodIssue, type $ZodRawIssue, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../core/contract.ts';
import type { Issue } from '../core/errors.ts';
import { wellFormed } from '../peer/text/well-formed.ts';
import { boundedSchema } from './bounded.ts';
import { compileUtc } from './codec/utc.ts';
import { compileFit } from './check/fit.ts';
import { issueMessage } from './issue-message.ts';
import { MAX_ISSUES, type Check, type Checked } from './check/issues.ts';
import { isPromiseLike } from '../life/maybe.ts';

export { issuesError, type Check, type Checked } from './check/issues.ts';

/** Whatever the user configured comes first. */
const context = {
  error: (issue: $ZodRawIssue) => config().customError?.(issue) ?? config().localeError?.(issue) ?? issueMessage(issue),
};

/** Makes the check for a schema. Unknown members are dropped, defaults are filled in, instants with an offset become UTC. */
export function compileCheck(of: Schema): Check {
  const fit = compileFit(of);
  let refusal: Refusal | undefined;
  return (value) => {
    const fitting = fit(value);
    if (isPromiseLike(fitting)) return fitting.then((found) => found ?? (refusal ??= new Refusal(of, fit)).of(value, true));
    return fitting ?? (refusal ??= new Refusal(of, fit)).of(value, false);
  };
}

/** The steps for values that do not fit a schema as they are. */
class Refusal {
  readonly #schema: $ZodType;
  readonly #fit: ReturnType<typeof compileFit>;
  readonly #toUtc: ((value: unknown) => unknown) | undefined;
  #bounded: $ZodType | undefined;

  constructor(schema: Schema, fit: ReturnType<typeof compileFit>) {
    this.#schema = schema as $ZodType;
    this.#fit = fit;
    this.#toUtc = compileUtc(schema);
  }

  of(value: unknown, isAsync: boolean): Checked | Promise<Checked> {
    const changed = this.#toUtc ? this.#toUtc(value) : value;
    if (changed === value) return this.#explain(value, isAsync);
    const fitting = this.#fit(changed);
    if (isPromiseLike(fitting)) return fitting.then((found) => found ?? this.#explain(changed, true));
    return fitting ?? this.#explain(changed, isAsync);
  }

  /** Parses again, with messages and for all issues. */
  #explain(value: unknown, isAsync: boolean): Checked | Promise<Checked> {
    const schema = this.#schema;
    if (isAsync) return checkAsync(schema, value);
    try {
      this.#bounded ??= boundedSchema(schema) as $ZodType;
      return { issues: issuesOf(safeParse(this.#bounded, value, context).error ?? safeParse(schema, value, context).error) };
    } catch (error) {
      if (!(error instanceof $ZodAsyncError)) throw error;
      return checkAsync(schema, value);
    }
  }
}

async function checkAsync(schema: $ZodType, value: unknown): Promise<Checked> {
  const result = await safeParseAsync(schema, value, context);
  return result.success ? { value: result.data } : { issues: issuesOf(result.error) };
}

/** How much of a path's step or of a message travels: both may hold what was sent. */
const MAX_TEXT = 300;

function issuesOf(error: { readonly issues: readonly $ZodIssue[] } | undefined): Issue[] {
  return (error?.issues ?? []).slice(0, MAX_ISSUES).map(({ path, message }) => ({
    path: path.map((step) => (typeof step === 'number' ? step : short(String(step)))),
    message: short(message),
  }));
}

function short(text: string): string {
  return wellFormed(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}
