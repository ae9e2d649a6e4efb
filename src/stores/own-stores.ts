import type { Transport } from '../core/transport.ts';
import type { Contract } from '../core/contract.ts';

/** An option of `createService` that was left out, so that a store in memory is used. */
export type OwnStore = 'hub' | 'idempotencyStore';

const own = new WeakMap<Transport, readonly OwnStore[]>();

/** Remembers which stores of a service are its own, of those that its contract needs. */
export function rememberOwnStores(service: Transport, options: Readonly<Partial<Record<OwnStore, unknown>>>): void {
  own.set(
    service,
    NEEDED_BY.flatMap(([name, isNeeded]) => (options[name] === undefined && isNeeded(service.contract) ? name : [])),
  );
}

/** The stores in memory that a service has by default; none if it was made by something else than `createService`. */
export function ownStoresOf(service: Transport): readonly OwnStore[] {
  return own.get(service) ?? [];
}

const NEEDED_BY: readonly (readonly [name: OwnStore, isNeeded: (contract: Contract) => boolean])[] = [
  ['hub', ({ events }) => Object.keys(events).length > 0],
  ['idempotencyStore', ({ operations }) => Object.values(operations).some(({ kind }) => kind === 'mutation')],
];
