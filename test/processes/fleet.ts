import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { bundled } from '../support/bundle.ts';
import { startMosquitto } from '../support/mqtt.ts';
import { freePort } from '../support/free-port.ts';
import { startNginx } from '../support/nginx.ts';
import { startEngine, type EngineName, type EngineServer } from './engines.ts';
import type { ProcessInit } from './process.ts';

/** Where callers find a process, or the proxy. */
export interface Address {
  readonly http: string;
  readonly grpc: string;
  readonly mqtt: string;
}

/** Processes of one service on one engine, with a broker beside them and a proxy in front that gives each request to the next one. */
export interface Fleet {
  readonly engine: EngineServer;
  readonly proxy: Address;
  readonly addresses: readonly Address[];
  /** What the processes wrote to standard error. */
  stderr(): string;
  /** Ends a process as a crash does. */
  kill(index: number): Promise<void>;
  /** Ends a process in order; resolves with its exit code. */
  stop(index: number): Promise<number | null>;
  start(index: number): Promise<void>;
  close(): Promise<void>;
}

const PROGRAM = new URL('./process.ts', import.meta.url);

export async function startFleet(name: EngineName, size: number): Promise<Fleet> {
  const undo: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const each of undo.splice(0).reverse()) await each();
  };
  try {
    return await startAll(name, size, undo, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function startAll(name: EngineName, size: number, undo: (() => Promise<unknown>)[], close: () => Promise<void>): Promise<Fleet> {
  const engine = await startEngine(name);
  undo.push(() => engine.close());
  const broker = await startMosquitto(['set_tcp_nodelay true']);
  undo.push(() => broker.close());
  const program = await bundled(PROGRAM);
  undo.push(program.remove);
  const ports = await Promise.all(Array.from({ length: size }, async () => ({ http: await freePort(), grpc: await freePort() })));
  const children: (ChildProcess | undefined)[] = [];
  let stderr = '';

  const start = async (index: number) => {
    const { http = 0, grpc = 0 } = ports[index] ?? {};
    const init: ProcessInit = { engine: name, engineUrl: engine.url, mqttUrl: broker.url, port: http, grpcPort: grpc };
    const child = fork(program.path, [JSON.stringify(init)], { execArgv: [], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    children[index] = child;
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = once(child, 'exit').then((): never => {
      throw new Error(`the process ended before it served: ${stderr}`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
  };
  const end = async (index: number, signal: NodeJS.Signals) => {
    const child = children[index];
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exit = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await exit)[0];
  };

  undo.push(() => Promise.all(children.map((_, index) => end(index, 'SIGKILL'))));
  await Promise.all(ports.map((_, index) => start(index)));
  const grpcPort = await freePort();
  const upstream = (label: string, of: readonly number[]) =>
    `upstream ${label} { ${of.map((port) => `server 127.0.0.1:${port} fail_timeout=1s;`).join(' ')} }`;
  const nginx = await startNginx(
    () => `location / {
      proxy_pass http://notes; proxy_http_version 1.1; proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;
      proxy_buffering off; proxy_read_timeout 1h;
    }`,
    `${upstream(
      'notes',
      ports.map(({ http }) => http),
    )}
    ${upstream(
      'notes_grpc',
      ports.map(({ grpc }) => grpc),
    )}
    server { listen 127.0.0.1:${grpcPort} http2; location / { grpc_pass grpc://notes_grpc; grpc_read_timeout 1h; } }`,
  );
  undo.push(() => nginx.close());
  return {
    engine,
    proxy: { http: `http://127.0.0.1:${nginx.port}`, grpc: `127.0.0.1:${grpcPort}`, mqtt: broker.url },
    addresses: ports.map(({ http, grpc }) => ({ http: `http://127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}`, mqtt: broker.url })),
    stderr: () => stderr,
    kill: async (index) => void (await end(index, 'SIGKILL')),
    stop: (index) => end(index, 'SIGTERM'),
    start,
    close,
  };
}
