/** A transaction for stores in memory: an object that tells when it is committed. Those of some database libraries fit. */
export interface CommitListener {
  /** Calls `work` once the transaction is committed, and never if it is rolled back. */
  afterCommit(work: () => void): void;
}

/** A transaction of the stores in memory. */
export interface MemoryTransaction extends CommitListener {
  /** Makes the changes of the stores take effect. */
  commit(): void;
  /** Drops the changes of the stores. */
  rollback(): void;
}

/** A transaction for `memoryHub` and `memoryIdempotencyStore`, so that handlers that publish in a transaction can be tested without a database. */
export function memoryTransaction(): MemoryTransaction {
  let works: (() => void)[] = [];
  return {
    afterCommit: (work) => void works.push(work),
    commit() {
      for (const work of works.splice(0)) work();
    },
    rollback() {
      works = [];
    },
  };
}

/** Throws a `TypeError` for a transaction of something else. */
export function commitListener(owner: string, transaction: unknown): CommitListener {
  const { afterCommit } = (transaction ?? {}) as Partial<CommitListener>;
  if (typeof afterCommit === 'function') return transaction as CommitListener;
  throw new TypeError(
    `${owner}: the transaction must have afterCommit(listener): a store in memory takes no part in a database's transactions`,
  );
}
