import type { Contract, Parts } from '../contract.ts';
import type { SecurityScheme } from '../security/security.ts';
import type { Members } from './join.ts';

/** Throws a `TypeError` that names both owners of a name that is taken twice, and a part that is not a contract. */
export function checkParts(name: string, own: Members & Pick<Contract, 'securitySchemes'>, parts: Parts): void {
  const taken = new Map<string, string>();
  const schemes = new Map<string, SecurityScheme>();
  const take = (owner: string, members: typeof own): void => {
    const names = [
      ...Object.keys(members.operations).map((member) => `the operation '${member}'`),
      ...Object.keys(members.events).map((member) => `the event '${member}'`),
      ...Object.entries(members.relations).flatMap(([type, fields]) =>
        Object.keys(fields).map((field) => `the relation '${type}.${field}'`),
      ),
    ];
    for (const each of names) {
      const first = taken.get(each);
      if (first !== undefined) throw new TypeError(`contract ${name}: ${first} and ${owner} both have ${each}: rename one of them`);
      taken.set(each, owner);
    }
    // A member of one part would ask for the scheme of the other.
    for (const [scheme, definition] of Object.entries(members.securitySchemes ?? {})) {
      const known = schemes.get(scheme);
      if (known && JSON.stringify(known) !== JSON.stringify(definition))
        throw new TypeError(`contract ${name}: ${owner} has another securitySchemes.${scheme}: give one of them another name`);
      schemes.set(scheme, definition);
    }
  };
  take(`the contract ${name} itself`, own);
  for (const [key, part] of Object.entries(parts)) {
    if (typeof (part as Partial<Contract> | undefined)?.operations !== 'object')
      throw new TypeError(`contract ${name}: the part '${key}' is not made by defineContract()`);
    take(`the part '${key}'`, part);
  }
}
