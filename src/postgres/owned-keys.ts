import { now } from '../life/now.ts';
import { Recent } from '../life/recent.ts';
import { shareIsFull } from '../stores/idempotency.ts';
import type { HeldKey, OwnedKeys } from '../stores/owned-keys.ts';
import { rowsOf, type Queryable } from './database.ts';

/** The size of a key beside its outcome, in bytes. */
const KEY_WEIGHT = 400;
/** How long a sum of what a caller holds is used, in milliseconds. The keys of this process meanwhile are added to it. */
const SUM_MS = 5000;
/** How many callers' sums are remembered. */
const MAX_SUMS = 10_000;

const until = (parameter: string) => `clock_timestamp() + ${parameter} * interval '1 millisecond'`;
const TAKE = `
insert into multi_api_sdk.keys (kind, key, caller, fingerprint, owner, weight, until) values ($1, $2, $3, $4, $5, $6, ${until('$7')})
on conflict (kind, key) do nothing returning 1 as taken`;
const FIND = 'select fingerprint, outcome from multi_api_sdk.keys where kind = $1 and key = $2 and until > clock_timestamp()';
const TAKE_OVER = `
update multi_api_sdk.keys set caller = $3, fingerprint = $4, owner = $5, weight = $6, outcome = null, until = ${until('$7')}
where kind = $1 and key = $2 and until <= clock_timestamp() returning 1 as taken`;
const OWNED = 'kind = $1 and key = $2 and owner = $3 and outcome is null and until > clock_timestamp()';
// A key that its own call's transaction has locked is about to have its outcome.
const RENEW = `
update multi_api_sdk.keys set until = ${until('$4')}
where (kind, key) in (select kind, key from multi_api_sdk.keys where ${OWNED} for update skip locked) returning 1 as held`;
const FINISH = `
update multi_api_sdk.keys set outcome = $4, owner = null, weight = $5, until = ${until('$6')} where ${OWNED} returning caller`;
const RELEASE = `delete from multi_api_sdk.keys where ${OWNED} returning caller`;
const SUM =
  'select coalesce(sum(weight), 0)::float8 as sum from multi_api_sdk.keys where kind = $1 and caller = $2 and until > clock_timestamp()';

/** Keys of one kind in Postgres. */
export class PostgresKeys implements OwnedKeys<Queryable> {
  readonly #sums = new Recent<string, { sum: number; readonly at: number }>(MAX_SUMS);

  private readonly pool: Queryable;
  private readonly kind: string;
  private readonly maxBytesPerCaller: number;
  /** The store's name for its keys. */
  private readonly what: string;

  constructor(pool: Queryable, kind: string, maxBytesPerCaller: number, what: string) {
    this.pool = pool;
    this.kind = kind;
    this.maxBytesPerCaller = maxBytesPerCaller;
    this.what = what;
  }

  async begin(key: string, owner: string, fingerprint: string, leaseMs: number, caller: string): Promise<HeldKey | undefined> {
    const held = await this.#find(key);
    if (held) return held;
    await this.#checkShare(caller);
    const row = [this.kind, key, caller, fingerprint, owner, KEY_WEIGHT, leaseMs];
    for (;;) {
      // An insert waits for no transaction that finishes the key; only a key whose time is over is taken from its row.
      for (const statement of [TAKE, TAKE_OVER]) {
        if ((await rowsOf(this.pool, statement, row)).length === 0) continue;
        this.#add(caller, KEY_WEIGHT);
        return undefined;
      }
      const other = await this.#find(key);
      if (other) return other;
    }
  }

  async renew(key: string, owner: string, leaseMs: number): Promise<boolean> {
    return (await rowsOf(this.pool, RENEW, [this.kind, key, owner, leaseMs])).length > 0;
  }

  async finish(key: string, owner: string, outcome: string, ttlMs: number, instead: string, client = this.pool): Promise<boolean> {
    const isTooLarge = outcome.length > this.maxBytesPerCaller;
    const kept = isTooLarge ? instead : outcome;
    const weight = KEY_WEIGHT + kept.length;
    const [done] = await rowsOf(client, FINISH, [this.kind, key, owner, kept, Math.min(weight, 2_000_000_000), ttlMs]);
    if (done) this.#add(String(done['caller']), kept.length);
    return done !== undefined;
  }

  async release(key: string, owner: string): Promise<void> {
    const [gone] = await rowsOf(this.pool, RELEASE, [this.kind, key, owner]);
    if (gone) this.#add(String(gone['caller']), -KEY_WEIGHT);
  }

  async #find(key: string): Promise<HeldKey | undefined> {
    const [row] = await rowsOf(this.pool, FIND, [this.kind, key]);
    if (!row) return undefined;
    return { fingerprint: String(row['fingerprint']), outcome: typeof row['outcome'] === 'string' ? row['outcome'] : undefined };
  }

  async #checkShare(caller: string): Promise<void> {
    if (this.maxBytesPerCaller === Infinity) return;
    let known = this.#sums.get(caller);
    if (!known || now() - known.at > SUM_MS) {
      const [row] = await rowsOf(this.pool, SUM, [this.kind, caller]);
      known = { sum: Number(row?.['sum'] ?? 0), at: now() };
      this.#sums.set(caller, known);
    }
    if (known.sum + KEY_WEIGHT > this.maxBytesPerCaller) throw shareIsFull(this.what);
  }

  #add(caller: string, weight: number): void {
    const known = this.#sums.get(caller);
    if (known) known.sum += weight;
  }
}
