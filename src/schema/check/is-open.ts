import type { Schema } from '../../core/contract.ts';
import { ownDef, someSchema } from '../../core/shape/walk.ts';

/** Whether a schema takes values of any kind somewhere, also those that JSON cannot hold. */
export function isOpen(schema: Schema): boolean {
  return someSchema(schema, (inner) => /^(?:unknown|any|custom)$/.test(ownDef(inner).type));
}
