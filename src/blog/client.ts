import { createClient as createContractClient, type ContractClientOptions } from '../client/client.ts';
import type { Client, ClientOptions, VerbsOf } from '../client/types.ts';
import type { Contract } from '../core/contract.ts';
import type { Adapter, Transport } from '../core/transport.ts';
import { blogContract } from './contract.ts';

/** The client of the built-in blog contract. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface, because editors show its name instead of an alias spelled out
export interface BlogClient extends Client<typeof blogContract> {}

/**
 * Makes the client of a contract over a transport: an adapter such as `rest({ url })`, a service of this process, or any `Transport`.
 * Without `contract` it is the client of the built-in Blog. Every failed call rejects with an `ApiError`.
 * @throws TypeError if the transport serves another contract.
 */
export function createClient<T extends Adapter<never> | Transport>(
  options: ClientOptions & { readonly transport: T },
): 'call' | 'subscribe' extends VerbsOf<T> ? BlogClient : Client<typeof blogContract, VerbsOf<T>>;
export function createClient<C extends Contract, T extends Adapter<never> | Transport>(
  options: ContractClientOptions<C, T>,
): Client<C, VerbsOf<T>>;
export function createClient(
  options: ClientOptions & { readonly contract?: Contract; readonly transport: Adapter<never> | Transport },
): unknown {
  return createContractClient({ ...options, contract: options.contract ?? blogContract });
}
