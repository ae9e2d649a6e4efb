import type { Pool } from 'pg';
import { migratePostgres } from '../postgres/index.ts';
import { UsageError } from './args.ts';

/** A pool of the package `pg`. */
export async function openPool(url: string): Promise<Pool> {
  const { default: pg } = await needed('pg', () => import('pg'));
  // What happens to idle connections is seen again by the next statement.
  return new pg.Pool({ connectionString: url }).on('error', () => {});
}

/** Makes the tables; resolves with what it ran. */
export async function migrate(pool: Pool, url: string): Promise<readonly string[]> {
  try {
    return await migratePostgres(pool);
  } catch (error) {
    throw new UsageError(`Postgres at ${hostOf(url)} does not serve: ${messageOf(error)}`);
  }
}

/** Loads an optional package. Throws a `UsageError` that names it if it is not installed. */
export async function needed<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError(`this needs the package ${name}: npm install ${name}`);
  }
}

/** Of a URL what may be shown: no password. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    throw new UsageError('that is not a URL: write postgres://user@host:5432/database or redis://host:6379');
  }
}

/** The reason, also of a connection that was tried at several addresses. */
export function messageOf(error: unknown): string {
  const { message, errors } = error as { readonly message?: string; readonly errors?: readonly unknown[] };
  if (message) return message;
  return errors?.[0] === undefined ? String(error) : messageOf(errors[0]);
}
