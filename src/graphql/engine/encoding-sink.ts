import { ApiError } from '../../core/errors.ts';
import type { EventSink } from '../../core/transport.ts';
import type { EncodeEvent } from './engine.ts';

/** Where encoded events of one subscription go. */
export interface PayloadSink {
  next(payload: string): void;
  gap(): void;
  end(error?: ApiError): void;
}

/** How many events may wait for one whose relations are being loaded: as many as a hub holds, which has them all the same. */
const MAX_WAITING = 1000;

/**
 * The sink of a subscription that keeps the order of events, also of those that take time to encode. Where they come faster than that, it
 * ends behind those that wait, with RESOURCE_EXHAUSTED.
 */
export function encodingSink(encode: EncodeEvent, onFailure: (error: unknown) => ApiError, sink: PayloadSink): EventSink {
  let last: Promise<void> | undefined;
  let waiting = 0;
  let isFull = false;
  const after = (run: () => void | Promise<void>): void => {
    if (isFull) return;
    if (!last) {
      let running: void | Promise<void>;
      try {
        running = run();
      } catch (error) {
        // Whoever publishes has nothing to do with it.
        return sink.end(onFailure(error));
      }
      if (!running) return;
      last = running;
    } else {
      waiting++;
      last = last.then(() => {
        waiting--;
        return run();
      });
    }
    const mine = (last = last
      .catch((error: unknown) => sink.end(onFailure(error)))
      .then(() => {
        if (last === mine) last = undefined;
      }));
    if (waiting < MAX_WAITING) return;
    isFull = true;
    void last.then(() => sink.end(new ApiError('RESOURCE_EXHAUSTED', 'events come faster than their relations can be loaded')));
  };
  return {
    next: (message) =>
      after(() => {
        const text = encode(message);
        if (typeof text !== 'string') return text.then((settled) => sink.next(settled));
        sink.next(text);
      }),
    gap: () => after(() => sink.gap()),
    end: (error) => after(() => sink.end(error)),
  };
}
