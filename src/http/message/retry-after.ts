/** `Retry-After`, a delay in seconds (some servers give fractions) or an HTTP date, in milliseconds from `now`. Source: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function parseRetryAfter(value: string | null | undefined, now: number = Date.now()): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (/^\d{1,9}(?:\.\d{1,9})?$/.test(value)) return Math.ceil(Number(value) * 1000);
  // `Date.parse` takes much that is not a date of HTTP, all of which begin with the day of the week: `-1` is a year to it.
  const at = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
