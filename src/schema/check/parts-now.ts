import type { Schema } from '../../core/contract.ts';
import { checkOf as wireCheckOf } from '../codec/codec.ts';
import type { Check } from './issues.ts';
import { isOpen } from './is-open.ts';
import { jsonCheck } from './json-value.ts';

/** Makes the check of the wire side of a schema. Of an input it refuses what no protocol could send. */
export function checkOf(schema: Schema, isInput = false): Check {
  const check = wireCheckOf(schema);
  return isInput && isOpen(schema) ? jsonCheck(schema, check) : check;
}
