import type { Middleware } from '../../compose/use.ts';
import { memberOf } from '../../compose/wrap.ts';
import type { ApiError } from '../../core/errors.ts';
import type { CallRequest, EventSink, SubscribeRequest } from '../../core/transport.ts';
import { changed, endingOf } from '../../life/call.ts';
import { cancelled, Lifetime, onAbort } from '../../life/lifetime.ts';
import { after } from '../../life/timers.ts';
import { seededRandom, type Random } from '../../schema/sample/random.ts';
import { DelayedSink } from './delayed-sink.ts';
import { broken, type Fate } from './fate.ts';
import { readFaults, type FaultOptions, type FaultsInForce } from './options.ts';

/** A bad network, as middleware. */
export interface Faults extends Required<Pick<Middleware, 'call' | 'subscribe'>> {
  /** Changes what goes wrong from now on; options that are left out have their defaults again. */
  set(options: FaultOptions): void;
  /** Breaks every connection now: calls in flight, subscriptions and streams end with UNAVAILABLE. New ones are not affected. */
  cut(): void;
}

/**
 * Middleware that makes a network bad: latency, lost and doubled messages, broken connections. It stands around a client's adapter,
 * `use(rest({ url }), faults({ latencyMs: [5, 50], cut: 0.01 }))`, or around a service.
 * @throws TypeError for an option that means nothing
 */
export function faults(options: FaultOptions = {}): Faults {
  return new Network(readFaults(options));
}

class Network implements Faults {
  #options: FaultsInForce;
  #random: Random;
  readonly #open = new Set<(reason: ApiError) => void>();

  constructor(options: FaultsInForce) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  set(options: FaultOptions): void {
    this.#options = readFaults(options);
    this.#random = seededRandom(this.#options.seed);
  }

  cut(): void {
    for (const end of [...this.#open]) end(broken());
  }

  call(request: CallRequest, next: (request: CallRequest) => Promise<unknown>): Promise<unknown> {
    if (!this.#suffers(request)) return next(request);
    const fate = this.#roll();
    const lifetime = new Lifetime(request.deadline);
    const unlisten = endingOf(request).listen((reason) => lifetime.abort(reason));
    const end = (reason: ApiError): void => lifetime.abort(reason);
    this.#open.add(end);
    const sent = changed(request, {}, lifetime);
    const send = async (): Promise<unknown> => {
      await pause(fate.latencyMs);
      if (fate.isDropped) return new Promise(() => {});
      // A copy that the network made: its answer goes nowhere.
      if (fate.isDoubled) next(changed(sent, { onResponse: undefined })).catch(() => {});
      if (!fate.isCut) return next(sent);
      await next(changed(sent, { onResponse: undefined })).catch(() => {});
      throw broken();
    };
    return lifetime.settle(send).finally(() => {
      unlisten();
      this.#open.delete(end);
    });
  }

  async subscribe(
    request: SubscribeRequest,
    sink: EventSink,
    next: (request: SubscribeRequest, sink: EventSink) => Promise<void>,
  ): Promise<void> {
    if (!this.#suffers(request)) return next(request, sink);
    const { isDropped, isCut, latencyMs } = this.#roll();
    const life = new AbortController();
    const release = (): void => {
      unlisten();
      this.#open.delete(end);
      delayed.stop();
      life.abort(request.signal.reason);
    };
    const delayed = new DelayedSink(sink, () => this.#roll(), release);
    const end = (reason: ApiError): void => {
      release();
      sink.end(reason);
    };
    const unlisten = onAbort(request.signal, () => queueMicrotask(release));
    try {
      await pauseUntil(isDropped ? Infinity : latencyMs, request.signal);
      if (isCut) throw broken();
      await next({ ...request, signal: life.signal }, delayed);
      if (!life.signal.aborted) this.#open.add(end);
    } catch (error) {
      release();
      throw error;
    }
  }

  #suffers(request: CallRequest | SubscribeRequest): boolean {
    return this.#options.only?.(memberOf(request)) ?? true;
  }

  /** Each message draws as many numbers, so that a seed means the same whatever is set. */
  #roll(): Fate {
    const { latencyMs, drop, duplicate, cut } = this.#options;
    const [least, most] = latencyMs;
    return {
      latencyMs: least + (most - least) * this.#random(),
      isDropped: this.#random() < drop,
      isDoubled: this.#random() < duplicate,
      isCut: this.#random() < cut,
    };
  }
}

function pause(ms: number): Promise<void> | undefined {
  return ms === 0 ? undefined : new Promise((resolve) => void after(ms, resolve));
}

/** As `pause`, but ends with the signal. */
function pauseUntil(ms: number, signal: AbortSignal): Promise<void> | undefined {
  if (ms === 0) return undefined;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      unlisten();
      resolve();
    };
    const stop = after(ms, done);
    const unlisten = onAbort(signal, () => {
      stop();
      reject(cancelled(signal));
    });
  });
}
