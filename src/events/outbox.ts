import { backoffMs } from '../life/backoff.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { after, type StopTimer } from '../life/timers.ts';

const MAX_WAITING = 1000;

/** Keeps what a hub could not take and tries again in order, so that a broken hub never fails a finished mutation. */
export class Outbox {
  #waiting: (() => Promise<void>)[] = [];
  #timer: StopTimer | undefined;
  #attempt = 0;
  #isClosed = false;

  readonly #failures: RepeatedReport;
  readonly #dropped: RepeatedReport;
  private readonly report: (error: unknown) => void;

  constructor(report: (error: unknown) => void) {
    this.report = report;
    this.#failures = new RepeatedReport(report);
    this.#dropped = new RepeatedReport(report);
  }

  /** Resolves once `send` succeeded, or failed and waits for another try. */
  send(send: () => Promise<void>): Promise<void> {
    if (this.#waiting.length > 0) {
      this.#keep(send);
      return Promise.resolve();
    }
    try {
      return send().catch((error: unknown) => this.#failed(send, error));
    } catch (error) {
      this.#failed(send, error);
      return Promise.resolve();
    }
  }

  /** Gives up what still waits, and what fails from now on. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.();
    this.#failures.tell();
    this.#dropped.tell();
    if (this.#waiting.length > 0)
      this.report(new Error(`${this.#waiting.length} events were never published: the hub did not take them before the service stopped`));
    this.#waiting = [];
  }

  #failed(send: () => Promise<void>, error: unknown): void {
    this.#failures.add(error);
    this.#keep(send);
  }

  #keep(send: () => Promise<void>): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped.add(new Error(`an event was dropped: the hub took none while ${MAX_WAITING} waited`));
    }
    this.#waiting.push(send);
    if (this.#timer === undefined) this.#schedule();
  }

  #schedule(): void {
    this.#timer = after(backoffMs(this.#attempt++, { maxDelayMs: 5000 }), () => void this.#drain());
  }

  async #drain(): Promise<void> {
    try {
      for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
        await next();
        if (this.#waiting[0] === next) this.#waiting.shift();
      }
      this.#timer = undefined;
      this.#attempt = 0;
    } catch {
      if (this.#waiting.length > 0) this.#schedule();
    }
  }
}
