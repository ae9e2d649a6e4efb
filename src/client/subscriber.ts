import { subscribing } from '#client-parts';
import type { EventDefinition } from '../core/contract.ts';
import type { Transport } from '../core/transport.ts';
import { PushStream } from '../events/push-stream.ts';
import type { Lifetime } from '../life/lifetime.ts';
import { checkHeaders } from '../peer/headers.ts';
import { endOfLoop, LEFT } from './left.ts';
import type { fill as Fill, Listener, Run } from './subscribing.ts';
import type { ClientOptions, EventStream, ListenOptions, StreamOptions, SubscribeOptions, Unsubscribe } from './types.ts';

/** Begins a life that the client can end. */
type Begin = (timeoutMs: number | undefined, signal: AbortSignal | undefined) => Lifetime;

/** The function `onX`: begins subscriptions for listeners and for loops. */
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

  readonly subscribe = (first?: Listener | StreamOptions, second?: ListenOptions): Promise<Unsubscribe> | EventStream<unknown> =>
    typeof first === 'function' ? this.#listen(first, second ?? {}) : this.#loop(first ?? {});

  async #listen(listener: Listener, options: ListenOptions): Promise<Unsubscribe> {
    const run = this.#begin(options);
    try {
      const part = subscribing();
      const { listen } = part instanceof Promise ? await run.lifetime.alive(part) : part;
      return await listen(run, listener, options);
    } catch (error) {
      run.lifetime.abort(LEFT);
      throw error;
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
      const part = subscribing();
      const start = ({ fill }: { readonly fill: typeof Fill }) => fill(run, stream, options);
      if (part instanceof Promise) lifetime.alive(part).then(start).catch(fail);
      else start(part);
    } catch (error) {
      fail(error);
    }
    return stream as unknown as EventStream<unknown>;
  }

  #begin(options: SubscribeOptions): Run {
    const headers = checkHeaders(options.headers ?? {});
    const { event, transport, options: ofClient } = this;
    return { event, transport, options: ofClient, headers, lifetime: this.begin(options.timeoutMs, options.signal) };
  }
}
