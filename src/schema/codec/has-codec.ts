import type { Schema } from '../../core/contract.ts';
import { isCodec, someSchema } from '../../core/shape/walk.ts';

const known = new WeakMap<Schema, boolean>();

/** Whether a codec can be reached from a schema. */
export function hasCodec(schema: Schema): boolean {
  let found = known.get(schema);
  if (found !== undefined) return found;
  const seen = new Set<Schema>();
  found = someSchema(schema, (inner) => known.get(inner) ?? isCodec(inner), seen);
  // If there is none, nothing that was reached has one either.
  if (!found) for (const inner of seen) known.set(inner, false);
  known.set(schema, found);
  return found;
}
