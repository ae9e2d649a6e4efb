import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** Debian puts it where only root has a path to. */
const NGINX = ['nginx', '/usr/sbin/nginx'].find((path) => spawnSync(path, ['-v']).error === undefined);

/** Why tests behind nginx are skipped, if they are. */
export const noNginx = NGINX === undefined ? 'nginx is not installed: apt-get install nginx-light' : undefined;

export interface Nginx {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts nginx on a free port of loopback; `server` gives the directives of its server there, `more` is what stands beside it. */
export async function startNginx(server: (port: number) => string, more = ''): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; pid ${folder}/pid; error_log stderr warn; worker_processes 1; ${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http { access_log off; ${temporary}
  ${more}
  server { listen 127.0.0.1:${port}; ${server(port)} }
}
`,
  );
  const child = spawn(NGINX ?? '', ['-p', folder, '-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<void>((over) => child.once('exit', () => over()));
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended: ${stderr}`);
    return (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined;
  });
  return {
    port,
    async close() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
