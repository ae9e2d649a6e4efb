import type { ClientOptions, EventInfo, ListenOptions, StreamOptions, SubscribeOptions, Unsubscribe } from './types.ts';
import type * as ApplicationForm from './application-form.ts';
import { endOfLoop, LEFT } from './left.ts';
import type { EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { EventSink, Headers, Transport } from '../core/transport.ts';
import type { Lifetime } from '../life/lifetime.ts';
import type { PushStream } from '../events/push-stream.ts';
import { attempt, report, unhandled } from '../life/report.ts';
import { Subscription } from '../events/reconnect.ts';

/** A subscriber calls it with each event. */
export type Listener = (data: unknown, event: EventInfo) => void | Promise<void>;

/** One subscription that has begun. */
export interface Run {
  readonly event: EventDefinition;
  readonly transport: Transport;
  readonly options: ClientOptions;
  readonly headers: Headers;
  readonly lifetime: Lifetime;
}

/** Functions that convert events with codecs. */
export type Form = Pick<typeof ApplicationForm, 'paramsOnWire' | 'decodingOf'>;

const DEFAULT_BUFFER = 100;

/** Calls `listener` with each event; resolves when the peer has acknowledged. */
export async function listen(run: Run, form: Form | undefined, listener: Listener, options: ListenOptions): Promise<Unsubscribe> {
  const { lifetime } = run;
  const fail = reporter(run, options.onError);
  const sink: EventSink = {
    next: ({ id, time, data }) => {
      try {
        const done = listener(data, { id, time });
        if (!done) return;
        // It may be any thenable, as query builders are.
        const settled = Promise.resolve(done);
        settled.catch(fail);
        return settled;
      } catch (error) {
        fail(error);
        const failed = Promise.reject(error);
        // Only a transport that acknowledges looks at it.
        failed.catch(() => {});
        return failed;
      }
    },
    gap: () => tellGap(options, fail),
    // Not before the caller has been told of the start, because otherwise they are told that they left.
    end: (error) =>
      void starting.then(
        () => {
          lifetime.abort(LEFT);
          if (error) fail(error);
        },
        () => {},
      ),
  };
  const starting = started(run, () => open(run, form, options, sink));
  await starting;
  return () => {
    lifetime.abort(LEFT);
    return Promise.resolve();
  };
}

/** Fills the stream of a loop. Throws INVALID_ARGUMENT. */
export function fill(run: Run, form: Form | undefined, stream: PushStream<unknown>, options: StreamOptions): void {
  const { lifetime, event } = run;
  const { bufferSize = DEFAULT_BUFFER, overflow = 'resume' } = options;
  // Without room for one event a loop would leave at the first and never come back.
  if (!(Number.isInteger(bufferSize) && bufferSize > 0))
    throw new ApiError('INVALID_ARGUMENT', `bufferSize must be a positive integer, not ${String(bufferSize)}`, { sent: false });
  const fail = reporter(run, undefined);
  const isFull = () => stream.waiting >= bufferSize;
  const sink: EventSink = {
    next: ({ data }) => {
      if (isFull() && overflow !== 'resume') {
        if (overflow === 'error')
          return sink.end(new ApiError('RESOURCE_EXHAUSTED', `the loop over ${event.name} fell ${bufferSize} events behind`));
        tellGap(options, fail);
        if (overflow === 'drop-newest') return;
        stream.dropOldest();
      }
      stream.push(data);
      if (isFull() && overflow === 'resume') subscription.pause();
    },
    gap: () => tellGap(options, fail),
    end: (error) => {
      // First, because releasing ends the loop too, and without the error.
      stream.end(error);
      lifetime.abort(LEFT);
    },
  };
  const subscription = open(run, form, options, sink);
  stream.onDrained = () => subscription.resume();
  started(run, () => subscription).then(
    () => lifetime.listen(() => stream.end()),
    (error: unknown) => stream.end(endOfLoop(error, lifetime)),
  );
}

/** Takes the failures of the caller's own functions, which do not concern the transport. */
function reporter({ options }: Run, onError: ((error: unknown) => void) | undefined): (error: unknown) => void {
  return (error) => report(error, onError ?? options.onError ?? unhandled);
}

function open(
  { event, transport, options, headers, lifetime }: Run,
  form: Form | undefined,
  { params = {}, lastEventId }: SubscribeOptions,
  sink: EventSink,
): Subscription {
  return new Subscription({
    transport,
    event,
    params: form ? form.paramsOnWire(event, params) : params,
    headers,
    lastEventId,
    signal: lifetime.signal,
    reconnect: options.reconnect ?? {},
    sink,
    through: form?.decodingOf(event),
  });
}

/** The deadline is only for the start; a subscription that has started lives until it is released. */
async function started({ lifetime }: Run, make: () => Subscription): Promise<void> {
  let subscription: Subscription | undefined;
  try {
    const made = (subscription = make());
    await lifetime.start(() => made.open());
  } catch (error) {
    const { reason } = lifetime;
    lifetime.abort(LEFT);
    // If no try succeeded in time, why they failed says more than that the time is over.
    throw reason?.code === 'DEADLINE_EXCEEDED' ? (subscription?.lastError ?? error) : error;
  }
}

function tellGap({ onGap }: SubscribeOptions, fail: (error: unknown) => void): void {
  attempt(() => onGap?.(), fail);
}
