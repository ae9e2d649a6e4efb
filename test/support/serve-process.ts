import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** `multi-api-sdk serve` as a process of its own. */
export interface ServeProcess {
  readonly url: string;
  /** Everything it has printed on standard error so far. */
  stderr(): string;
  /** Ends it as a terminal would; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts it on a free port; resolves once it listens. */
export async function startServe(...args: readonly string[]): Promise<ServeProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'serve', '--port', '0', '--json', ...args], { cwd: ROOT });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const first = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
  const ended = closed.then((): never => {
    throw new Error(`serve ended before it listened: ${stderr}`);
  });
  const [line] = await Promise.race([first, ended]);
  ended.catch(() => {});
  return {
    url: (JSON.parse(line) as { readonly http: string }).http,
    stderr: () => stderr,
    stop: async () => {
      child.kill('SIGTERM');
      return (await closed)[0];
    },
  };
}
