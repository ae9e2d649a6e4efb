import { fork, type ChildProcess } from 'node:child_process';

/** A server in a process of its own, which tells what CPU it has used. */
export interface PeerProcess {
  readonly port: number;
  /** Microseconds of CPU since its start, user and system. */
  cpu(): Promise<number>;
  stop(): void;
}

/** Starts `bench/<name>` with arguments; the script calls `servePeer`. */
export async function startPeer(name: string, ...args: string[]): Promise<PeerProcess> {
  const child = fork(new URL(name, import.meta.url), args, { stdio: 'inherit' });
  const port = (await answer(child)) as number;
  return {
    port,
    async cpu() {
      const answered = answer(child);
      child.send('cpu');
      return (await answered) as number;
    },
    stop: () => void child.kill(),
  };
}

/** In the child: tells the port, then answers questions about CPU. */
export function servePeer(port: number): void {
  process.send?.(port);
  process.on('SIGINT', () => process.exit(0));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the peer ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
