import type { EventDefinition } from '../contract.js';
import { ApiError, type ErrorCode } from '../errors.js';
import { backoffMs } from '../internal/backoff.js';
import { delay, onAbort } from '../internal/deadline.js';
import { isPlace } from '../internal/event-id.js';
import { STABLE_MS } from '../internal/subscription.js';
import type { EventMessage, Headers, Transport } from '../transport.js';

/** Ends that another try may mend. Not UNAUTHENTICATED: who subscribed must bring new credentials. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'ABORTED']);
const LEFT = new ApiError('CANCELLED', 'the webhook subscription has ended');

export interface SourceInit {
  readonly transport: Transport;
  readonly event: EventDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  readonly lastEventId: string | undefined;
  readonly next: (event: EventDefinition, message: EventMessage) => Promise<void>;
  readonly gap: (event: EventDefinition) => void;
  /** For good; without an error: nothing more will come. */
  readonly end: (error: ApiError | undefined) => void;
}

/** The events of one webhook subscription, from the service: goes on where it was when the service was away. */
export class Source {
  readonly #controller = new AbortController();
  #lastEventId: string | undefined;
  /** The last event, where it could not be stored. */
  #failedId: string | undefined;
  #wasOpen = false;

  constructor(private readonly init: SourceInit) {
    this.#lastEventId = init.lastEventId;
  }

  /** Resolves once the service has acknowledged; rejects where it refuses. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => void this.#run(resolve, reject));
  }

  /** As `open`, but waits for a service that is not there yet; a refusal is an end. */
  start(): void {
    void this.#run(() => {}, undefined);
  }

  close(): void {
    this.#controller.abort(LEFT);
  }

  async #run(resolve: () => void, reject: ((error: ApiError) => void) | undefined): Promise<void> {
    const { signal } = this.#controller;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const since = Date.now();
      const outcome = await this.#connection(resolve);
      if (signal.aborted) break;
      if (reject && !this.#wasOpen && outcome) return reject(outcome);
      if (!outcome || !RETRYABLE.has(outcome.code)) {
        resolve();
        return this.init.end(outcome);
      }
      // Not at each acknowledgement: a service that accepts and ends at once would be asked again at once, by all subscriptions.
      if (Date.now() - since >= STABLE_MS) attempt = 0;
      await delay(backoffMs(attempt, {}, outcome.retryAfterMs), signal).catch(() => {});
    }
    reject?.(LEFT);
  }

  /** One subscription at the service, from its start to its end. */
  async #connection(onOpen: () => void): Promise<ApiError | undefined> {
    const { transport, event, params, headers, next, gap } = this.init;
    const controller = new AbortController();
    const unlink = onAbort(this.#controller.signal, () => controller.abort(LEFT));
    const lastEventId = this.#lastEventId;
    try {
      return await new Promise((resolve, reject) => {
        onAbort(controller.signal, () => resolve(undefined));
        const live = () => !controller.signal.aborted;
        const acknowledged = transport.subscribe(
          { event, params, headers, lastEventId, signal: controller.signal, peer: { protocol: 'webhook' }, acknowledges: true },
          {
            next: (message) => {
              const { id } = message;
              if (!live() || (id === this.#lastEventId && id !== this.#failedId)) return;
              // Behind an event without an id of the service's, it resumes from the last that had one: rather twice than never.
              if (isPlace(id)) this.#lastEventId = id;
              this.#failedId = undefined;
              const stored = next(event, message);
              // A hub that waits for the acknowledgement sends it again, and then it is no repetition.
              stored.catch(() => (this.#failedId = id));
              return stored;
            },
            gap: () => live() && gap(event),
            // Whoever ends may acknowledge in the same breath.
            end: (error) => {
              const settle = () => resolve(error);
              Promise.resolve()
                .then(() => Promise.race([acknowledged, delay(0, controller.signal)]))
                .then(settle, settle);
            },
          },
        );
        acknowledged.then(() => {
          // Without a place to go on from, what happened meanwhile is lost.
          if (this.#wasOpen && lastEventId === undefined && live()) gap(event);
          this.#wasOpen = true;
          onOpen();
        }, reject);
      });
    } catch (error) {
      return ApiError.from(error, 'UNKNOWN', `subscribing to ${event.name} failed`);
    } finally {
      unlink();
      controller.abort(LEFT);
    }
  }
}
