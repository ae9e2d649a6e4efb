import type { Schema } from '../../core/contract.ts';
import { isFile, someSchema } from '../../core/shape/walk.ts';
import { hasCodec } from './has-codec.ts';

const known = new WeakMap<Schema, boolean>();

/** Whether a file can be reached from a schema. */
export function hasFile(schema: Schema): boolean {
  let found = known.get(schema);
  if (found === undefined) known.set(schema, (found = hasCodec(schema) && someSchema(schema, isFile)));
  return found;
}
