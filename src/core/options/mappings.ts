import { nearest } from '../nearest.ts';
import { told } from './kinds.ts';

interface Members {
  readonly operations: object;
  readonly events: object;
}
interface Mappings {
  readonly operations?: Readonly<Record<string, unknown>> | undefined;
  readonly events?: Readonly<Record<string, unknown>> | undefined;
}

const HOOKS = ['input', 'output', 'read'];

/**
 * Refuses mappings of a foreign API that cannot work, when the client is made rather than at the first call: of a member that the contract does not
 * have, with a hook that cannot be called, or without the text that names the foreign side. `texts` names the member with that text, of an operation
 * and of an event; a mapping that is a text is that text. `isUnanswered` says of which operations nothing comes back, so they cannot have an output.
 * @throws TypeError that names the member and the mistake
 */
export function checkForeign(
  owner: string,
  contract: Members,
  mappings: Mappings,
  texts: { readonly [K in keyof Members]?: string } = {},
  isUnanswered?: (mapping: Readonly<Record<string, unknown>>) => boolean,
): void {
  for (const kind of ['operations', 'events'] as const) {
    for (const [name, mapping] of Object.entries(mappings[kind] ?? {})) {
      const at = `${owner}: ${kind}.${name}`;
      if (!Object.hasOwn(contract[kind], name)) {
        const names = Object.keys(contract[kind]);
        const near = nearest(name, names);
        const hint = near === undefined ? `: it has ${names.join(', ') || 'none'}` : `, do you mean '${near}'?`;
        throw new TypeError(`${at}: the contract has no ${kind.slice(0, -1)} '${name}'${hint}`);
      }
      // A value that is not an object is refused with the members that it lacks.
      const members = Object(mapping) as Readonly<Record<string, unknown>>;
      const { output } = Object((contract[kind] as Readonly<Record<string, unknown>>)[name]) as { readonly output?: unknown };
      if (kind === 'operations' && output && isUnanswered?.(members))
        throw new TypeError(
          `${at}: the operation has an output, but nothing answers it: leave the output out, or make the answer an event`,
        );
      const text = texts[kind];
      const given = typeof mapping === 'string' ? mapping : text && members[text];
      if (text !== undefined && (typeof given !== 'string' || given.trim() === ''))
        throw new TypeError(`${at}: ${text} must be text that is not empty, not ${told(given)}`);
      for (const hook of typeof mapping === 'string' ? [] : HOOKS) {
        const value = members[hook];
        // An output may be a place in the answer, which its protocol reads.
        if (
          value === undefined ||
          typeof value === 'function' ||
          (hook === 'output' && (typeof value === 'string' || Array.isArray(value)))
        )
          continue;
        throw new TypeError(`${at}: ${hook} must be a function, not ${told(value)}`);
      }
    }
  }
}
