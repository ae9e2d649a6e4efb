import type { Contract } from '../core/contract.ts';
import type { Adapter, CallRequest, Headers, SubscribeRequest, Transport } from '../core/transport.ts';
import { composedOf } from '../events/publishing-span.ts';
import { connect, markGuarded } from '../guard/guard.ts';
import { Call, changed } from '../life/call.ts';

/** The source of a composition: an adapter, or a transport such as a service. */
export type Source = Adapter<never> | Transport;

/** The result of a composition: an adapter with the same abilities for an adapter, and a transport for a transport. */
export type Composed<S extends Source> = S extends Transport ? Transport : S;

/** The verbs that a composition does itself. The rest is the inner transport's. */
export type Changes = Partial<Pick<Transport, 'name' | 'call' | 'subscribe'>> & {
  /** Frees what the composition holds. */
  readonly end?: () => void;
};

/** Puts a composition around a source. It closes what it connected itself: a transport was given. */
export function compose<S extends Source>(source: S, make: (inner: Transport) => Changes): Composed<S> {
  const made =
    typeof source === 'function'
      ? (contract: Contract) => around(connect(source, contract), make, true)
      : around(connect(source, source.contract), make, false);
  return made as Composed<S>;
}

function around(inner: Transport, make: (inner: Transport) => Changes, isOwn: boolean): Transport {
  const { end, ...changes } = make(inner);
  const made: Transport = {
    contract: inner.contract,
    name: inner.name,
    call: (request) => inner.call(request),
    subscribe: (request, sink) => inner.subscribe(request, sink),
    ...(inner.identify && { identify: inner.identify.bind(inner) }),
    ...(inner.lease && { lease: inner.lease.bind(inner) }),
    ...(inner.streamsFiles && { streamsFiles: true }),
    ...changes,
    close: async () => {
      end?.();
      if (isOwn) await inner.close();
    },
  };
  return composedOf(markGuarded(made), [inner]);
}

/** The request with other headers. Its signal is still made on first use. */
export function withHeaders(request: CallRequest, headers: Headers): CallRequest {
  return changed(request, { headers });
}

/** As `withHeaders`, for calls and subscriptions. */
export function anyWithHeaders<R extends CallRequest | SubscribeRequest>(request: R, headers: Headers): R {
  return request instanceof Call ? (withHeaders(request, headers) as R & Call) : { ...request, headers };
}

/** The name of the operation or event that is asked for. */
export function memberOf(request: CallRequest | SubscribeRequest): string {
  return request.operation ? request.operation.name : request.event.name;
}
