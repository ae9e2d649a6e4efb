import { $ZodArray, $ZodObject, $ZodObjectJIT, type $ZodCheck, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../core/contract.ts';

/**
 * The same schema, made of zod's compiled objects: those of `zod/mini` read their members one by one, to be small in browsers. For servers,
 * because size matters little there. The content of an object stays as it is. See https://zod.dev/packages/core
 */
export function compiledSchema(schema: Schema): Schema {
  if (schema instanceof $ZodArray) {
    const { def } = schema._zod;
    const element = compiledSchema(def.element) as $ZodType;
    return element === def.element ? schema : new $ZodArray({ ...def, element, checks: checksOf(def.checks) });
  }
  if (!isPlainObject(schema)) return schema;
  const { def } = schema._zod;
  return new $ZodObjectJIT({ ...def, checks: checksOf(def.checks) });
}

function isPlainObject(schema: Schema): schema is $ZodObject {
  return schema instanceof $ZodObject && !(schema instanceof $ZodObjectJIT);
}

/** Descriptions, which `zod/mini` has as checks too, belong only to one schema. */
function checksOf(checks: readonly $ZodCheck[] = []): $ZodCheck<never>[] {
  return checks.filter(({ _zod: { def } }) => def.check !== 'meta' && def.check !== 'describe');
}
