import type { IntegerNode, JsonSchema } from './node.ts';

const INT32 = 2 ** 31;

/** The bounds of an integer, of those that its schema says. */
export function integerLimits(schema: JsonSchema): Pick<IntegerNode, 'int32' | 'minimum' | 'maximum'> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema as Readonly<Record<string, number | undefined>>;
  const least = Math.max(Math.ceil(minimum ?? Number.MIN_SAFE_INTEGER), Math.floor(exclusiveMinimum ?? -Infinity) + 1);
  const most = Math.min(Math.floor(maximum ?? Number.MAX_SAFE_INTEGER), Math.ceil(exclusiveMaximum ?? Infinity) - 1);
  const int32 = least >= -INT32 && most < INT32;
  return {
    int32,
    ...(least > (int32 ? -INT32 : Number.MIN_SAFE_INTEGER) && { minimum: least }),
    ...(most < (int32 ? INT32 - 1 : Number.MAX_SAFE_INTEGER) && { maximum: most }),
  };
}
