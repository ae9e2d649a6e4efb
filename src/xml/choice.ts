import type { UnionNode } from '../schema/node.ts';
import { compileVariant } from '../schema/union/variant.ts';

/** Makes what finds the slot of the variant of a union that a value is. */
export function compileChoice<S>({ discriminator, variants, name }: UnionNode, options: readonly S[]): (value: unknown) => S {
  const variantOf = compileVariant(discriminator, variants);
  return (value) => {
    const option = options[variantOf(value)];
    if (!option) throw new TypeError(`a value is none of the variants of ${name}`);
    return option;
  };
}
