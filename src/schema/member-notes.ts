import type { EventDefinition, Operation } from '../core/contract.ts';
import { isErrorCode } from '../core/errors.ts';
import { shapeOf } from '../core/shape.ts';

/**
 * The words of descriptions for facts that their format has no place for: the allowed callers, and a line for each error that has a name of
 * its own.
 */
export function memberNotes(member: Operation | EventDefinition): string | undefined {
  const lines = [...securityNotes(member), ...errorNotes(member)];
  return lines.length === 0 ? undefined : lines.join('\n');
}

/** `Asks for token, or for oauth (write).` */
export function securityNotes({ security = [] }: Operation | EventDefinition): string[] {
  if (security.length === 0) return [];
  const ways = security.map((requirement) =>
    Object.entries(requirement)
      .map(([scheme, scopes]) => (scopes.length === 0 ? scheme : `${scheme} (${scopes.join(', ')})`))
      .join(' and '),
  );
  return [`Asks for ${ways.join(', or for ')}.`];
}

function errorNotes(member: Operation | EventDefinition): string[] {
  if (!('errors' in member)) return [];
  return Object.entries(member.errors).flatMap(([name, { code, details, description }]) => {
    if (isErrorCode(name)) return [];
    const shape = details && shapeOf(details);
    const names = shape?.kind === 'object' ? `, details: ${Object.keys(shape.fields).join(', ')}` : '';
    return [`Fails with ${name} (${code}${names})${description === undefined ? '.' : `: ${description}`}`];
  });
}
