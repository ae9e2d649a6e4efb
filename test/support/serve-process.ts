import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { CLI, firstLine, start, stop } from './program.ts';

/** `multi-api-sdk serve` as a process of its own. */
export interface ServeProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** The line that it printed once it listened. */
  readonly line: string;
  readonly url: string;
  /** Everything it has printed on standard error so far. */
  stderr(): string;
  /** Ends it as a terminal would; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts it on free ports; resolves once it listens. */
export async function startServe(...args: readonly string[]): Promise<ServeProcess> {
  const child = start([CLI, 'serve', '--port', '0', '--grpc-port', '0', '--json', ...args]);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then((): never => {
    throw new Error(`serve ended before it listened: ${stderr}`);
  });
  const line = await Promise.race([firstLine(child.stdout), ended]);
  ended.catch(() => {});
  return {
    child,
    line,
    url: (JSON.parse(line) as { readonly http: string }).http,
    stderr: () => stderr,
    stop: () => stop(child, 'SIGTERM'),
  };
}
