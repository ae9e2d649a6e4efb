import type { Contract } from '../core/contract.ts';
import type { CallRequest, EventSink, SubscribeRequest } from '../core/transport.ts';
import { compose, type Composed, type Source } from './wrap.ts';

/** Goes on with a call, as it is or changed. */
export type NextCall = (request: CallRequest) => Promise<unknown>;
/** Goes on with a subscription or a stream; resolves when it is acknowledged. */
export type NextSubscribe = (request: SubscribeRequest, sink: EventSink) => Promise<void>;

/**
 * A function around calls, subscriptions and streams. Verbs that it leaves out pass unchanged. Inputs that it changes are checked after it. Its
 * own answers are not checked.
 */
export interface Middleware {
  /** Is told the contract when it is put around a transport, and may throw a `TypeError`, such as for a name that the contract does not have. */
  attach?(contract: Contract): void;
  /** Around a call: `next` makes it. */
  call?(request: CallRequest, next: NextCall): Promise<unknown>;
  /** Around a subscription or a streamed operation: `next` starts it. */
  subscribe?(request: SubscribeRequest, sink: EventSink, next: NextSubscribe): Promise<void>;
}

/** One function around both verbs: `next` resolves with the answer of a call, or when a subscription or a stream is acknowledged. */
export type AroundBoth = (
  request: CallRequest | SubscribeRequest,
  next: (request: CallRequest | SubscribeRequest) => Promise<unknown>,
) => Promise<unknown>;

/**
 * Puts middleware around an adapter, for a client, or around a service, for its handlers: the first one is the outermost.
 * @example createClient({ contract, transport: use(rest({ url }), logging({ logger: pino() })) })
 * @example restHandler(use(service, limit({ perSecond: 100 })))
 */
export function use<S extends Source>(source: S, ...middleware: readonly AroundBoth[]): Composed<S>;
export function use<S extends Source>(source: S, ...middleware: readonly Middleware[]): Composed<S>;
export function use<S extends Source>(source: S, ...middleware: readonly (Middleware | AroundBoth)[]): Composed<S>;
export function use<S extends Source>(source: S, ...middleware: readonly (Middleware | AroundBoth)[]): Composed<S> {
  for (const each of middleware)
    if (!isMiddleware(each)) throw new TypeError('use: each middleware is a function (request, next) => …, or { call, subscribe }');
  return compose(source, (inner) => {
    for (const each of middleware) if (typeof each !== 'function') each.attach?.(inner.contract);
    let call: NextCall = (request) => inner.call(request);
    let subscribe: NextSubscribe = (request, sink) => inner.subscribe(request, sink);
    for (const each of [...middleware].reverse()) {
      const [nextCall, nextSubscribe] = [rejecting(call), subscribe];
      if (typeof each === 'function') {
        call = (request) => each(request, nextCall as (request: CallRequest | SubscribeRequest) => Promise<unknown>);
        subscribe = async (request, sink) => void (await each(request, (changed) => nextSubscribe(changed, sink)));
        continue;
      }
      if (each.call) call = (request) => each.call?.(request, nextCall) ?? nextCall(request);
      if (each.subscribe) subscribe = (request, sink) => each.subscribe?.(request, sink, nextSubscribe) ?? nextSubscribe(request, sink);
    }
    return { call, subscribe };
  });
}

/** An object without a verb would change nothing, and is a mistake such as options that were not given to their function. */
function isMiddleware(given: unknown): given is Middleware | AroundBoth {
  if (typeof given !== 'object' || given === null) return typeof given === 'function';
  return typeof (given as Middleware).call === 'function' || typeof (given as Middleware).subscribe === 'function';
}

/** Middleware may throw instead of rejecting: middleware around it frees what it holds when a promise settles. */
function rejecting(call: NextCall): NextCall {
  return (request) => {
    try {
      return call(request);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
