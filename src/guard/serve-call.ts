import type { Operation } from '../core/contract.ts';
import { ApiError, callerLeft } from '../core/errors.ts';
import type { EventMessage, EventSink, OnResponse, Peer, Selection, Transport } from '../core/transport.ts';
import { Call } from '../life/call.ts';
import { deadlineExceeded, Lifetime } from '../life/lifetime.ts';
import { now } from '../life/now.ts';
import { inMemory } from '../schema/codec/files-in.ts';
import { hasFile } from '../schema/codec/has-file.ts';
import { makeRequestId, readDeadline, receivedHeaders } from '../peer/headers.ts';

/** A peer's headers as a handler got them: not yet sorted into those that travel and those that do not. */
export type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One call as a protocol's server has read it from the wire. */
export interface ServedCall {
  readonly operation: Operation;
  readonly input: unknown;
  /** With `x-request-id`, which `acceptHeaders` makes if the peer gave none. */
  readonly headers: Record<string, string>;
  /** On the monotonic clock, if the peer set one. */
  readonly deadline: number | undefined;
  readonly peer: Peer;
  readonly select?: Selection | undefined;
  /** Registers what to do when the peer leaves, or cancels: with the reason then. */
  readonly onLeave: (listener: (reason?: ApiError) => void) => void;
  /** Whether a peer that cancels stays, and is to be told at once. @default false */
  readonly canCancel?: boolean;
  /** Whether the server of the call answers at its deadline, and tells of it by `onLeave`. @default false */
  readonly endsInTime?: boolean;
  /** Gets the headers of the answer. */
  readonly onResponse?: OnResponse | undefined;
  /** Whether files in the output may be streams; otherwise they are read into memory first. @default false */
  readonly streamsFiles?: boolean;
}

/** Keeps the headers that travel. Makes a request id if the peer gave none that fits a log line. */
export function acceptHeaders(raw: RawHeaders): Record<string, string> {
  const headers = receivedHeaders(raw);
  const id = headers['x-request-id'];
  if (id === undefined || id === '' || id.length > 128) headers['x-request-id'] = makeRequestId();
  return headers;
}

/** Runs a call for a peer: its deadline and its leaving abort the handler's signal, and it settles by then. */
export function serveCall(transport: Transport, call: ServedCall): Promise<unknown> {
  // A call that is late already is not begun.
  if (call.deadline !== undefined && call.deadline <= now()) return Promise.reject(deadlineExceeded());
  const timed = call.endsInTime === true ? undefined : call.deadline;
  const lifetime = new Lifetime(timed);
  call.onLeave((reason) => lifetime.abort(reason ?? callerLeft()));
  const request = new Call(lifetime, call.operation, call.input, call.headers, call.deadline, call.select, call.peer, call.onResponse);
  // Without a deadline nobody waits for a call whose caller has left, so there is nothing to settle early.
  const isPlain = call.streamsFiles === true || !call.operation.output || !hasFile(call.operation.output);
  const run = isPlain ? () => transport.call(request) : () => transport.call(request).then(inMemory);
  if (timed === undefined && call.canCancel !== true) return run();
  return lifetime.settle(run);
}

/**
 * Runs a streamed operation for a peer; resolves when it is acknowledged. Its deadline and the peer's leaving abort the handler's signal. No item
 * reaches the sink before the acknowledgement, and nothing after its end; the peer that has left hears of no end.
 */
export async function serveStream(
  transport: Transport,
  call: Omit<ServedCall, 'select' | 'canCancel' | 'endsInTime'>,
  sink: EventSink,
): Promise<void> {
  const { operation, input, headers, deadline, peer, onResponse } = call;
  if (deadline !== undefined && deadline <= now()) throw deadlineExceeded();
  const lifetime = new Lifetime(deadline);
  let isOver = false;
  let hasBegun = false;
  const end = (error?: ApiError) => {
    if (isOver) return;
    isOver = true;
    lifetime.abort(STREAM_ENDED);
    if (hasBegun) sink.end(error);
  };
  call.onLeave((reason) => {
    isOver = true;
    lifetime.abort(reason ?? callerLeft());
  });
  let isTold = false;
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = () => {
      isTold = true;
      resolve();
    };
  });
  const take = (message: EventMessage): void | Promise<void> => {
    if (isOver) return;
    try {
      return sink.next(message)?.catch((cause: unknown) => end(ApiError.from(cause, 'UNKNOWN', `${operation.name}: an item was not sent`)));
    } catch (cause) {
      // A transport that nothing guards gave what the wire cannot carry.
      end(new ApiError('DATA_LOSS', `${operation.name}: an item breaks the contract`, { cause }));
    }
  };
  const checked: EventSink = {
    next: (message) => (isTold ? take(message) : begun.then(() => take(message))),
    gap: () => {},
    end: (error) => void (isTold ? end(error) : begun.then(() => end(error))),
  };
  try {
    const request = { operation, input, headers, deadline, peer, signal: lifetime.signal, onResponse };
    await lifetime.alive(transport.subscribe(request, checked));
  } catch (error) {
    lifetime.abort(STREAM_ENDED);
    throw error;
  }
  hasBegun = true;
  lifetime.listen((reason) => reason !== STREAM_ENDED && end(reason));
  // After the code that waits for the acknowledgement has told the peer.
  queueMicrotask(begin);
}

const STREAM_ENDED = new ApiError('CANCELLED', 'the stream has ended');

/** The deadline in a peer's headers. Throws INVALID_ARGUMENT. */
export function deadlineOf(raw: RawHeaders): number | undefined {
  const value = raw['x-timeout-ms'];
  return value === undefined ? undefined : readDeadline(String(value));
}
