import { ApiError } from '../core/errors.ts';
import type { TypeUse } from '../schema/view.ts';
import type { Selection } from '../core/transport.ts';

/** Reads `?fields=username,email` and trims an output to those fields. */
export interface FieldFilter {
  /** The selection in a query string, if it has one; repeated, they are one list. Throws INVALID_ARGUMENT for a field that the output has not. */
  read(query: string): Selection | undefined;
  trim(output: unknown, selection: Selection): unknown;
}

/** Compiles the filter of an output that is an object or a list of objects; others have no fields to select. */
export function compileFields(output: TypeUse | undefined): FieldFilter | undefined {
  const node = output?.node.kind === 'list' ? output.node.items.node : output?.node;
  if (node?.kind !== 'object') return undefined;
  const known = new Set(node.fields.map((field) => field.name));

  const trimObject = (value: unknown, selection: Selection): unknown =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(selection, name)))
      : value;

  return {
    read(query) {
      if (!query.includes('fields=')) return undefined;
      const given = new URLSearchParams(query).getAll('fields');
      if (given.length === 0) return undefined;
      const names = given.flatMap((text) => text.split(',')).map((name) => name.trim());
      const stray = names.find((name) => !known.has(name));
      if (stray !== undefined) {
        const message = `'${stray}' is not a field of ${node.name}: it has ${[...known].join(', ')}`;
        throw new ApiError('INVALID_ARGUMENT', message, { details: { issues: [{ path: ['fields'], message }] } });
      }
      return Object.fromEntries(names.map((name) => [name, true as const]));
    },
    trim: (value, selection) => (Array.isArray(value) ? value.map((item) => trimObject(item, selection)) : trimObject(value, selection)),
  };
}
