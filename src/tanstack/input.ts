import { safeParse, type $ZodType } from 'zod/v4/core';
import type { Schema } from '../core/contract.ts';

/** An input with its defaults; as it is if the schema does not take it, or not at once. */
export function parseInput(schema: Schema | undefined, input: unknown): Readonly<Record<string, unknown>> {
  const given = (input ?? {}) as Readonly<Record<string, unknown>>;
  if (!schema || given['limit'] !== undefined) return given;
  try {
    const parsed = safeParse(schema as $ZodType, given);
    return parsed.success ? (parsed.data as Readonly<Record<string, unknown>>) : given;
  } catch {
    return given;
  }
}
