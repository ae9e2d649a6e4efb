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

/** The members of a call that may be changed. A member that is `undefined` is taken away, but `operation` and `headers` stay. */
export type CallChange = { readonly [K in Exclude<keyof CallRequest, 'signal'>]?: CallRequest[K] | undefined };

/** The same call with some members changed, which ends with `source`. Its signal is still made on first use. */
export function changed(request: CallRequest, change: CallChange, source: { readonly signal: AbortSignal } = request): CallRequest {
  const { operation = request.operation, input, headers = request.headers, deadline, select, peer, onResponse } = change;
  return new Call(
    source,
    operation,
    'input' in change ? input : request.input,
    headers,
    'deadline' in change ? deadline : request.deadline,
    'select' in change ? select : request.select,
    'peer' in change ? peer : request.peer,
    'onResponse' in change ? onResponse : request.onResponse,
  );
}

/** Sends a call with a deadline of its own: it ends by that, or as the call does. */
export function hurried<T>(request: CallRequest, deadline: number, send: (request: CallRequest) => Promise<T>): Promise<T> {
  const lifetime = new Lifetime(deadline);
  const unlisten = endingOf(request).listen((reason) => lifetime.abort(reason));
  return lifetime.settle(() => send(changed(request, { deadline }, lifetime))).finally(unlisten);
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
