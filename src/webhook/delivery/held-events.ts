import type { EventDefinition } from '../../core/contract.ts';
import type { EventMessage, Transport } from '../../core/transport.ts';
import { delay } from '../../life/lifetime.ts';
import { RepeatedReport } from '../../life/repeated.ts';

/** An event that was published before the subscriptions were known. */
export interface HeldEvent {
  readonly event: EventDefinition;
  readonly message: EventMessage;
}

interface Waiting extends HeldEvent {
  readonly stored: () => void;
  readonly failed: (error: unknown) => void;
}

/** How long the service may take to give its events to the subscriptions that were read, before what is held is stored. In milliseconds. */
const START_MS = 5_000;
/** How many events are held. One more is not stored, of which `report` is told: a hub settles its publisher whatever its subscribers say. */
const MAX_HELD = 100_000;

/**
 * Holds the events that are published while the store is still being read, so that an acknowledged event is delivered. A publisher waits
 * until its event is stored, however long that takes: the deadline of a call ends it, and then the event is not acknowledged.
 */
export class HeldEvents {
  readonly #waiting: Waiting[] = [];
  readonly #live = new AbortController();
  #isTold = false;
  readonly #refused: RepeatedReport;

  private readonly timeoutMs: number;
  private readonly report: (error: unknown) => void;

  /**
   * `isNeeded` is false for a store that is empty when it is made: nobody is subscribed yet. `report` is told once if an event waits for longer than
   * `timeoutMs`.
   */
  constructor(transport: Transport, timeoutMs: number, isNeeded: boolean, report: (error: unknown) => void) {
    this.timeoutMs = timeoutMs;
    this.report = report;
    this.#refused = new RepeatedReport(report);
    if (!isNeeded) return;
    for (const event of Object.values(transport.contract.events)) {
      const request = { event, params: {}, headers: {}, signal: this.#live.signal, peer: { protocol: 'webhook' }, acknowledges: true };
      const sink = { next: (message: EventMessage) => this.#take({ event, message }), gap: () => {}, end: () => {} };
      // A service that gives its events only to known callers refuses; it is asked on behalf of each owner when these are known.
      transport.subscribe(request, sink).catch(() => {});
    }
  }

  /** Stores all that is held, in its order, and takes nothing more: as soon as the service gives its events to the subscriptions that were read. */
  async release(starts: readonly Promise<void>[], store: (held: HeldEvent) => Promise<unknown>): Promise<void> {
    const started = new AbortController();
    await Promise.race([Promise.all(starts), delay(START_MS, started.signal).catch(() => {})]);
    started.abort();
    this.#live.abort();
    this.#refused.tell();
    for (const { stored, failed, ...held } of this.#waiting.splice(0)) await store(held).then(stored, failed);
  }

  /** Nothing that is held will be stored. */
  abandon(reason: unknown): void {
    this.#live.abort();
    this.#refused.tell();
    for (const { failed } of this.#waiting.splice(0)) failed(reason);
  }

  #take(held: HeldEvent): Promise<void> {
    if (this.#waiting.length >= MAX_HELD) {
      const full = new Error(`${MAX_HELD} events wait for the webhook store: one more is not stored`);
      this.#refused.add(full);
      return Promise.reject(full);
    }
    return new Promise((resolve, reject) => {
      const settled = new AbortController();
      const stop = () => settled.abort();
      this.#waiting.push({ ...held, stored: () => (stop(), resolve()), failed: (error) => (stop(), reject(error)) });
      if (this.timeoutMs === Infinity || this.#isTold) return;
      delay(this.timeoutMs, settled.signal).then(
        () => this.#tell(),
        () => {},
      );
    });
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.report(
      new Error(`the webhook store was not read within ${this.timeoutMs} ms: what publishes events waits until it is, see 'problems'`),
    );
  }
}
