import type { EventDefinition } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { EventRequest, EventSink, Transport } from '../core/transport.ts';
import { memoryHub, type EventHub, type HubEvent } from '../events/hub.ts';
import { Outbox } from '../events/outbox.ts';
import { publishingSpan } from '../events/publishing-span.ts';
import { isoNow } from '../life/now.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { inTime, within } from '../life/timers.ts';
import { makeRequestId } from '../peer/headers.ts';
import { answerOf } from '../stores/answer.ts';

interface HubOptions {
  readonly hub?: EventHub | undefined;
  readonly storeTimeoutMs: number;
}

/** A service's way to its hub: each event has its key and time before the first try, and a hub that was given must answer in time. */
export class HubLink {
  readonly #outbox: Outbox;
  readonly #hub: EventHub;
  readonly #isOwn: boolean;
  readonly #refusals: RepeatedReport;
  #isClosed = false;

  private readonly timeoutMs: number;
  private readonly service: Transport;

  constructor(service: Transport, { hub: given, storeTimeoutMs: timeoutMs }: HubOptions, report: (error: unknown) => void) {
    this.#hub = given ?? memoryHub();
    this.#isOwn = !given;
    this.timeoutMs = timeoutMs;
    this.service = service;
    this.#outbox = new Outbox(report, timeoutMs);
    this.#refusals = new RepeatedReport(report);
  }

  /** Resolves when the hub has the event, or once it waits for another try. */
  publish(event: EventDefinition, data: unknown): Promise<void> {
    const published = this.#made(data);
    let isFirstTry = true;
    return this.#outbox.send(() => {
      const sent = isFirstTry ? published : { ...published, isFirstTry };
      isFirstTry = false;
      return this.#inTime(this.#hub.publish(event, sent));
    });
  }

  /** Whether nobody hears of an event any more: the hub was made here, and is closed. */
  get isOver(): boolean {
    return this.#isOwn && this.#isClosed;
  }

  /** Resolves when the transaction holds the event; rejects if the hub could not take it, so that the transaction is rolled back. */
  async publishIn(transaction: unknown, event: EventDefinition, data: unknown): Promise<void> {
    if (!this.#hub.publishIn) {
      throw new TypeError(
        `${event.name}: this service's hub takes no part in transactions: give createService the hub of the database, such as postgresStores(…).hub, or publish without 'transaction'`,
      );
    }
    await this.#inTime(this.#hub.publishIn(transaction, event, this.#made(data)));
  }

  subscribe(request: EventRequest, sink: EventSink): Promise<void> {
    return this.#isOwn
      ? this.#hub.subscribe(request, sink)
      : answerOf('the event hub', this.#inTime(this.#hub.subscribe(request, sink)), (error) => this.#refusals.add(error));
  }

  /** Of a hub that has leases. */
  get lease(): EventHub['lease'] {
    const hub = this.#hub;
    const lease = hub.lease?.bind(hub);
    if (!lease || this.#isOwn) return lease;
    return async (name, leaseMs) => {
      const taken = await this.#inTime(lease(name, leaseMs));
      // A renewal without an answer must not hide that the lease is over.
      return (
        taken && {
          cursor: taken.cursor,
          renew: (ms, cursor) => this.#inTime(taken.renew(ms, cursor)),
          release: (cursor) => this.#inTime(taken.release(cursor)),
        }
      );
    };
  }

  /** `graceMs`: how long events that the hub did not take so far may take now. */
  async close(graceMs: number): Promise<void> {
    await within(graceMs, this.#outbox.tryNow());
    this.#outbox.close();
    this.#refusals.tell();
    this.#isClosed = true;
    if (this.#isOwn) await this.#hub.close();
  }

  #made(data: unknown): HubEvent {
    const traceparent = publishingSpan(this.service);
    // No other process makes such a key.
    return { key: makeRequestId(), isFirstTry: true, time: isoNow(), data, ...(traceparent !== undefined && { traceparent }) };
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return this.#isOwn ? work : inTime(this.timeoutMs, work, () => late(this.timeoutMs));
  }
}

function late(timeoutMs: number): ApiError {
  return new ApiError('UNAVAILABLE', `the event hub did not answer within ${timeoutMs} ms`);
}
