import { ApiError, isApiError } from '../core/errors.ts';
import { count, ms, readOptions } from '../core/options.ts';
import type { Adapter, CallRequest, SubscribeRequest, Transport } from '../core/transport.ts';
import { composedOf } from '../events/publishing-span.ts';
import { connect, markGuarded } from '../guard/guard.ts';
import { Call, endingOf, hurried } from '../life/call.ts';
import { now } from '../life/now.ts';
import { Circuit } from './circuit.ts';
import { isRepeatable, isSpent } from './retry.ts';
import type { Source } from './wrap.ts';

/** Options of `fallback`. */
export interface FallbackOptions {
  /** Failures in a row after which a transport is not used for a while. @default 3 */
  readonly failures?: number;
  /** How long it is not used at first, in milliseconds. Then one call probes it, and the time doubles if that fails. @default 1_000 */
  readonly openMs?: number;
  /** The longest time that it is not used, in milliseconds. @default 30_000 */
  readonly maxOpenMs?: number;
  /**
   * How long a call that may be repeated waits for one transport before the next is asked too late, in milliseconds.
   * @default half of the time that is left until the deadline
   */
  readonly patienceMs?: number;
}

/** The capabilities that all of them have. */
type Verbs<S> = S extends Adapter<infer V> ? V : 'call' | 'subscribe' | 'stream';

interface Part {
  readonly transport: Transport;
  readonly circuit: Circuit;
  readonly isOwn: boolean;
}

/**
 * Sends calls and subscriptions over the first transport that works: `fallback([grpc({ … }), rest({ … })])`. When one cannot be reached, the next
 * is asked within the same deadline, if the call was certainly not sent or may be repeated. After several failures a transport is not used for a while, and then probed.
 * A subscription that ends is connected again by the client, over the first that works then.
 */
export function fallback<const S extends readonly [Source, ...Source[]]>(
  sources: S,
  options: FallbackOptions = {},
): Adapter<Extract<Verbs<S[0]>, string>> {
  if (!Array.isArray(sources) || sources.length === 0) throw new TypeError('fallback: give a list of transports, the preferred one first');
  const readers = { failures: count(3), openMs: ms(1_000), maxOpenMs: ms(30_000), patienceMs: ms() };
  const { patienceMs, ...circuit } = readOptions('fallback', options, readers, []);
  return (contract) => {
    const parts = (sources as readonly Source[]).map((source): Part => {
      return { transport: connect(source, contract), circuit: new Circuit(circuit), isOwn: typeof source === 'function' };
    });
    const knows = parts.find(({ transport }) => transport.identify)?.transport;
    const leases = parts.find(({ transport }) => transport.lease)?.transport;
    const made: Transport = {
      contract,
      name: 'fallback',
      ...(knows?.identify && { identify: knows.identify.bind(knows) }),
      ...(leases?.lease && { lease: leases.lease.bind(leases) }),
      call: (request) => tryEach(parts, request, ({ transport }, isLast) => callPart(transport, request, isLast, patienceMs)),
      subscribe: async (request, sink) => void (await tryEach(parts, request, ({ transport }) => transport.subscribe(request, sink))),
      close: async () => void (await Promise.all(parts.map(async ({ transport, isOwn }) => isOwn && transport.close()))),
    };
    return composedOf(
      markGuarded(made),
      parts.map(({ transport }) => transport),
    );
  };
}

/** A call that may be repeated leaves time for the next transport. */
function callPart(transport: Transport, request: CallRequest, isLast: boolean, patienceMs: number | undefined): Promise<unknown> {
  if (isLast || !isRepeatable(request) || (patienceMs === undefined && request.deadline === undefined)) return transport.call(request);
  const { deadline = Infinity } = request;
  const latest = Math.min(deadline, now() + (patienceMs ?? (deadline - now()) / 2));
  return hurried(request, latest, (sent) => transport.call(sent));
}

async function tryEach<T>(
  parts: readonly Part[],
  request: CallRequest | SubscribeRequest,
  work: (part: Part, isLast: boolean) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  // If all are to be left alone, the preferred is asked all the same: nothing is lost by it.
  const open = parts.filter(({ circuit }) => circuit.enter());
  const asked = open.length > 0 ? open : parts.slice(0, 1);
  for (const [at, part] of asked.entries()) {
    try {
      const result = await work(part, at === asked.length - 1);
      part.circuit.succeed();
      for (const other of asked.slice(at + 1)) other.circuit.leave();
      return result;
    } catch (error) {
      failure = error;
      const isOver = endsEarly(request);
      if (isOver || !isDown(error)) {
        // It answered, or its caller left.
        if (isOver) part.circuit.leave();
        else part.circuit.succeed();
        for (const other of asked.slice(at + 1)) other.circuit.leave();
        throw error;
      }
      part.circuit.fail();
      const isUnsent = isApiError(error) && !error.sent;
      const mayRepeat =
        !request.operation ||
        (isUnsent && !isSpent(request.operation, request.input)) ||
        (!isUnsent && !request.operation.item && isRepeatable(request));
      if (mayRepeat) continue;
      for (const other of asked.slice(at + 1)) other.circuit.leave();
      throw error;
    }
  }
  throw ApiError.from(failure, 'UNAVAILABLE', 'no transport works', { sent: false });
}

/** Whether a request's caller has left, or its deadline has passed. */
function endsEarly(request: CallRequest | SubscribeRequest): boolean {
  if (request instanceof Call) return endingOf(request).reason !== undefined;
  return request.signal.aborted;
}

/** Whether an error says that the peer cannot be reached, or does not answer. */
function isDown(error: unknown): boolean {
  if (!isApiError(error)) return true;
  return error.code === 'UNAVAILABLE' || (error.code === 'DEADLINE_EXCEEDED' && !error.remote);
}
