import { ApiError, type ErrorCode, type Issue } from '../../core/errors.ts';
import { printable } from '../../peer/text/printable.ts';

/** A value that fits, or what is wrong with it. */
export type Checked = { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly Issue[] };

/** Checks values against one schema: synchronous unless the schema has asynchronous refinements. */
export type Check = (value: unknown) => Checked | Promise<Checked>;

/** How many issues an error has at most. */
export const MAX_ISSUES = 100;

/** An error whose message names the first issues and whose details hold up to 100. */
export function issuesError(code: ErrorCode, what: string, issues: readonly Issue[], options: { sent?: boolean } = {}): ApiError {
  const shown = issues.slice(0, 3).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message));
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : '';
  return new ApiError(code, `${what}: ${printable(shown.join('; '), 1000)}${more}`, {
    details: { issues: issues.slice(0, MAX_ISSUES) },
    ...options,
  });
}
