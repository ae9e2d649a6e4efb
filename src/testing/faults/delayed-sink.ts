import type { ApiError } from '../../core/errors.ts';
import type { EventMessage, EventSink } from '../../core/transport.ts';
import { after } from '../../life/timers.ts';
import { broken, type Fate } from './fate.ts';

/** Events behind a bad network: late, in their order, some of them lost or doubled. */
export class DelayedSink implements Required<EventSink> {
  /** Settles when the last message that is on its way has arrived. */
  #last: Promise<void> | undefined;
  #isOver = false;

  private readonly sink: EventSink;
  private readonly fateOf: () => Fate;
  private readonly onOver: () => void;

  /** `fateOf` says what becomes of an event; `onOver` is called when the subscription has ended by itself. */
  constructor(sink: EventSink, fateOf: () => Fate, onOver: () => void) {
    this.sink = sink;
    this.fateOf = fateOf;
    this.onOver = onOver;
  }

  next(message: EventMessage): void | Promise<void> {
    const { latencyMs, isDropped, isDoubled, isCut } = this.fateOf();
    if (isCut) return this.end(broken());
    if (isDropped) return;
    return this.#after(latencyMs, () => {
      const taken = this.sink.next(message);
      // The first one's outcome is the message's.
      if (isDoubled && !this.#isOver) void (async () => this.sink.next(message))().catch(() => {});
      return taken;
    });
  }

  gap(): void {
    void this.#after(0, () => this.sink.gap());
  }

  place(id: string): void {
    void this.#after(0, () => this.sink.place?.(id));
  }

  misfits(report: (error: ApiError) => void): void {
    this.sink.misfits?.(report);
  }

  end(error?: ApiError): void {
    void this.#after(0, () => {
      this.stop();
      this.sink.end(error);
      this.onOver();
    });
  }

  /** Nothing more comes. */
  stop(): void {
    this.#isOver = true;
  }

  /** Runs after what came before, and not before the time is over. */
  #after(ms: number, run: () => void | Promise<void>): void | Promise<void> {
    if (this.#isOver) return;
    const deliver = (): void | Promise<void> => (this.#isOver ? undefined : run());
    if (ms === 0 && !this.#last) return deliver();
    const arrived = Promise.all([this.#last, new Promise<void>((resolve) => void after(ms, resolve))]).then(deliver);
    const settled: Promise<void> = arrived
      .catch(() => {})
      .then(() => {
        if (this.#last === settled) this.#last = undefined;
      });
    this.#last = settled;
    return arrived;
  }
}
