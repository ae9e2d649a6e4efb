import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { CLI, finish, start } from '../support/program.ts';

describe('the command line', () => {
  it.skipIf(!existsSync('/dev/full'))(
    'says in one line that its output cannot be written',
    async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', CLI, '--help'], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const [code] = (await once(child, 'close')) as [number];
      expect([code, said]).toEqual([1, 'error: the output cannot be written: ENOSPC: no space left on device, write\n']);
    },
    60_000,
  );

  it('names a folder that is given for a file', async () => {
    const { code, stderr } = await finish(start([CLI, 'import', '.']));
    expect([code, stderr]).toEqual([1, 'error: . cannot be read: it is a folder: name a file\n']);
  }, 60_000);

  it('shows no control character of a foreign service, which a terminal would obey', async () => {
    const text = 'a\u009b2J\u007f\u202eb\u001b]0;x\u0007';
    const server = createServer((request, response) => {
      const isError = request.url?.includes('124');
      const body = isError
        ? { code: 'NOT_FOUND', detail: text }
        : { id: 123, username: text, email: 'a@example.com', createdAt: '2024-01-15T09:30:00Z' };
      response.writeHead(isError ? 404 : 200, { 'content-type': isError ? 'application/problem+json' : 'application/json' });
      response.end(JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const call = (id: number, ...flags: string[]) =>
      finish(start([CLI, 'call', 'getUser', `{"id":${id}}`, '--url', url, '--wire', ...flags]));
    try {
      const results = [await call(123), await call(123, '--json'), await call(124)];
      expect(results.map(({ code }) => code)).toEqual([0, 0, 1]);
      expect(JSON.parse(results[1]?.stdout ?? '')).toMatchObject({ username: text });
      for (const { stdout, stderr } of results) {
        expect(stdout + stderr).toContain('\\u009b2J\\u007f\\u202e');
        expect(stdout + stderr).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
      }
    } finally {
      server.close();
    }
  }, 60_000);
});
