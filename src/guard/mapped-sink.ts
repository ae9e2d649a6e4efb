import { ApiError, isApiError } from '../core/errors.ts';
import type { EventSink } from '../core/transport.ts';
import { localId } from '../events/event-id.ts';
import { passing } from '../events/open-sink.ts';
import { isoNow } from '../life/now.ts';
import { readContext, type ReadContext, type SinkContext } from './read-context.ts';

/** The sink of an event that a mapping reads out of what a foreign peer sends. */
export interface MappedSink extends EventSink, SinkContext {
  /**
   * Hands on what `read` gives: one payload, those of a list, or nothing for `undefined`. An `ApiError` that it throws ends the subscription, any other
   * error is reported, and ends nothing. False for what is not this event.
   */
  take(read: (context: ReadContext) => unknown, from?: { readonly id?: string | undefined; readonly time?: string | undefined }): boolean;
}

/** Makes such a sink. A payload that breaks the contract is reported, and ends nothing. With `splits`, each item of a list is an event. */
export function mappedSink(name: string, sink: EventSink, report: (error: unknown) => void, splits: boolean): MappedSink {
  sink.misfits?.(report);
  const next: EventSink['next'] = (message) => {
    const { data, id } = message;
    if (!splits || !Array.isArray(data)) return sink.next(message);
    // The last one has the id: who resumes there has had them all.
    for (const [at, each] of data.entries()) void sink.next({ ...message, data: each, id: at === data.length - 1 ? id : localId() });
  };
  const { context, settle } = readContext(sink);
  return {
    ...passing(sink),
    context,
    settle,
    next,
    take(read, { id = localId(), time = isoNow() } = {}) {
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
      if (data !== undefined) void next({ data, id, time });
      return settle() || data !== undefined;
    },
  };
}
