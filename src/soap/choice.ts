import type { UnionNode } from '../internal/schema-node.js';
import { compileVariant } from '../internal/variant.js';
import type { Slot } from './xml-type.js';

/** Makes what finds the slot of the variant of a union that a value is. */
export function compileChoice({ discriminator, variants, name }: UnionNode, options: readonly Slot[]): (value: unknown) => Slot {
  const variantOf = compileVariant(discriminator, variants);
  return (value) => {
    const option = options[variantOf(value)];
    if (!option) throw new TypeError(`a value is none of the variants of ${name}`);
    return option;
  };
}
