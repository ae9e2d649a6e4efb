import { ApiError, isApiError } from '../core/errors.ts';
import type { EventSink } from '../core/transport.ts';
import { localId } from '../events/event-id.ts';
import { isoNow } from '../life/now.ts';

/**
 * Hands on what `read` gives: one payload, those of a list, or nothing for `undefined`. An `ApiError` that it throws ends the subscription, any other
 * error is reported, and ends nothing. False for what is not this event.
 */
export type TakeMapped = (
  read: (context: ReadContext) => unknown,
  from?: { readonly id?: string | undefined; readonly time?: string | undefined },
) => boolean;

/**
 * Takes an event out of what a foreign peer sends, as a mapping reads it. A payload that breaks the contract is reported, and ends nothing. With
 * `splits`, each item of a list is an event.
 */
export function takerOfMapped(name: string, sink: EventSink, report: (error: unknown) => void, splits: boolean): TakeMapped {
  sink.misfits?.(report);
  const { context, settle } = readContext(sink);
  return (read, { id = localId(), time = isoNow() } = {}) => {
    let data: unknown;
    try {
      data = read(context);
    } catch (cause) {
      if (isApiError(cause)) sink.end(cause);
      else
        report(
          new ApiError('DATA_LOSS', `${name}: the mapping's 'read' cannot read a message, which was dropped`, { remote: true, cause }),
        );
      return true;
    }
    const all: readonly unknown[] = splits && Array.isArray(data) ? data : [data];
    // The last one has the id: who resumes there has had them all.
    if (data !== undefined)
      for (const [at, each] of all.entries()) void sink.next({ data: each, id: at === all.length - 1 ? id : localId(), time });
    return settle() || data !== undefined;
  };
}

/** The last argument of each `read` of a mapping: what it can say beside payloads. */
export interface ReadContext {
  /** Tells the subscriber that events may be missing before those that this `read` returns, as after a hole in the peer's numbers. */
  readonly gap: () => void;
  /**
   * Ends the subscription after the payloads that this `read` returns. With UNAVAILABLE the client subscribes again and tells of a gap; another error is
   * final. Without an error nothing more will come.
   */
  readonly end: (error?: ApiError) => void;
  /** The memory of the mapping between frames, such as the last number. Each connection of a subscription has its own. */
  readonly state: Map<unknown, unknown>;
}

/** The context of a sink, and how to end it if the last `read` asked for that: true if it did. */
export interface SinkContext {
  readonly context: ReadContext;
  readonly settle: () => boolean;
}

/** Makes the context of a sink. Its functions need no `this`: a `read` may take them out of their object. */
export function readContext(sink: Pick<EventSink, 'gap' | 'end'>, state = new Map<unknown, unknown>()): SinkContext {
  let ending: [error: ApiError | undefined] | undefined;
  return {
    context: {
      gap: () => sink.gap(),
      end: (error) => void (ending = [error]),
      state,
    },
    settle: () => {
      const asked = ending;
      ending = undefined;
      if (asked) sink.end(...asked);
      return asked !== undefined;
    },
  };
}
