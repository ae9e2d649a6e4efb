import { checkOptions } from '#contract-check';

/**
 * Refuses a value that cannot be the mapping of a foreign operation or event. A text, such as a document, is one that has no members.
 * `owner` names the option: `rest: operations`.
 * @throws TypeError that names the unknown member and the nearest that exists
 */
export function checkMappings(owner: string, mappings: Readonly<Record<string, unknown>> | undefined, members: readonly string[]): void {
  const known = new Set(members);
  for (const [name, mapping] of Object.entries(mappings ?? {}))
    if (typeof mapping !== 'string') checkOptions(`${owner}.${name}`, mapping as object, known);
}
