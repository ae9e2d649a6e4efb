import { ApiError } from '../core/errors.ts';
import type { EventMessage, EventSink } from '../core/transport.ts';
import { issuesError, type Check, type Checked } from '../schema/check/issues.ts';
import { isPromiseLike } from '../life/maybe.ts';

/**
 * Hands on what `check` makes of events, in their order; ends a subscription with DATA_LOSS at the first that breaks the contract, unless `misfits`
 * asked for a report instead, as for foreign peers: their events need not repeat `params`, which the subscriber fixed. After its end it goes on: `sink` is one that takes nothing then, such as an `OpenSink`.
 */
export function checkedSink(check: Check, name: string, sink: EventSink, params?: Readonly<Record<string, unknown>>): Required<EventSink> {
  const breach = `${name}: an event breaks the contract`;
  let report: ((error: ApiError) => void) | undefined;
  const take = (message: EventMessage, result: Checked): void | Promise<void> => {
    if (!result.issues) return sink.next({ ...message, data: result.value });
    const error = issuesError('DATA_LOSS', breach, result.issues);
    if (report) report(error);
    else sink.end(error);
  };
  // Thrown at whoever reads the wire, it would look like a broken connection, after which the same event comes again.
  const fail = (cause: unknown) => sink.end(new ApiError('DATA_LOSS', breach, { cause }));
  // Asynchronous checks are chained, so that events keep their order.
  let last: Promise<unknown> | undefined;
  const inOrder = (run: () => void): void => (last ? void last.then(run) : run());
  return {
    next(message) {
      let checked: Checked | Promise<Checked>;
      try {
        const data =
          report && !Array.isArray(message.data) && Object(message.data) === message.data
            ? { ...params, ...(message.data as object) }
            : message.data;
        checked = last ? last.then(() => check(data)) : check(data);
      } catch (error) {
        return fail(error);
      }
      if (!isPromiseLike(checked)) return take(message, checked);
      const mine = checked.then((result) => take(message, result), fail);
      const done = () => {
        if (last === settled) last = undefined;
      };
      const settled = (last = mine.then(done, done));
      return mine;
    },
    gap: () => inOrder(() => sink.gap()),
    place: (id) => inOrder(() => sink.place?.(id)),
    misfits: (to) => void (report = to),
    end: (error) => inOrder(() => sink.end(error)),
  };
}
