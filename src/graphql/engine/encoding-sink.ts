import { ApiError } from '../../core/errors.ts';
import type { EventSink } from '../../core/transport.ts';
import type { EncodeEvent } from './engine.ts';

/** Takes the encoded events of one subscription. */
export interface PayloadSink {
  next(payload: string): void;
  gap(): void;
  end(error?: ApiError): void;
}

/** How many events may wait for one whose relations are being loaded: as many as a hub holds, which has them all the same. */
const MAX_WAITING = 1000;

/**
 * The sink of a subscription that keeps the order of events, also of those that take time to encode. If they come faster than that, it ends
 * after those that wait, with RESOURCE_EXHAUSTED.
 */
export function encodingSink(encode: EncodeEvent, onFailure: (error: unknown) => ApiError, sink: PayloadSink, lastEventId = ''): EventSink {
  /** The event that was sent last, or from which it resumes: so its reader notices that one is missing. */
  let before = lastEventId;
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
        // The publisher has nothing to do with it.
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
        const previous = before;
        before = message.id;
        if (typeof text !== 'string') return text.then((settled) => sink.next(withAfter(settled, previous)));
        sink.next(withAfter(text, previous));
      }),
    gap: () =>
      after(() => {
        before = '';
        sink.gap();
      }),
    end: (error) => after(() => sink.end(error)),
  };
}

let lastText = '';
let lastAfter = '';
let lastResult = '';

/** The response of an event, which names in its extensions the event before it. Most subscriptions got the same, so its text is made once. */
function withAfter(text: string, after: string): string {
  if (text === lastText && after === lastAfter) return lastResult;
  lastText = text;
  lastAfter = after;
  // The extensions are its last member, and never empty.
  return (lastResult = `${text.slice(0, -2)},"after":${JSON.stringify(after)}}}`);
}
