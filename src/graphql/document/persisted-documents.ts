import type { output } from 'zod/v4/core';
import type { Select } from '../../core/selected.ts';
import type { Contract, Schema } from '../../core/contract.ts';
import { planSelection } from '../../guard/select.ts';
import type { Selection } from '../../core/transport.ts';
import { eventDocument, operationDocument } from './document.ts';
import { sha256 } from './sha256.ts';
import { graphqlTypes } from '../engine/described.ts';

/** The selections of a program's calls, by operation: each as its `select` has it. */
export type DocumentSelections<C extends Contract> = {
  readonly [N in keyof C['operations']]?: readonly (C['operations'][N]['output'] extends infer S extends Schema
    ? Select<output<S>, C>
    : never)[];
};

/**
 * The documents that this library's client sends for a contract, by the SHA-256 of their text: the value of `persistedDocuments` for
 * `graphqlHandler`. There is one for each operation and event, which asks for all, and one for each selection that is given. Rejects with
 * an `ApiError` (INVALID_ARGUMENT) that names what cannot be selected, and with a `TypeError` for an operation that is not there.
 */
export async function persistedDocuments<const C extends Contract>(
  contract: C,
  selections: DocumentSelections<C> = {},
): Promise<Record<string, string>> {
  const types = graphqlTypes(contract);
  const texts = Object.values(contract.operations).map((operation) => operationDocument(types, operation, undefined).text);
  for (const event of Object.values(contract.events)) texts.push(eventDocument(types, event).text);
  // A selection of an operation that is not known yet has no members for the compiler.
  const all = selections as Readonly<Record<string, readonly Selection[] | undefined>>;
  for (const [name, given] of Object.entries(all)) {
    const operation = Object.hasOwn(contract.operations, name) ? contract.operations[name] : undefined;
    if (!operation) throw new TypeError(`persistedDocuments: the contract has no operation '${name}'`);
    for (const select of given ?? []) {
      planSelection(contract, operation, select);
      texts.push(operationDocument(types, operation, select).text);
    }
  }
  return Object.fromEntries(await Promise.all(texts.map(async (text) => [await sha256(text), text] as const)));
}
