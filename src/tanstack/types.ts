import type {
  InfiniteData,
  InfiniteQueryObserverOptions,
  MutationObserverOptions,
  QueryFunction,
  QueryFunctionContext,
  QueryKey,
} from '@tanstack/query-core';
import type { output as OutputOf } from 'zod/v4/core';
import type { ChannelParams, OperationError } from '../client/types.ts';
import type { AppInput } from '../core/application.ts';
import type { Contract, EventDefinition, Operation, Schema } from '../core/contract.ts';
import type { ApiError } from '../core/errors.ts';

type InputOf<O extends Operation> = O['input'] extends Schema ? AppInput<O['input']> : undefined;
type Given<O extends Operation> = O['output'] extends Schema ? OutputOf<O['output']> : null;
/** The input may be left out if none of its members is required. */
type Args<O extends Operation> = O['input'] extends Schema
  ? {} extends AppInput<O['input']>
    ? [input?: AppInput<O['input']>]
    : [input: AppInput<O['input']>]
  : [];

/** The key of everything of a member, for `invalidateQueries`. */
interface Keyed {
  /** With all inputs: `queryClient.invalidateQueries({ queryKey: api.getUser.key() })`. */
  key(): QueryKey;
}

/** Options of a query. */
export interface QueryUtils<O extends Operation> extends Keyed {
  /**
   * For `useQuery`, `prefetchQuery` and the like. An operation without output gives `null`.
   * @throws TypeError for a mutation
   */
  queryOptions(...args: Args<O>): {
    queryKey: QueryKey;
    /** Makes the call. */
    queryFn: (context: QueryFunctionContext) => Promise<Given<O>>;
    /** Only for its type. */
    throwOnError?: (error: OperationError<O>) => boolean;
  };
}

/** Options of a query with `pagedBy`. */
export interface InfiniteUtils<O extends Operation> extends QueryUtils<O> {
  /** For `useInfiniteQuery`: each page starts after the last item of the one before. The first page starts at the input's `after`. */
  infiniteOptions(...args: Args<O>): Required<
    Pick<
      InfiniteQueryObserverOptions<Given<O>, OperationError<O>, InfiniteData<Given<O>>, QueryKey, unknown>,
      'queryKey' | 'initialPageParam' | 'getNextPageParam'
    >
  > & {
    /** Makes the call of one page. */
    queryFn: (context: QueryFunctionContext<QueryKey, unknown>) => Promise<Given<O>>;
  };
}

/** Options of a mutation. */
export interface MutationUtils<O extends Operation> extends Keyed {
  /** For `useMutation`: its variables are the input. */
  mutationOptions(): Required<Pick<MutationObserverOptions<Given<O>, OperationError<O>, InputOf<O>>, 'mutationKey' | 'mutationFn'>>;
}

/** The data of an event's query: the last events, in order. */
export type EventData<E extends EventDefinition> = readonly OutputOf<E['payload']>[];

/** Options of an event's query. */
export interface EventQueryOptions<E extends EventDefinition = EventDefinition> {
  /** Fixes channel parameters; those left out match all. */
  readonly params?: ChannelParams<E> | undefined;
  /** How many events are kept; older ones go. @default 100 */
  readonly maxEvents?: number | undefined;
  /** The query keys that are read again after a gap. Queries of events never are. @default all queries of the contract */
  readonly invalidates?: readonly QueryKey[] | undefined;
}

/** Options of an event. */
export interface EventUtils<E extends EventDefinition> extends Keyed {
  /**
   * For `useQuery`: a query that goes on as long as somebody looks at it. It succeeds when the subscription stands. After a lost connection, or when
   * somebody looks again, it goes on after the last event that it has; if that is not possible, `invalidates` are invalidated.
   */
  queryOptions(options?: EventQueryOptions<E>): {
    queryKey: QueryKey;
    /** Subscribes, and keeps the data up to date. */
    queryFn: QueryFunction<EventData<E>>;
    structuralSharing: false;
    staleTime: number;
    refetchOnMount: 'always';
    /** Only for its type. */
    throwOnError?: (error: ApiError) => boolean;
  };
}

/** The members of a client as TanStack Query takes them. */
export type TanstackQuery<C extends Contract> = {
  // Whether an operation is a query is not in its type.
  readonly [N in keyof C['operations'] as C['operations'][N]['item'] extends Schema ? never : N]: MutationUtils<C['operations'][N]> &
    (C['operations'][N]['pagedBy'] extends string ? InfiniteUtils<C['operations'][N]> : QueryUtils<C['operations'][N]>);
} & {
  readonly events: { readonly [N in keyof C['events']]: EventUtils<C['events'][N]> };
  /** The key of everything of the contract. */
  key(): QueryKey;
};
