import { execFile, spawn, spawnSync } from 'node:child_process';

/** Debian's Python, which has Debian's packages, whatever other Python is in front of it. */
export const PYTHON = '/usr/bin/python3';

/** Why a peer of the system is not there, for the name of a test that is skipped; `undefined` where it is. */
export function missing(debianPackage: string, command: string, ...args: string[]): string | undefined {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' });
  return error === undefined && status === 0 ? undefined : `skipped: apt-get install ${debianPackage}`;
}

/** Runs a program to its end. Rejects with what it wrote to standard error where it fails. */
export function run(command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { timeout: 60_000, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} failed: ${stderr || stdout || error.message}`));
      else resolve(stdout);
    });
  });
}

/** Starts a server that prints its port. */
export function startServer(command: string, ...args: string[]): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<void>((over) => child.once('exit', () => over()));
    child.once('error', reject);
    void ended.then(() => reject(new Error(`${command} ended: ${stderr}`)));
    child.stdout.once('data', (chunk: Buffer) => {
      const stop = () => {
        child.kill();
        return ended;
      };
      resolve({ port: Number(chunk.toString().trim()), stop });
    });
  });
}

/** The end of a title of what is skipped: why. */
export function because(missing: string | undefined): string {
  return missing === undefined ? '' : ` (${missing})`;
}
