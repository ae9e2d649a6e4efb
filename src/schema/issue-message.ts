import type { $ZodRawIssue } from 'zod/v4/core';

/**
 * The message of an issue if nobody has configured messages: `zod/mini` brings none, and zod's English locale would be a tenth of a
 * browser's bundle. The texts follow it.
 */
export function issueMessage(issue: $ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `Invalid input: expected ${issue.expected}, received ${typeName(issue.input)}`;
    case 'too_small':
      return `Too small: expected ${issue.origin} ${issue.inclusive === false ? '>' : '>='}${issue.minimum}${unit(issue.origin)}`;
    case 'too_big':
      return `Too big: expected ${issue.origin} ${issue.inclusive === false ? '<' : '<='}${issue.maximum}${unit(issue.origin)}`;
    case 'invalid_format':
      return `Invalid ${issue.format}`;
    case 'invalid_value':
      return `Invalid option: expected one of ${issue.values.map((value) => JSON.stringify(value)).join('|')}`;
    case 'unrecognized_keys':
      return `Unrecognized keys: ${issue.keys.join(', ')}`;
    default:
      return 'Invalid input';
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : Number.isNaN(value) ? 'NaN' : typeof value;
}

function unit(origin: string): string {
  return origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '';
}
