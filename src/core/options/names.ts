import { nearest } from '../nearest.ts';
import { shown } from './shown.ts';

/**
 * Refuses what is not an object of known options, and reads none: for functions that are called for each message, to which a copy would be a cost.
 * @throws TypeError that names the unknown option and the nearest that exists
 */
export function checkOptions(owner: string, options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`${owner}: the options must be an object, not ${shown(options)}`);
  for (const name in options) {
    if (known.has(name) || (options as Readonly<Record<string, unknown>>)[name] === undefined) continue;
    const near = nearest(name, [...known]);
    throw new TypeError(
      `${owner}: unknown option '${name}'${near === undefined ? (known.size > 0 ? `: there are ${[...known].join(', ')}` : ': it takes none') : `, do you mean '${near}'?`}`,
    );
  }
}
