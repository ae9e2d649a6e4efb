import type { Contract, Parts } from '../contract.ts';
import type { SecurityRequirement } from '../security/security.ts';

/** The members that a part brings into a contract, and the contract's own. */
export type Members = Pick<Contract, 'operations' | 'events' | 'relations'>;

/** A contract's own members and those of its parts, which were checked. Parts that say nothing of who may call take what the whole says. */
export function joinParts(own: Members, parts: Parts, security: { readonly security?: readonly SecurityRequirement[] }): Members {
  const secured = <T extends object>(members: Readonly<Record<string, T>>): [string, T][] =>
    Object.entries(members).map(([name, member]) => [name, { ...security, ...member }]);
  const operations = Object.entries(own.operations);
  const events = Object.entries(own.events);
  const relations = { ...own.relations };
  for (const part of Object.values(parts)) {
    operations.push(...secured(part.operations));
    events.push(...secured(part.events));
    for (const [type, fields] of Object.entries(part.relations)) relations[type] = { ...relations[type], ...fields };
  }
  return { operations: Object.fromEntries(operations), events: Object.fromEntries(events), relations };
}
