import { delay } from '../life/lifetime.ts';

/** A transaction of the database that a store is in. */
export interface KitTransaction {
  /** The transaction as the store knows it. */
  readonly transaction: unknown;
  /** Commits it. */
  commit(): Promise<void> | void;
  /** Rolls it back. */
  rollback(): Promise<void> | void;
}

/** An instance of a store under test. */
export interface OpenedStore<S> {
  readonly store: S;
  /** Begins a transaction, if the store takes part in some. */
  readonly begin?: () => Promise<KitTransaction> | KitTransaction;
  /** Ends the instance. The next one still has everything that it acknowledged. */
  readonly close?: () => Promise<void>;
}

/** Opens another instance of the same store. All instances see an entry that one has acknowledged. A store of one process returns the same instance each time. The store is empty at first. */
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
