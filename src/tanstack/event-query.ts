import type { QueryClient, QueryFunctionContext, QueryKey } from '@tanstack/query-core';
import type { ListenOptions, Unsubscribe } from '../client/types.ts';
import { count, readOptions } from '../core/options.ts';
import { onAbort } from '../life/lifetime.ts';
import { plain } from './plain.ts';
import type { EventQueryOptions } from './types.ts';

/** `onX` of a client, with a listener. */
export type Listen = (listener: (data: unknown, info: { readonly id: string }) => void, options: ListenOptions) => Promise<Unsubscribe>;

/**
 * The id of the last event in each list. TanStack Query goes back to an older list when a query is left, and to none when it is collected: the next
 * subscription goes on after whatever list is there.
 */
const lastIds = new WeakMap<readonly unknown[], string>();

/** Options of a query that holds the last events of a channel. */
export function eventQuery(root: QueryKey, key: QueryKey, listen: Listen, options: EventQueryOptions): object {
  const { params, maxEvents, invalidates } = readOptions('queryOptions', options, { maxEvents: count(100) }, ['params', 'invalidates']);
  const queryKey: QueryKey = [...key, params === undefined ? { type: 'event' } : { type: 'event', params: plain(params) }];
  return {
    queryKey,
    // Without a look there is no subscription, so each look that finds none begins one, also where the key changes. One that stands goes on.
    staleTime: 0,
    refetchOnMount: 'always',
    // Lists are told apart by identity.
    structuralSharing: false,
    queryFn: ({ client, signal }: QueryFunctionContext): Promise<readonly unknown[]> =>
      new Promise((_, reject) => {
        const held = client.getQueryData<readonly unknown[]>(queryKey);
        const lastEventId = held && lastIds.get(held);
        const keep = (events: readonly unknown[], id: string | undefined): void => {
          if (id !== undefined) lastIds.set(events, id);
          client.setQueryData(queryKey, events);
        };
        const missed = (): void => void invalidate(client, invalidates ?? [root]);
        const unlisten = onAbort(signal, () => reject(signal.reason as Error));
        const fail = (error: unknown): void => {
          unlisten();
          reject(error);
        };
        const take = (data: unknown, { id }: { readonly id: string }): void => {
          if (signal.aborted) return;
          const before = client.getQueryData<readonly unknown[]>(queryKey) ?? [];
          keep([...before, data].slice(-maxEvents), id);
        };
        listen(take, {
          signal,
          ...(params !== undefined && { params: params }),
          ...(lastEventId !== undefined && { lastEventId }),
          onGap: missed,
          onError: fail,
        }).then(() => {
          if (signal.aborted) return;
          // It stands, also if nothing has come yet.
          if (client.getQueryData(queryKey) === undefined) keep([], undefined);
          // Events may have come since an earlier subscription that had none, or since a list that somebody else has set.
          if (held && lastEventId === undefined) missed();
        }, fail);
      }),
  };
}

/** Has read anew what may have changed unseen. Queries of events go on by themselves. */
async function invalidate(client: QueryClient, keys: readonly QueryKey[]): Promise<void> {
  const predicate = ({ queryKey }: { readonly queryKey: QueryKey }): boolean =>
    (queryKey[2] as { readonly type?: string } | undefined)?.type !== 'event';
  await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey, predicate })));
}
