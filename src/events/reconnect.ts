import type { EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import { mayReconnect, PAUSED } from '../life/mending.ts';
import type { EventSink, Headers, EventRequest, Transport } from '../core/transport.ts';
import { backoffMs, STABLE_MS, type BackoffOptions } from '../life/backoff.ts';
import { cancelled, delay, onAbort } from '../life/lifetime.ts';
import { now } from '../life/now.ts';
import { isPlace } from './event-id.ts';
import { openSink } from './open-sink.ts';
import { isPromiseLike } from '../life/maybe.ts';

export interface SubscriptionInit {
  readonly transport: Transport;
  readonly event: EventDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal;
  readonly reconnect: BackoffOptions;
  readonly sink: EventSink;
  /** Stands before the sink: events count as received after it, for example after a codec. */
  readonly through?: ((sink: EventSink) => EventSink) | undefined;
  /** Further members of each request. */
  readonly request?: Pick<EventRequest, 'peer' | 'acknowledges' | 'onBehalfOf'>;
  /** Whether to try again after an end. @default after those that another try may mend, or new credentials */
  readonly mayRetry?: (error: ApiError, progress: Progress) => boolean;
}

/** How far a subscription has come. */
export interface Progress {
  /** Whether any connection was acknowledged. */
  readonly acknowledged: boolean;
  /** Whether the one that ended was. */
  readonly connected: boolean;
}

/**
 * A subscription that outlives its connections: after a lost one it subscribes again from the last event it saw.
 * One policy holds for the first connection and every later one; tries stop when the signal aborts.
 */
export class Subscription {
  #lastEventId: string | undefined;
  /** The last event, if its consumer failed. */
  #failedId: string | undefined;
  /** Whether any connection was acknowledged, and whether the present one is. */
  #acknowledged = false;
  #connected = false;
  /** When the present connection was acknowledged, on the monotonic clock. */
  #since = 0;
  /** Whether the present connection may have missed events, and nobody has been told yet. */
  #gapDue = false;
  #attempt = 0;
  #resume: (() => void) | undefined;
  #pause: (() => void) | undefined;
  #start: { resolve(): void; reject(error: ApiError): void } = { resolve() {}, reject() {} };
  #lastError: ApiError | undefined;

  private readonly init: SubscriptionInit;

  constructor(init: SubscriptionInit) {
    this.init = init;
    this.#lastEventId = init.lastEventId;
  }

  /** Resolves at the first acknowledgement, and rejects if the first connection fails for good. Later ends go to the sink. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#start = { resolve, reject };
      void this.#run();
    });
  }

  /** The error of the last try, to tell why there is no connection yet. */
  get lastError(): ApiError | undefined {
    return this.#lastError;
  }

  /** Releases the far side until `resume`, keeping the place. */
  pause(): void {
    this.#pause?.();
  }

  resume(): void {
    this.#resume?.();
  }

  async #run(): Promise<void> {
    const { signal, sink, reconnect, mayRetry = ifMendable } = this.init;
    while (!signal.aborted) {
      const outcome = await this.#connection();
      if (signal.aborted) break;
      if (outcome === 'paused') continue;
      if (outcome === 'completed') {
        // Also if it was over before it was acknowledged, because the start must settle.
        this.#start.resolve();
        return sink.end();
      }
      const stable = this.#connected && now() - this.#since >= STABLE_MS;
      // The same refusal of two connections in a row is an answer: credentials were asked for anew in between.
      const isRepeated = !stable && this.#lastError?.code === outcome.code;
      if (!mayRetry(outcome, { acknowledged: this.#acknowledged, connected: this.#connected && !isRepeated })) {
        if (this.#acknowledged) sink.end(outcome);
        return this.#start.reject(outcome);
      }
      this.#lastError = outcome;
      this.#attempt = stable ? 0 : this.#attempt + 1;
      await delay(backoffMs(stable ? 0 : this.#attempt - 1, reconnect, outcome.retryAfterMs), signal).catch(() => {});
    }
    this.#start.reject(cancelled(signal));
  }

  /** One connection, from subscribing to its end. */
  async #connection(): Promise<ApiError | 'completed' | 'paused'> {
    const { transport, event, params, headers, signal, request, through } = this.init;
    const controller = new AbortController();
    const unlink = onAbort(signal, () => controller.abort(signal.reason));
    try {
      return await new Promise((resolve, reject) => {
        onAbort(controller.signal, () => resolve('completed'));
        this.#pause = () => {
          // A peer that has sent so much has taken the subscription, whether it has said so or not: the start is over, not its deadline.
          this.#onAcknowledged(controller.signal);
          const resumed = new Promise<'paused'>((resume) => (this.#resume = () => resume('paused')));
          const unlinkResume = onAbort(signal, () => this.#resume?.());
          resolve(resumed.finally(unlinkResume));
          controller.abort(PAUSED);
        };
        const lastEventId = this.#lastEventId;
        this.#connected = false;
        // Without a place to resume from, events of that time are lost.
        this.#gapDue = this.#acknowledged && lastEventId === undefined;
        // An end that came right after the acknowledgement is an end all the same, not a start that failed.
        let end: ApiError | 'completed' | undefined;
        const received = this.#sink((reason) => {
          end = reason;
          const over = () => resolve(reason);
          if (this.#connected) return over();
          // A peer that never acknowledges must not hold it up either: the acknowledgement has this turn of the event loop.
          void delay(0, signal).then(over, over);
        });
        const open = openSink(received, controller.signal);
        const sink = through ? through(open) : open;
        transport.subscribe({ ...request, event, params, headers, lastEventId, signal: controller.signal }, sink).then(() => {
          this.#onAcknowledged(controller.signal);
          if (end) resolve(end);
        }, reject);
      });
    } catch (error) {
      return ApiError.from(error, 'UNKNOWN', `subscribing to ${event.name} failed`);
    } finally {
      unlink();
      controller.abort(ENDED);
    }
  }

  #onAcknowledged(live: AbortSignal): void {
    if (live.aborted) return;
    this.#tellGap();
    this.#acknowledged = true;
    this.#connected = true;
    this.#since = now();
    this.#start.resolve();
  }

  /** Once for a connection, and before its first event: that may be here before its acknowledgement. */
  #tellGap(): void {
    if (!this.#gapDue) return;
    this.#gapDue = false;
    this.init.sink.gap();
  }

  #sink(settle: (end: ApiError | 'completed') => void): EventSink {
    const { sink } = this.init;
    return {
      next: (message) => {
        if (message.id === this.#lastEventId && message.id !== this.#failedId) return;
        this.#tellGap();
        // Behind an event without an id of the peer's, it resumes from the last that had one: rather twice than never.
        if (isPlace(message.id)) this.#lastEventId = message.id;
        this.#failedId = undefined;
        const done = sink.next(message);
        // A peer that waits for the acknowledgement sends the event again, and then it is not a repetition.
        if (isPromiseLike(done)) done.catch(() => (this.#failedId = message.id));
        return done;
      },
      gap: () => sink.gap(),
      place: (id) => {
        if (id !== '' && !isPlace(id)) return;
        // An empty id takes back the one before it.
        this.#lastEventId = id || undefined;
        sink.place?.(id);
      },
      end: (error) => settle(error ?? 'completed'),
    };
  }
}

const ifMendable = (error: ApiError, { connected }: Progress): boolean => mayReconnect(error, connected);

const ENDED = new ApiError('CANCELLED', 'the subscription has ended');
