import type { EventDefinition, Operation } from '../core/contract.ts';
import { isErrorCode } from '../core/errors.ts';
import { shapeOf } from '../core/shape.ts';

/** A line for each error that an operation declares by a name of its own, for protocols that describe errors in words. */
export function errorNotes(member: Operation | EventDefinition): string | undefined {
  if (!('errors' in member)) return undefined;
  const lines = Object.entries(member.errors).flatMap(([name, { code, details, description }]) => {
    if (isErrorCode(name)) return [];
    const shape = details && shapeOf(details);
    const names = shape?.kind === 'object' ? `, details: ${Object.keys(shape.fields).join(', ')}` : '';
    return [`Fails with ${name} (${code}${names})${description === undefined ? '.' : `: ${description}`}`];
  });
  return lines.length === 0 ? undefined : lines.join('\n');
}
