import { ApiError } from '../core/errors.ts';
import type { EventSink } from '../core/transport.ts';

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

/** Makes the context of a sink. Functions, so that a `read` may take them out of their object. */
export function readContext(sink: Pick<EventSink, 'gap' | 'end'>, state = new Map<unknown, unknown>()): SinkContext {
  let ending: { readonly error: ApiError | undefined } | undefined;
  return {
    context: {
      gap: () => sink.gap(),
      end: (error) => void (ending = { error: error && ApiError.from(error, 'UNKNOWN', "the mapping's 'read' ended the subscription") }),
      state,
    },
    settle: () => {
      if (!ending) return false;
      const { error } = ending;
      ending = undefined;
      sink.end(error);
      return true;
    },
  };
}
