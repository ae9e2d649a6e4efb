import { readFile, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';

/** The locks of this process. */
const held = new Set<string>();

/** Two dispatchers on one file would deliver twice and destroy each other's lines. Gives what unlocks it. */
export async function lock(path: string): Promise<() => Promise<void>> {
  if (held.has(path)) throw new Error(`${path}: this process uses the webhook store already`);
  held.add(path);
  try {
    await claim(path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    held.delete(path);
  };
}

async function claim(path: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await writeFile(path, String(process.pid), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder !== process.pid && isAlive(holder)) {
      throw new Error(
        `${path}: the process ${holder} uses this webhook store: give each process a file of its own, or remove the lock if that is another program`,
      );
    }
    // Left by a process that crashed.
    await rm(path, { force: true });
  }
  throw new Error(`${path}: the webhook store could not be locked`);
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
