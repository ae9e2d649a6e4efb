import { inTime } from '../life/timers.ts';

/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Runs one statement with `$1` parameters: a `Pool` or a `Client` of `pg`, PGlite, or a function of yours around another client. No session
 * is used, so a pool in transaction mode (PgBouncer) works.
 */
export interface Queryable {
  /** Runs one statement; rejects with an error that has the `code` of Postgres. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A database whose answer to a statement is waited for no longer than `timeoutMs`: a connection may be lost without a sign. */
export function databaseInTime(database: Queryable, timeoutMs: number): Queryable {
  const late = () => new Error(`postgresStores: the database has not answered a statement within ${timeoutMs} ms`);
  return { query: async (text, values) => inTime(timeoutMs, database.query(text, values), late) };
}

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_SCHEMA = '3F000';
const UNDEFINED_FUNCTION = '42883';

/** Runs statements, and says what to do if the tables are missing. */
export async function rowsOf(database: Queryable, text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  try {
    const { rows } = await database.query(text, [...values]);
    return rows as readonly Row[];
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code !== UNDEFINED_TABLE && code !== UNDEFINED_SCHEMA && code !== UNDEFINED_FUNCTION) throw error;
    throw new Error(
      'postgresStores: its tables are missing, or older than this version: run `npx multi-api-sdk migrate --postgres <url>`, or migratePostgres(pool)',
      {
        cause: error,
      },
    );
  }
}

/** The client of a transaction, which `call.publish` and `call.finish` were given. Throws a `TypeError` for something else. */
export function clientOf(transaction: unknown): Queryable {
  if (typeof (transaction as Partial<Queryable> | null | undefined)?.query === 'function') return transaction as Queryable;
  throw new TypeError('postgresStores: the transaction must be the client that runs it: it has query(text, values)');
}

/** JSON for a column of jsonb, which takes no NUL and no half of a surrogate pair: texts of others may have them. */
export function jsonb(value: unknown): string {
  return JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\\ufffd');
}
