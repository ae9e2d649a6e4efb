import type { Contract } from '../core/contract.ts';
import { kept, ms, readOptions } from '../core/options.ts';
import { markGuarded } from '../guard/guard.ts';
import { describeContract } from '../schema/view.ts';
import { ContractService } from './contract-service.ts';
import { report, reportToConsole } from '../life/report.ts';
import { rememberOwnStores } from '../stores/own-stores.ts';
import { securedContext } from './security.ts';
import type { Handlers, Needs, Reads, Service, ServiceOptions, ServiceSpec } from './types.ts';
import { closable } from '../life/closable.ts';

const READERS = {
  graceMs: ms(10_000, { zero: true }),
  storeTimeoutMs: ms(30_000),
  idempotencyTtlMs: kept(86_400_000),
  idempotencyLeaseMs: ms(60_000, { infinity: false }),
};

/**
 * Binds handlers to a contract.
 * @throws TypeError if an operation has no handler, a handler has no operation, a schema cannot be described, or an option is invalid
 */
export function createService<C extends Contract, T = undefined>(contract: C, handlers: Handlers<C, T>): Service<C>;
export function createService<C extends Contract, T = never, N = undefined>(
  contract: C,
  handlers: Handlers<C, T> & Reads<N>,
  options: (ServiceOptions<T> & Needs<T, N>) | undefined,
): Service<C>;
export function createService<C extends Contract, T = never, N = undefined>(
  spec: ServiceSpec<C, T> & { readonly handlers: Reads<N> } & Needs<T, N>,
): Service<C>;
export function createService(first: Contract | ServiceSpec<Contract, unknown>, second?: object, third: object = {}): Service {
  if (!('contract' in first)) return makeService(first, second as Handlers<Contract, unknown>, third);
  if (second !== undefined) throw new TypeError("createService: with 'contract' as a member, there is one argument");
  const { contract, handlers, ...options } = first;
  return makeService(contract, handlers, options);
}

function makeService(contract: Contract, handlers: Handlers<Contract, unknown>, options: ServiceOptions<unknown>): Service {
  checkHandlers(contract, handlers);
  // Fails here, before anyone calls, if a schema cannot be described to some protocol.
  describeContract(contract);
  const names = ['context', 'hub', 'idempotencyStore', 'caller', 'onError', 'security'] as const;
  const read = readOptions('createService', options, READERS, names);
  const { onError } = options;
  const failed = (error: unknown) => (onError ? report({ error, member: 'security' }, onError) : reportToConsole(error));
  const context = securedContext(contract, options.security, options.context, failed);
  // Of this contract, whose types are not known here.
  const service = closable(markGuarded(new ContractService(contract, handlers as never, { ...read, context })));
  rememberOwnStores(service, options);
  return service;
}

function checkHandlers(contract: Contract, handlers: Readonly<Record<string, unknown>>): void {
  if (typeof handlers !== 'object' || handlers === null)
    throw new TypeError('createService: handlers is an object with a function for each operation');
  for (const name of Object.keys(contract.operations)) {
    if (typeof handlers[name] !== 'function') throw new TypeError(`createService: the operation '${name}' has no handler`);
  }
  for (const name of Object.keys(handlers)) {
    if (!Object.hasOwn(contract.operations, name))
      throw new TypeError(`createService: the handler '${name}' is not an operation of the contract`);
  }
}
