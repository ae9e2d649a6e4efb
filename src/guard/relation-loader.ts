import type { Contract, Operation, Relation } from '../core/contract.ts';
import { ApiError } from '../core/errors.ts';
import type { Selection } from '../core/transport.ts';

type CallOperation = (operation: Operation, input: unknown, select: Selection | undefined) => Promise<unknown>;

/** How many operations run at a time for one request, and how many rows one batch has. */
const MAX_AT_ONCE = 16;
const MAX_BATCH = 100;

/** Rows that wait for the same batch operation. */
interface Batch {
  readonly relation: Relation;
  readonly select: Selection | undefined;
  readonly rows: Map<unknown, Promise<unknown>>;
  readonly settle: Map<unknown, { resolve(value: unknown): void; reject(error: unknown): void }>;
}

/**
 * Loads the relations of one request: the same thing once, a bounded number at a time, and all rows of a list by one call if the relation
 * names a batch operation.
 */
export class RelationLoader {
  readonly #loaded = new Map<string, Promise<unknown>>();
  readonly #batches = new Map<string, Batch>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #stopped = false;

  private readonly contract: Contract;
  private readonly call: CallOperation;

  constructor(contract: Contract, call: CallOperation) {
    this.contract = contract;
    this.call = call;
  }

  /** Gives the value that a relation of `source` leads to; `undefined` if a property that it starts from is absent or null. */
  load(
    relation: Relation,
    source: Readonly<Record<string, unknown>>,
    more: Readonly<Record<string, unknown>> | undefined,
    select: Selection | undefined,
  ): Promise<unknown> {
    const input: Record<string, unknown> = { ...more };
    for (const name in relation.input) {
      const value = source[relation.input[name] ?? ''];
      if (value === undefined || value === null) return Promise.resolve(undefined);
      input[name] = value;
    }
    const { batch } = relation;
    const [starting, ...others] = Object.keys(relation.input);
    if (batch && starting !== undefined && others.length === 0 && !more) return this.#loadInBatch(relation, input[starting], select);
    const key = `${relation.operation} ${JSON.stringify(input)} ${JSON.stringify(select)}`;
    let loading = this.#loaded.get(key);
    if (!loading) this.#loaded.set(key, (loading = this.#run(this.#operation(relation.operation), input, select)));
    return loading;
  }

  /** Starts no more calls. */
  stop(): void {
    this.#stopped = true;
    for (const start of this.#waiting.splice(0)) start();
  }

  #loadInBatch(relation: Relation, key: unknown, select: Selection | undefined): Promise<unknown> {
    const name = `${relation.operation} ${relation.batch?.operation} ${JSON.stringify(select)}`;
    let batch = this.#batches.get(name);
    if (batch && batch.rows.size >= MAX_BATCH && !batch.rows.has(key)) batch = undefined;
    if (!batch) {
      const made: Batch = { relation, select, rows: new Map(), settle: new Map() };
      batch = made;
      this.#batches.set(name, made);
      // Behind all that is resolved in the same turn: the rows of one list.
      queueMicrotask(() => {
        if (this.#batches.get(name) === made) this.#batches.delete(name);
        void this.#runBatch(made);
      });
    }
    const { rows, settle } = batch;
    let loading = rows.get(key);
    if (!loading) rows.set(key, (loading = new Promise((resolve, reject) => settle.set(key, { resolve, reject }))));
    return loading;
  }

  async #runBatch({ relation, select, settle }: Batch): Promise<void> {
    const { batch } = relation;
    if (!batch) return;
    const isList = batch.many === true;
    try {
      const keyed = select && { ...select, [batch.key]: true as const };
      const items = await this.#run(this.#operation(batch.operation), { [batch.input]: [...settle.keys()] }, keyed);
      const found = new Map<unknown, unknown[]>();
      for (const item of items as readonly Readonly<Record<string, unknown>>[]) {
        const key = item[batch.key];
        const group = found.get(key);
        if (group) group.push(item);
        else found.set(key, [item]);
      }
      for (const [key, { resolve, reject }] of settle) {
        const group = found.get(key);
        if (isList) resolve(group ?? []);
        else if (group) resolve(group[0]);
        else reject(new ApiError('NOT_FOUND', `${batch.operation} gave nothing for ${String(key)}`));
      }
    } catch (error) {
      for (const { reject } of settle.values()) reject(error);
    }
  }

  async #run(operation: Operation, input: unknown, select: Selection | undefined): Promise<unknown> {
    // A run that is done hands its place on, so that nothing else can take it meanwhile.
    if (this.#running >= MAX_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      if (this.#stopped) throw new ApiError('CANCELLED', 'another part of the call has failed');
      return await this.call(operation, input, select);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  #operation(name: string): Operation {
    const operation = this.contract.operations[name];
    if (!operation) throw new TypeError(`the contract ${this.contract.name} has no operation '${name}'`);
    return operation;
  }
}
