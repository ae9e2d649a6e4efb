import { now } from '../life/now.ts';
import type { Shares } from './shares.ts';

interface Entry<T> {
  readonly value: T;
  readonly caller: string;
  readonly weight: number;
  /** On the monotonic clock. */
  expiresAt: number;
}

/** How often entries are looked at that expire before older ones, in milliseconds. */
const FULL_SWEEP_MS = 1000;

/** Values by key, each for a time, in a pool that callers share. No value makes room for another before its time. */
export class TimedEntries<T> {
  /** In the order they were added. */
  readonly #entries = new Map<string, Entry<T>>();
  #sweptAt = -Infinity;

  private readonly shares: Shares;

  constructor(shares: Shares) {
    this.shares = shares;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.expiresAt > now() ? entry.value : undefined;
  }

  /** Adds a value that is not held; tells whether its caller's share has room for it. */
  add(key: string, caller: string, weight: number, ttlMs: number, value: T): boolean {
    this.delete(key);
    const time = now();
    this.#sweepOldest(time);
    if (!this.shares.take(caller, weight) && !(this.#sweepAll(time) && this.shares.take(caller, weight))) return false;
    this.#entries.set(key, { value, caller, weight, expiresAt: time + ttlMs });
    return true;
  }

  /** Holds a value for a time from now on; tells whether it was still held. */
  extend(key: string, ttlMs: number): boolean {
    const entry = this.#entries.get(key);
    const time = now();
    if (!entry || entry.expiresAt <= time) return false;
    entry.expiresAt = time + ttlMs;
    return true;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.shares.give(entry.caller, entry.weight);
  }

  #sweepOldest(time: number): void {
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt > time) return;
      this.delete(key);
    }
  }

  /** Not for each value that is refused: a caller whose share is full must not cost a walk each time. */
  #sweepAll(time: number): boolean {
    if (time - this.#sweptAt < FULL_SWEEP_MS) return false;
    this.#sweptAt = time;
    for (const [key, { expiresAt }] of this.#entries) if (expiresAt <= time) this.delete(key);
    return true;
  }
}
