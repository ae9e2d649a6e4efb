import { nearest } from '../core/nearest.ts';
import { ms, readOptions } from '../core/options.ts';
import { hurried } from '../life/call.ts';
import { now } from '../life/now.ts';
import type { Middleware } from './use.ts';

/** Options of `timeout`. */
export interface TimeoutOptions {
  /** The longest that a call may take, in milliseconds; a shorter deadline of its caller holds. */
  readonly afterMs: number;
  /** Other times for single operations, in milliseconds; `Infinity` for none. */
  readonly operations?: Readonly<Record<string, number>>;
}

/** Middleware that ends calls with DEADLINE_EXCEEDED after a time, and aborts what runs for them. Subscriptions and streams pass. */
export function timeout(options: TimeoutOptions): Middleware {
  const { afterMs, operations = {} } = readOptions('timeout', options, { afterMs: ms() }, ['operations']);
  if (afterMs === undefined) throw new TypeError('timeout: give the option afterMs, in milliseconds');
  const read = ms(afterMs);
  const times = new Map(Object.entries(operations).map(([name, value]) => [name, read(value, 'timeout', `operations.${name}`)]));
  return {
    attach({ name, operations: known }) {
      for (const given of times.keys()) {
        if (Object.hasOwn(known, given)) continue;
        const near = nearest(given, Object.keys(known));
        throw new TypeError(
          `timeout: the contract ${name} has no operation '${given}'${near === undefined ? '' : `, do you mean '${near}'?`}`,
        );
      }
    },
    call(request, next) {
      const longest = times.get(request.operation.name) ?? afterMs;
      const latest = now() + longest;
      if (longest === Infinity || (request.deadline !== undefined && request.deadline <= latest)) return next(request);
      return hurried(request, latest, next);
    },
  };
}
