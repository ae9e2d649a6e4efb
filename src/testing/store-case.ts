import { delay } from '../life/lifetime.ts';

/** A transaction of the database that a store is in. */
export interface KitTransaction {
  /** What the store knows it by. */
  readonly transaction: unknown;
  /** Ends it: what was written in it stays. */
  commit(): Promise<void> | void;
  /** Ends it: what was written in it never was. */
  rollback(): Promise<void> | void;
}

/** An instance of a store under test. */
export interface OpenedStore<S> {
  readonly store: S;
  /** Begins a transaction, if the store takes part in some. */
  readonly begin?: () => Promise<KitTransaction> | KitTransaction;
  /** Ends the instance; what it has acknowledged is still there for the next one. */
  readonly close?: () => Promise<void>;
}

/** Opens an instance of the same store beside those that are open: what is acknowledged at one is seen at all. A store of one process gives the same one each time, and is empty at first. */
export type OpenStore<S> = () => Promise<OpenedStore<S>>;

/** One rule that every store of its kind keeps. */
export interface StoreCase<S> {
  readonly id: string;
  /** One sentence. */
  readonly rule: string;
  /** Rejects if the rule is broken. */
  run(open: OpenStore<S>): Promise<void>;
}

/** Opens `count` instances, and closes them when `work` is done. */
export async function withStores<S>(
  open: OpenStore<S>,
  count: number,
  work: (...opened: OpenedStore<S>[]) => Promise<void>,
): Promise<void> {
  const opened: OpenedStore<S>[] = [];
  try {
    for (let index = 0; index < count; index++) opened.push(await open());
    await work(...opened);
  } finally {
    for (const { close } of opened) await close?.();
  }
}

export function pause(ms: number): Promise<void> {
  return delay(ms, new AbortController().signal);
}

/** Waits until a condition holds; throws `what` after ten seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    if (waited >= 10_000) throw new Error(`${what}: not within 10 s`);
    await pause(10);
  }
}
