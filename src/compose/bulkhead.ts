import { ApiError } from '../core/errors.ts';
import { count, readOptions } from '../core/options.ts';
import type { CallRequest } from '../core/transport.ts';
import { endingOf } from '../life/call.ts';
import type { Middleware } from './use.ts';

/** Options of `bulkhead`. */
export interface BulkheadOptions {
  /** Calls that run at once. */
  readonly maxCalls: number;
  /** Calls that wait for a place; one more is refused with RESOURCE_EXHAUSTED. @default 100 */
  readonly maxWaiting?: number;
  /** The name whose calls have places of their own: `(request) => request.operation.name`. At most 10,000 at once. @default all share them */
  readonly by?: (request: CallRequest) => string;
}

const MOST = 10_000;

/** Middleware that lets a number of calls run at once. Others wait in order, until their deadline or their caller ends them. */
export function bulkhead(options: BulkheadOptions): Middleware {
  const { maxCalls, maxWaiting, by } = readOptions('bulkhead', options, { maxCalls: count(), maxWaiting: count(100, { zero: true }) }, [
    'by',
  ]);
  if (maxCalls === undefined) throw new TypeError('bulkhead: give the option maxCalls');
  const rooms = new Map<string, Room>();
  return {
    call(request, next) {
      const key = by ? by(request) : '';
      let room = rooms.get(key);
      if (!room) {
        if (rooms.size >= MOST) return Promise.reject(full());
        rooms.set(key, (room = new Room()));
      }
      const entered = room;
      const leave = () => {
        entered.leave();
        if (entered.isEmpty) rooms.delete(key);
      };
      if (entered.running < maxCalls) {
        entered.running++;
        return next(request).finally(leave);
      }
      if (entered.waiting.size >= maxWaiting) return Promise.reject(full());
      return entered.wait(request).then(() => next(request).finally(leave));
    },
  };
}

function full(): ApiError {
  return new ApiError('RESOURCE_EXHAUSTED', 'too many calls run at once', { sent: false });
}

class Room {
  running = 0;
  readonly waiting = new Set<() => void>();

  get isEmpty(): boolean {
    return this.running === 0 && this.waiting.size === 0;
  }

  /** Gives the place to the next, or frees it. */
  leave(): void {
    const [next] = this.waiting;
    if (next) next();
    else this.running--;
  }

  wait(request: CallRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        this.waiting.delete(enter);
        unlisten();
        resolve();
      };
      this.waiting.add(enter);
      const unlisten = endingOf(request).listen((reason) => {
        this.waiting.delete(enter);
        reject(reason.with({ sent: false }));
      });
    });
  }
}
