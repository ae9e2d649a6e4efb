import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import process from 'node:process';
import { printable } from '../../peer/text/printable.ts';
import { every } from '../../life/timers.ts';

/** The machine or container, whose numbers of processes mean nothing on others. */
const HOST = hostname().replace(/\s/g, '');
/** The content of the locks of this process. */
const ME = `${process.pid} ${crypto.randomUUID()} ${HOST}`;
/** How often a lock is touched, as the sign of life for other machines. */
const TOUCH_MS = 10_000;
/** The age of a lock of another machine that is taken over. */
const STALE_MS = 60_000;

/**
 * Two dispatchers on one file would deliver twice and destroy each other's lines. Gives what unlocks it. A lock is never removed by anybody
 * but its holder. If its holder crashed, the lock is taken over. To take it over, a process first locks the lock file itself.
 */
export async function lock(path: string): Promise<() => Promise<void>> {
  const draft = `${path}.${crypto.randomUUID()}`;
  await writeFile(draft, ME, { flag: 'wx', mode: 0o600 });
  try {
    await claim(path, draft);
  } finally {
    await rm(draft, { force: true });
  }
  const stop = every(TOUCH_MS, () => void utimes(path, new Date(), new Date()).catch(() => {}), { holds: false });
  return () => (stop(), rm(path, { force: true }));
}

async function claim(path: string, draft: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await place(draft, path)) return;
    const found = await readLock(path);
    // Unlocked meanwhile.
    if (found === undefined) continue;
    await checkStale(path, found);
    const unlock = await lock(`${path}.${found.replace(/\W+/g, '-').slice(0, 80)}`);
    try {
      // The process that had this turn before has replaced it already.
      if ((await readLock(path)) === found) return await rename(draft, path);
    } finally {
      await unlock();
    }
  }
  throw new Error(`${path}: the webhook store could not be locked`);
}

/** Makes a lock if there is none, with its whole content: nobody reads half of one. Tells whether it did. */
async function place(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path).catch((error: unknown) => {
      if (codeOf(error) === 'EEXIST') throw error;
      // A file system without links.
      return writeFile(path, ME, { flag: 'wx', mode: 0o600 });
    });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readLock(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Throws if the holder lives. */
async function checkStale(path: string, found: string): Promise<void> {
  if (found === ME) throw new Error(`${path}: this process uses the webhook store already`);
  const [pid, , host = HOST] = found.split(' ');
  const holder = Number(pid);
  if (host !== HOST) {
    if (Date.now() - (await touchedAt(path)) > STALE_MS) return;
    throw inUse(path, `the process ${holder} on ${printable(host)}`, '. If that machine has ended, try again in a minute');
  }
  // Ours, and not ME: it had our number in an earlier life of this machine or container.
  if (holder === process.pid || !isAlive(holder)) return;
  throw inUse(path, `the process ${holder}`);
}

function inUse(path: string, holder: string, hint = ''): Error {
  return new Error(
    `${path}: ${holder} uses this webhook store: give each process a file of its own, or remove the lock if that is another program${hint}`,
  );
}

/** When the holder showed that it lives; if the lock is gone by now, long ago. */
async function touchedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
