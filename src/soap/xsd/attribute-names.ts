import { attributeProperty } from '../../xml/attribute.ts';
import type { XsdAttribute } from './model.ts';

/** The properties of a type's attributes: `@name`, or with the namespace if it is another one than the schema's or an attribute without has that name. */
export function attributeNames(attributes: readonly XsdAttribute[]): readonly string[] {
  const plain = new Set(attributes.filter(({ uri }) => uri === '').map(({ local }) => local));
  return attributes.map(({ local, uri, foreign }) =>
    uri === '' || !(foreign || plain.has(local)) ? `@${local}` : attributeProperty({ uri, local }),
  );
}
