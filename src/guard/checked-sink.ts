import { ApiError } from '../core/errors.ts';
import type { EventMessage, EventSink } from '../core/transport.ts';
import { issuesError, type Check, type Checked } from '../schema/check/issues.ts';

/**
 * Hands on what `check` makes of events, in their order; ends a subscription with DATA_LOSS at the first that breaks the contract, unless `misfits`
 * asked for a report instead.
 */
export function checkedSink(check: Check, name: string, sink: EventSink): EventSink {
  let ended = false;
  let report: ((error: ApiError) => void) | undefined;
  const end = (error?: ApiError) => {
    if (ended) return;
    ended = true;
    sink.end(error);
  };
  const take = (message: EventMessage, result: Checked): void | Promise<void> => {
    if (ended) return;
    const { id, time, after, traceparent } = message;
    if (!result.issues) return sink.next({ id, time, data: result.value, after, traceparent });
    const error = issuesError('DATA_LOSS', `${name}: an event breaks the contract`, result.issues);
    if (report) report(error);
    else end(error);
  };
  // An error that is thrown at the reader of the wire would look like a broken connection, after which the same event comes again.
  const fail = (cause: unknown) => end(new ApiError('DATA_LOSS', `${name}: an event breaks the contract`, { cause }));
  // Asynchronous checks are chained, so that events keep their order.
  let last: Promise<unknown> | undefined;
  return {
    next(message) {
      let checked: Checked | Promise<Checked>;
      try {
        checked = last ? last.then(() => check(message.data)) : check(message.data);
      } catch (error) {
        return fail(error);
      }
      if (!(checked instanceof Promise)) return take(message, checked);
      const mine = checked.then((result) => take(message, result), fail);
      const settled = mine
        .catch(() => {})
        .then(() => {
          if (last === settled) last = undefined;
        });
      last = settled;
      return mine;
    },
    gap: () => void (last ? last.then(() => !ended && sink.gap()) : ended || sink.gap()),
    place: (id) => void (last ? last.then(() => !ended && sink.place?.(id)) : ended || sink.place?.(id)),
    misfits: (to) => void (report = to),
    end: (error) => void (last ? last.then(() => end(error)) : end(error)),
  };
}
