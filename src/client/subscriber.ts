import { converting, subscribing } from '#client-parts';
import type { EventDefinition } from '../core/contract.ts';
import type { Transport } from '../core/transport.ts';
import { PushStream } from '../events/push-stream.ts';
import { bothParts, type Part } from '../life/lazy.ts';
import type { Lifetime } from '../life/lifetime.ts';
import { traced } from '../life/traced.ts';
import { checkHeaders } from '../peer/headers.ts';
import { hasCodec } from '../schema/codec/has-codec.ts';
import { endOfLoop, LEFT } from './left.ts';
import type * as Subscribing from './subscribing.ts';
import type { ClientOptions, EventStream, ListenOptions, StreamOptions, SubscribeOptions, Unsubscribe } from './types.ts';
import { isPromiseLike } from '../life/maybe.ts';

/** Begins a life that the client can end. */
type Begin = (timeoutMs: number | undefined, signal: AbortSignal | undefined) => Lifetime;

/** The function `onX`: begins subscriptions for listeners and for loops. */
export class Subscriber {
  private readonly event: EventDefinition;
  private readonly transport: Transport;
  private readonly options: ClientOptions;
  private readonly begin: Begin;
  /** Functions that subscribe, and convert the event if it has codecs. */
  readonly #part: Part<readonly [typeof Subscribing, Subscribing.Form | undefined]>;

  constructor(event: EventDefinition, transport: Transport, options: ClientOptions, begin: Begin) {
    this.event = event;
    this.transport = transport;
    this.options = options;
    this.begin = begin;
    this.#part = bothParts(subscribing, hasCodec(event.payload) ? converting : undefined);
  }

  readonly subscribe = (
    first?: Subscribing.Listener | StreamOptions,
    second?: ListenOptions,
  ): Promise<Unsubscribe> | EventStream<unknown> =>
    typeof first === 'function' ? this.#listen(first, second ?? {}) : this.#loop(first ?? {});

  async #listen(listener: Subscribing.Listener, options: ListenOptions): Promise<Unsubscribe> {
    const run = this.#begin(options);
    try {
      const part = this.#part();
      const [{ listen }, form] = isPromiseLike(part) ? await run.lifetime.alive(part) : part;
      return await listen(run, form, listener, options);
    } catch (error) {
      run.lifetime.abort(LEFT);
      throw traced(error);
    }
  }

  #loop(options: StreamOptions): EventStream<unknown> {
    let lifetime: Lifetime | undefined;
    const stream = new PushStream<unknown>(() => lifetime?.abort(LEFT));
    // The loop gets every failure.
    const fail = (error: unknown) => {
      stream.end(lifetime ? endOfLoop(error, lifetime) : error);
      lifetime?.abort(LEFT);
    };
    try {
      const run = this.#begin(options);
      lifetime = run.lifetime;
      const part = this.#part();
      const start = ([{ fill }, form]: Awaited<typeof part>) => fill(run, form, stream, options);
      if (isPromiseLike(part)) lifetime.alive(part).then(start).catch(fail);
      else start(part);
    } catch (error) {
      fail(error);
    }
    // It gets the members that it lacks from its part.
    return stream as unknown as EventStream<unknown>;
  }

  #begin(options: SubscribeOptions): Subscribing.Run {
    const headers = checkHeaders(options.headers);
    const { event, transport, options: ofClient } = this;
    return { event, transport, options: ofClient, headers, lifetime: this.begin(options.timeoutMs, options.signal) };
  }
}
