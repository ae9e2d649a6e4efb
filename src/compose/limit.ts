import { ApiError } from '../core/errors.ts';
import { count, readOptions, type OptionReader } from '../core/options.ts';
import type { CallRequest, SubscribeRequest } from '../core/transport.ts';
import { now } from '../life/now.ts';
import { chain, isPromiseLike, type Maybe } from '../life/maybe.ts';
import type { Middleware } from './use.ts';

/** How much a caller may take. */
export interface Share {
  readonly perSecond: number;
  readonly burst: number;
}

/** Counts shares, in this process or for several processes in a store of yours. */
export interface LimitStore {
  /** Takes `cost` of a caller's share: 0 if there was as much, else how long to wait, in milliseconds. */
  take(caller: string, cost: number, share: Share): Maybe<number>;
}

/** Options of `limit`. */
export interface LimitOptions {
  /** Calls and subscriptions that each caller may begin a second, in the long run. */
  readonly perSecond: number;
  /** How many at once after a pause. @default `perSecond`, at least 1 */
  readonly burst?: number;
  /** The owner of the share from which a request takes; `undefined` takes from none. @default the address of the peer, or one share for all if there is none */
  readonly by?: (request: CallRequest | SubscribeRequest) => Maybe<string | undefined>;
  /** How much a request takes. @default 1 */
  readonly cost?: (request: CallRequest | SubscribeRequest) => number;
  /** @default in memory: 10,000 callers, those that came last */
  readonly store?: LimitStore;
}

const rate: OptionReader<number> = (value, owner, name) => {
  if (typeof value === 'number' && value > 0 && value < Infinity) return value;
  throw new TypeError(`${owner}: ${name} must be a positive number`);
};

/** Middleware that gives each caller a share of calls and subscriptions; beyond it they fail with RESOURCE_EXHAUSTED and the time to wait. */
export function limit(options: LimitOptions): Middleware {
  const read = readOptions('limit', options, { perSecond: rate, burst: count() }, ['by', 'cost', 'store']);
  const { perSecond, by = addressOf, cost = () => 1, store = memoryLimitStore() } = read;
  const share: Share = { perSecond, burst: read.burst ?? Math.max(1, Math.ceil(perSecond)) };
  const take = (request: CallRequest | SubscribeRequest): Maybe<number> =>
    chain(by(request), (caller) => (caller === undefined ? 0 : store.take(caller, cost(request), share)));
  const refuse = (waitMs: number) =>
    new ApiError('RESOURCE_EXHAUSTED', 'this caller has used up its share of calls', {
      sent: false,
      ...(waitMs < Infinity && { retryAfterMs: Math.ceil(waitMs) }),
    });
  const pass = <T>(request: CallRequest | SubscribeRequest, go: () => Promise<T>): Promise<T> => {
    const waitMs = take(request);
    if (!isPromiseLike(waitMs)) return waitMs > 0 ? Promise.reject(refuse(waitMs)) : go();
    return Promise.resolve(waitMs).then((ms) => (ms > 0 ? Promise.reject(refuse(ms)) : go()));
  };
  return {
    call: (request, next) => pass(request, () => next(request)),
    subscribe: (request, sink, next) => pass(request, () => next(request, sink)),
  };
}

function addressOf({ peer }: CallRequest | SubscribeRequest): string {
  return peer?.address ?? '';
}

/** Options of `memoryLimitStore`. */
export interface MemoryLimitOptions {
  /** Callers that are remembered; the one that came longest ago is forgotten. @default 10_000 */
  readonly maxCallers?: number;
}

/** Counts shares in this process. */
export function memoryLimitStore(options: MemoryLimitOptions = {}): LimitStore {
  const { maxCallers } = readOptions('memoryLimitStore', options, { maxCallers: count(10_000) }, []);
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(caller, cost, { perSecond, burst }) {
      const time = now();
      const known = buckets.get(caller);
      const left = known ? Math.min(burst, known.left + ((time - known.at) * perSecond) / 1000) : burst;
      const isEnough = left >= cost;
      // Set anew, so that the map's order is that of their coming.
      buckets.delete(caller);
      buckets.set(caller, { left: isEnough ? left - cost : left, at: time });
      if (buckets.size > maxCallers) for (const oldest of buckets.keys()) if (buckets.delete(oldest)) break;
      if (isEnough) return 0;
      return cost > burst ? Infinity : ((cost - left) * 1000) / perSecond;
    },
  };
}
