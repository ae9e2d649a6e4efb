import type { Contract, Schema } from '../core/contract.ts';
import { shapeOf } from '../core/shape.ts';
import { hasBody } from './wire.ts';

/**
 * Throws a `TypeError` for an input that our own format has no place for: a GET and a DELETE put theirs into the query string, which holds no
 * nested ones. A client that maps the operation to a foreign API says how it stands there.
 */
export function checkQueries({ operations }: Contract): void {
  for (const { name, input, http } of Object.values(operations)) {
    const shape = input && shapeOf(input);
    if (shape?.kind !== 'object') continue;
    for (const binding of http) {
      if (hasBody(binding)) continue;
      const nested = Object.entries(shape.fields).find(([field, schema]) => !binding.params.includes(field) && !fitsQuery(schema))?.[0];
      if (nested !== undefined)
        throw new TypeError(
          `restHandler: operation ${name}: the input '${nested}' is nested, and ${binding.method} ${binding.path} puts it into the query string: flatten it or bind to POST`,
        );
    }
  }
}

/** Scalars, unions of scalars and lists of scalars can stand in a query string. */
function fitsQuery(schema: Schema): boolean {
  const shape = shapeOf(schema);
  if (shape.kind === 'list') return shapeOf(shape.item).kind === 'scalar';
  if (shape.kind === 'union') return shape.options.every((option) => shapeOf(option).kind === 'scalar');
  return shape.kind === 'scalar' || shape.kind === 'other';
}
