import { ApiError, callerCancelled, isApiError } from '../core/errors.ts';
import { now } from './now.ts';

/** The longest that a timer of the platform can wait: beyond it would fire at once. */
export const LONGEST_MS = 2 ** 31 - 1;

/** The part of a time that a timer can wait. */
export function timerMs(ms: number): number {
  return Math.min(ms, LONGEST_MS);
}

/**
 * The life of one call: it ends by the deadline, by the caller's signal, or by `abort`, whichever comes first.
 * The `AbortSignal` is made on first use, because most calls never need one and it costs more than all the rest.
 */
export class Lifetime {
  // Not `#private`: one is made for each call, and setting those up costs several times as much.
  private controller: AbortController | undefined = undefined;
  private timer: ReturnType<typeof setTimeout> | undefined = undefined;
  private ended: ApiError | undefined = undefined;
  /** Rejects what `settle` waits for. */
  private fail: EndListener | undefined = undefined;
  private unlink: (() => void) | undefined = undefined;
  /** Nearly always one at most. */
  private listener: EndListener | undefined = undefined;
  private others: Set<EndListener> | undefined = undefined;

  readonly deadline: number | undefined;
  private readonly all: Set<Lifetime> | undefined;

  /**
   * `deadline` on the monotonic clock; `caller` is the signal of the code that waits for the result; `all` holds the lifetime for as long
   * as it lasts, for code that must end them all. `at` is the time now, for code that has just read the clock: that costs 60 ns. `what` is named by
   * the error of a deadline that passed.
   */
  constructor(deadline?: number, caller?: AbortSignal, all?: Set<Lifetime>, at?: number, what = 'the call') {
    this.deadline = deadline;
    this.all = all;
    if (caller?.aborted) {
      this.ended = cancelled(caller, false);
      return;
    }
    all?.add(this);
    if (caller) {
      this.unlink = onAbort(caller, () => this.abort(cancelled(caller)));
    }
    if (deadline === undefined) return;
    const from = at ?? now();
    this.endAt(deadline, () => tooLong(what, deadline - from), now, from);
  }

  /** Aborts with an `ApiError` as its reason: DEADLINE_EXCEEDED or CANCELLED. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.ended) this.controller.abort(this.ended);
    }
    return this.controller.signal;
  }

  /** Why it ended, if it has. */
  get reason(): ApiError | undefined {
    return this.ended;
  }

  /** As `settle`, but what has started lives on: only its deadline is over then. */
  async start(work: () => Promise<void>): Promise<void> {
    if (this.ended) throw this.ended;
    await this.alive(work());
    clearTimeout(this.timer);
  }

  /** Ends it; later reasons have no effect. */
  abort(reason: ApiError): void {
    if (this.ended) return;
    this.ended = reason;
    this.dispose();
    this.controller?.abort(reason);
    this.listener?.(reason);
    if (this.others) for (const listener of this.others) listener(reason);
    this.fail?.(reason);
  }

  /** Calls `listener` when it ends, or at once if it has, without making the signal; returns how to stop listening. */
  listen(listener: EndListener): () => void {
    if (this.ended) {
      listener(this.ended);
      return () => {};
    }
    if (!this.listener) {
      this.listener = listener;
      return () => {
        if (this.listener === listener) this.listener = undefined;
      };
    }
    const others = (this.others ??= new Set());
    others.add(listener);
    return () => void others.delete(listener);
  }

  /**
   * Settles as `work` does, or rejects as soon as this life ends, and frees what it holds: for the one work that this is the life of. `present` makes
   * the error of what it rejects with.
   */
  settle<T>(work: () => Promise<T>, present: (error: unknown) => unknown = itself): Promise<T> {
    // One promise and no `async`: each call of a client comes through here.
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.finish();
        reject(present(error));
      };
      if (this.ended) return fail(this.ended);
      this.fail = fail;
      try {
        work().then((value) => {
          this.finish();
          resolve(value);
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** Settles as `work` does, or rejects as soon as this life ends, which goes on otherwise. Listens for no longer than it waits. */
  alive<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = this.listen(reject);
      work.then(resolve, reject).finally(stop);
    });
  }

  /** Ends it at a time of `clock`, the monotonic one if none is given, instead of at its deadline. `at` is the time now. */
  endAt(time: number, reason: () => ApiError, clock: () => number = now, at = clock()): void {
    clearTimeout(this.timer);
    const expire = () => (time > clock() ? this.endAt(time, reason, clock) : this.abort(reason()));
    try {
      this.timer = setTimeout(expire, timerMs(Math.max(time - at, 0)));
    } catch {
      // Workers refuse timers while they load a module. A listener for webhooks may begin there, because nothing is sent for it.
    }
  }

  private finish(): void {
    this.fail = undefined;
    this.dispose();
  }

  /** Frees the timer, the listener on the caller's signal and its place among all. */
  private dispose(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.unlink?.();
    this.all?.delete(this);
  }
}

function itself(error: unknown): unknown {
  return error;
}

function tooLong(what: string, ms: number): ApiError {
  return new ApiError('DEADLINE_EXCEEDED', `${what} had no answer within ${Math.round(ms)} ms`);
}

/** The error of a call whose deadline has passed when it comes. */
export function deadlineExceeded(): ApiError {
  return new ApiError('DEADLINE_EXCEEDED', 'the deadline passed before the call was done');
}

type EndListener = (reason: ApiError) => void;

/** When and why a call ends early: its lifetime, or a signal seen as one. */
export interface Ending {
  readonly reason: ApiError | undefined;
  listen(listener: EndListener): () => void;
}

/** A signal as an `Ending`. */
export class SignalEnding implements Ending {
  private readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  get reason(): ApiError | undefined {
    return this.signal.aborted ? cancelled(this.signal) : undefined;
  }

  listen(listener: EndListener): () => void {
    return onAbort(this.signal, () => listener(cancelled(this.signal)));
  }
}

/** The error of a call or a subscription whose signal was aborted: its reason, if that is one. */
export function cancelled({ reason }: { readonly reason: unknown }, sent = true): ApiError {
  return isApiError(reason) ? reason : callerCancelled({ cause: reason, sent });
}

/** Throws the error of a signal that is aborted; `sent` says whether the peer may have the request. */
export function throwIfCancelled(signal: AbortSignal, sent = true): void {
  if (signal.aborted) throw cancelled(signal, sent);
}

/** Calls `listener` when `signal` aborts, or at once if it has; returns how to stop listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => {};
  }
  let watch = watches.get(signal);
  if (!watch) watches.set(signal, (watch = new Watch(signal)));
  return watch.add(listener);
}

const watches = new WeakMap<AbortSignal, Watch>();

/** All who wait for one signal: as one listener, because Node warns of more than ten, and a contract may have more events. */
class Watch {
  readonly #listeners = new Set<{ readonly listener: () => void }>();

  private readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  add(listener: () => void): () => void {
    const entry = { listener };
    if (this.#listeners.size === 0) this.signal.addEventListener('abort', this);
    this.#listeners.add(entry);
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.signal.removeEventListener('abort', this);
    };
  }

  handleEvent(): void {
    const entries = [...this.#listeners];
    this.#listeners.clear();
    this.signal.removeEventListener('abort', this);
    for (const { listener } of entries) listener();
  }
}

/** Waits; rejects with the signal's reason when it aborts first. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stop();
      resolve();
    }, timerMs(ms));
    const stop = onAbort(signal, () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
