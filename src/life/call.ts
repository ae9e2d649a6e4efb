import type { Operation } from '../core/contract.ts';
import { Lifetime, SignalEnding, type Ending } from './lifetime.ts';
import type { CallRequest, Headers, OnResponse, Peer, Selection } from '../core/transport.ts';

/**
 * A request whose signal is made on first use. The property is its own and enumerable, so that `{ ...request, headers }` keeps it;
 * its getter is one for all, because an accessor in an object literal makes a hidden class per object, which costs more than the rest of a call.
 */
export class Call implements CallRequest {
  declare readonly signal: AbortSignal;

  /** Has the signal: the call's lifetime, or the request that this one was made from. */
  readonly source: { readonly signal: AbortSignal };
  readonly operation: Operation;
  readonly input: unknown;
  readonly headers: Headers;
  readonly deadline: number | undefined;
  readonly select: Selection | undefined;
  readonly peer: Peer | undefined;
  readonly onResponse: OnResponse | undefined;

  constructor(
    source: { readonly signal: AbortSignal },
    operation: Operation,
    input: unknown,
    headers: Headers,
    deadline: number | undefined,
    select: Selection | undefined,
    peer: Peer | undefined,
    onResponse?: OnResponse,
  ) {
    this.source = source;
    this.operation = operation;
    this.input = input;
    this.headers = headers;
    this.deadline = deadline;
    this.select = select;
    this.peer = peer;
    this.onResponse = onResponse;
    Object.defineProperty(this, 'signal', SIGNAL);
  }
}

/** The same call, with another listener for the headers of its answer. */
export function withOnResponse(request: CallRequest, onResponse: OnResponse): CallRequest {
  const { operation, input, headers, deadline, select, peer } = request;
  return new Call(request, operation, input, headers, deadline, select, peer, onResponse);
}

/** How a call ends early: for adapters that need to know, and would make a signal for nothing else. */
export function endingOf(request: CallRequest): Ending {
  let source: { readonly signal: AbortSignal } = request;
  while (source instanceof Call) source = source.source;
  return source instanceof Lifetime ? source : new SignalEnding(source.signal);
}

const SIGNAL: PropertyDescriptor = {
  get(this: { readonly source: { readonly signal: AbortSignal } }) {
    return this.source.signal;
  },
  enumerable: true,
};
