import type { EventMessage, EventSink, SubscribeRequest } from '../core/transport.ts';
import { passing } from '../events/open-sink.ts';
import { onAbort } from '../life/lifetime.ts';

/** The messages of a watched subscription. */
export interface Watcher {
  /** An event or an item is about to be delivered. */
  onNext?(message: EventMessage): void;
  /** Called once: it has ended, it could not start, or its caller has left, which is not an error. `count` events were delivered. */
  onOver(count: number, error?: unknown): void;
}

/** Opens a subscription or a stream, and tells `watcher` of its events and of its end. */
export async function watch(
  request: SubscribeRequest,
  sink: EventSink,
  watcher: Watcher,
  open: (sink: EventSink) => Promise<void>,
): Promise<void> {
  let count = 0;
  let isOver = false;
  const over = (error?: unknown): void => {
    if (isOver) return;
    isOver = true;
    unlisten();
    watcher.onOver(count, error);
  };
  // Later, because the end of a stream and the leaving of its caller may come together, and the end says more.
  const unlisten = onAbort(request.signal, () => queueMicrotask(() => over()));
  try {
    await open({
      ...passing(sink),
      next: (message) => {
        count++;
        watcher.onNext?.(message);
        return sink.next(message);
      },
      end: (error) => {
        over(error);
        sink.end(error);
      },
    });
  } catch (error) {
    over(error ?? 'unknown');
    throw error;
  }
}
