import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { migratePostgres } from '../../src/postgres/index.ts';

const ROOT = '/usr/lib/postgresql';

/** Debian's folder of programs, which are not on the path. */
function programs(): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT) : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(ROOT, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** Why there is no Postgres, for the name of a test that is skipped; `undefined` if there is. */
export const postgresMissing = programs() === undefined ? 'skipped: apt-get install postgresql' : undefined;

/** A Postgres of its own, on a free port, with its data in a temporary folder. */
export class PostgresServer {
  #child: ChildProcess | undefined;

  readonly port: number;
  private readonly folder: string;
  private readonly bin: string;
  private readonly as: { readonly uid?: number; readonly gid?: number };

  private constructor(port: number, folder: string, bin: string, as: { readonly uid?: number; readonly gid?: number }) {
    this.port = port;
    this.folder = folder;
    this.bin = bin;
    this.as = as;
  }

  static async start(): Promise<PostgresServer> {
    const bin = programs();
    if (bin === undefined) throw new Error('postgresql is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'postgres-'));
    // It refuses to run as root.
    const as = userInfo().uid === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
    if (as.uid !== undefined) chownSync(folder, as.uid, as.gid);
    execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), '-A', 'trust', '-U', 'postgres', '-N', '--locale', 'C', '-E', 'UTF8'], {
      ...as,
      cwd: folder,
      stdio: 'ignore',
    });
    const server = new PostgresServer(await freePort(), folder, bin, as);
    await server.start();
    return server;
  }

  /** One that has the tables of the stores. */
  static async startMigrated(): Promise<PostgresServer> {
    const server = await PostgresServer.start();
    const pool = new pg.Pool({ connectionString: server.url });
    await migratePostgres(pool);
    await pool.end();
    return server;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it, or starts it again on what it has on disk. */
  async start(): Promise<void> {
    const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${this.folder}`, '-c', 'max_connections=200'];
    const child = spawn(join(this.bin, 'postgres'), ['-D', join(this.folder, 'data'), '-p', String(this.port), ...settings], {
      ...this.as,
      cwd: this.folder,
      stdio: 'ignore',
    });
    this.#child = child;
    for (let tries = 0; ; tries++) {
      const client = new pg.Client(this.url);
      try {
        await client.connect();
        return await client.end();
      } catch (error) {
        if (tries > 200 || child.exitCode !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // SIGQUIT ends its children too, without a checkpoint: the next start recovers as after a crash.
    child.kill('SIGQUIT');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function idOf(flag: string): number {
  return Number(execFileSync('id', [flag, 'postgres']).toString());
}
