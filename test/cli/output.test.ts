import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
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
});
