import type { JsonObject } from '../../core/errors.ts';
import { shortNames } from '../draft/names.ts';
import { membersOf } from './facts.ts';

/** Names of the schemas that a document declares, by their keys. */
export function givenNames(root: JsonObject, location: string): ReadonlyMap<string, string> {
  const places = [
    ['definitions', root['definitions']],
    ['components/schemas', membersOf(root['components'])['schemas']],
  ] as const;
  const found = places.flatMap(([at, schemas]) =>
    Object.keys(membersOf(schemas)).map(
      (name) => [`${location}#/${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, name] as const,
    ),
  );
  const short = shortNames(found.map(([, name]) => name));
  return new Map(found.map(([key, name]) => [key, short.get(name) ?? name]));
}
