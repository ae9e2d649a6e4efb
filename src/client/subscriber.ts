import type { ClientOptions, EventInfo, EventStream, ListenOptions, StreamOptions, SubscribeOptions, Unsubscribe } from './types.ts';
import { paramsOnWire, sinkInApplicationForm } from './application-form.ts';
import type { EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { EventSink, Headers, Transport } from '../core/transport.ts';
import type { Lifetime } from '../life/lifetime.ts';
import { checkHeaders } from '../peer/headers.ts';
import { PushStream } from '../events/push-stream.ts';
import { report } from '../life/report.ts';
import { Subscription } from '../events/reconnect.ts';

type Listener = (data: unknown, event: EventInfo) => void | Promise<void>;

/** Begins a life that the client can end. */
type Begin = (timeoutMs: number | undefined, signal: AbortSignal | undefined) => Lifetime;

const DEFAULT_BUFFER = 100;

/** What stands behind `onX`: makes subscriptions for listeners and for loops. */
export class Subscriber {
  private readonly event: EventDefinition;
  private readonly transport: Transport;
  private readonly options: ClientOptions;
  private readonly begin: Begin;

  constructor(event: EventDefinition, transport: Transport, options: ClientOptions, begin: Begin) {
    this.event = event;
    this.transport = transport;
    this.options = options;
    this.begin = begin;
  }

  readonly subscribe = (first?: Listener | StreamOptions, second?: ListenOptions): Promise<Unsubscribe> | EventStream<unknown> => {
    if (typeof first === 'function') return this.#listen(first, second ?? {});
    try {
      return this.#stream(first ?? {});
    } catch (error) {
      // The loop gets it, as it gets every other failure.
      const failed = new PushStream<unknown>(1, { onReturn: () => {} });
      failed.end(error);
      return failed as unknown as EventStream<unknown>;
    }
  };

  async #listen(listener: Listener, options: ListenOptions): Promise<Unsubscribe> {
    const fail = this.#reporter(options.onError);
    const { lifetime, headers } = this.#begin(options);
    const sink: EventSink = {
      next: ({ id, time, data }) => {
        try {
          const done = listener(data, { id, time });
          if (done instanceof Promise) done.catch(fail);
          return done;
        } catch (error) {
          fail(error);
          const failed = Promise.reject(error);
          // Only a transport that acknowledges looks at it.
          failed.catch(() => {});
          return failed;
        }
      },
      gap: () => tellGap(options, fail),
      // Not before the start has been told to the caller, who is otherwise told that he left.
      end: (error) =>
        void starting.then(
          () => {
            lifetime.abort(RELEASED);
            if (error) fail(error);
          },
          () => {},
        ),
    };
    const starting = this.#start(this.#open(lifetime, headers, options, sink), lifetime);
    await starting;
    return () => {
      lifetime.abort(RELEASED);
      return Promise.resolve();
    };
  }

  #stream(options: StreamOptions): EventStream<unknown> {
    const { bufferSize = DEFAULT_BUFFER } = options;
    // Without room for one event a loop would leave at the first and never come back.
    if (!(Number.isInteger(bufferSize) && bufferSize > 0)) {
      throw new ApiError('INVALID_ARGUMENT', `bufferSize must be a positive integer, not ${String(bufferSize)}`, { sent: false });
    }
    const fail = this.#reporter(undefined);
    const { lifetime, headers } = this.#begin(options);
    const stream = new PushStream<unknown>(bufferSize, {
      onReturn: () => lifetime.abort(RELEASED),
      onDrained: () => subscription.resume(),
    });
    const overflow = options.overflow ?? 'resume';
    const sink: EventSink = {
      next: ({ data }) => {
        if (stream.full && overflow !== 'resume') {
          if (overflow === 'error')
            return sink.end(new ApiError('RESOURCE_EXHAUSTED', `the loop over ${this.event.name} fell ${stream.size} events behind`));
          tellGap(options, fail);
          if (overflow === 'drop-newest') return;
          stream.dropOldest();
        }
        stream.push(data);
        if (stream.full && overflow === 'resume') subscription.pause();
      },
      gap: () => tellGap(options, fail),
      end: (error) => {
        // First, because releasing ends the loop too, and without the error.
        stream.end(error);
        lifetime.abort(RELEASED);
      },
    };
    const subscription = this.#open(lifetime, headers, options, sink);
    this.#start(subscription, lifetime).then(
      () => lifetime.whenEnded(() => stream.end()),
      // Aborting and closing are the consumer's own wish: the loop ends without an error.
      (error: unknown) => stream.end(error === lifetime.reason && lifetime.reason?.code !== 'DEADLINE_EXCEEDED' ? undefined : error),
    );
    return stream as unknown as EventStream<unknown>;
  }

  /** What takes the failures of the caller's own functions, which are no concern of the transport. */
  #reporter(onError: ((error: unknown) => void) | undefined): (error: unknown) => void {
    return (error) => report(error, onError ?? this.options.onError ?? unhandled);
  }

  #begin(options: SubscribeOptions): { readonly lifetime: Lifetime; readonly headers: Headers } {
    const headers = checkHeaders(options.headers ?? {});
    return { headers, lifetime: this.begin(options.timeoutMs, options.signal) };
  }

  #open(lifetime: Lifetime, headers: Headers, options: SubscribeOptions, sink: EventSink): Subscription {
    return new Subscription({
      transport: this.transport,
      event: this.event,
      params: paramsOnWire(this.event, options.params ?? {}),
      headers,
      lastEventId: options.lastEventId,
      signal: lifetime.signal,
      reconnect: this.options.reconnect ?? {},
      sink: sinkInApplicationForm(this.event, sink),
    });
  }

  /** The deadline is for the start alone; a subscription that has started lives until it is released. */
  async #start(subscription: Subscription, lifetime: Lifetime): Promise<void> {
    try {
      await lifetime.start(() => subscription.open());
    } catch (error) {
      const { reason } = lifetime;
      lifetime.abort(RELEASED);
      // Where no try succeeded in time, why they failed says more than that the time is over.
      throw reason?.code === 'DEADLINE_EXCEEDED' ? (subscription.lastError ?? error) : error;
    }
  }
}

function tellGap({ onGap }: SubscribeOptions, fail: (error: unknown) => void): void {
  try {
    onGap?.();
  } catch (error) {
    fail(error);
  }
}

const RELEASED = new ApiError('CANCELLED', 'the subscriber has left');

/** Makes the failure of a listener that nobody watches visible, as the runtime does with a rejected promise. */
function unhandled(error: unknown): void {
  void Promise.reject(error);
}
