import type { QueryFunctionContext, QueryKey } from '@tanstack/query-core';
import type { Client, CallOptions } from '../client/types.ts';
import { listenerName } from '../core/listener-name.ts';
import type { Contract, Operation } from '../core/contract.ts';
import { parseInput } from './input.ts';
import { eventQuery, type Listen } from './event-query.ts';
import { plain } from './plain.ts';
import type { EventQueryOptions, TanstackQuery } from './types.ts';

/** The members beside operations. */
const RESERVED = ['events', 'key'];

type Call = (input: unknown, options?: CallOptions) => Promise<unknown>;

/**
 * Makes options for TanStack Query out of a client: `useQuery(api.getUser.queryOptions({ id: 7 }))`, `useMutation(api.addUser.mutationOptions())`,
 * `useInfiniteQuery(api.listUsers.infiniteOptions({ limit: 20 }))`, `useQuery(api.events.userAdded.queryOptions())`.
 * Calls end with the signal of their query. Turn off the retries of one side: those of TanStack Query do not know which errors may pass.
 * @throws TypeError for an operation with the name `events` or `key`, which are members of what is made
 */
export function createTanstackQuery<C extends Contract>(contract: C, client: Client<C>): TanstackQuery<C> {
  // By names that the contract gives, and not the types.
  const members = client as unknown as Readonly<Record<string, Call & Listen>>;
  const made: Record<string, unknown> = {};
  const root: QueryKey = [contract.name];
  for (const operation of Object.values(contract.operations)) {
    if (RESERVED.includes(operation.name))
      throw new TypeError(
        `createTanstackQuery: an operation cannot have the name '${operation.name}', which TanStack Query's options need`,
      );
    const call = members[operation.name];
    if (call && !operation.item) made[operation.name] = operationUtils(operation, root, call);
  }
  const events: Record<string, unknown> = {};
  for (const event of Object.values(contract.events)) {
    const listen = members[listenerName(event.name)];
    const key: QueryKey = [...root, event.name];
    if (listen)
      events[event.name] = {
        key: () => key,
        queryOptions: (options: EventQueryOptions = {}) => eventQuery(root, key, listen, options),
      };
  }
  return { ...made, events, key: () => root } as unknown as TanstackQuery<C>;
}

function operationUtils(operation: Operation, root: QueryKey, call: Call): object {
  const key: QueryKey = [...root, operation.name];
  const keyOf = (type: string, input: unknown): QueryKey => [...key, input === undefined ? { type } : { type, input: plain(input) }];
  const query = {
    key: () => key,
    mutationOptions: () => ({ mutationKey: key, mutationFn: async (input: unknown) => (await call(input)) ?? null }),
    queryOptions(input?: unknown) {
      if (operation.kind === 'mutation')
        throw new TypeError(`${operation.name} is a mutation, which a query would repeat: use mutationOptions()`);
      return {
        queryKey: keyOf('query', input),
        // A query must give something.
        queryFn: async ({ signal }: QueryFunctionContext) => (await call(input, { signal })) ?? null,
      };
    },
  };
  const { pagedBy } = operation;
  if (pagedBy === undefined) return query;
  return {
    ...query,
    infiniteOptions: (input: { readonly after?: unknown } = {}) => ({
      queryKey: keyOf('infinite', input),
      initialPageParam: input.after,
      queryFn: ({ signal, pageParam }: QueryFunctionContext<QueryKey, unknown>) =>
        call(pageParam === undefined ? input : { ...input, after: pageParam }, { signal }),
      getNextPageParam: (page: readonly Readonly<Record<string, unknown>>[]): unknown =>
        page.length === 0 || page.length < pageSize(operation, input) ? undefined : page.at(-1)?.[pagedBy],
    }),
  };
}

/** The limit in force is the input's, or the schema's default. */
function pageSize(operation: Operation, input: unknown): number {
  const { limit } = parseInput(operation.input, input);
  return typeof limit === 'number' ? limit : 1;
}
