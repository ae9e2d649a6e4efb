import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TsServer, type Place } from '../test/support/tsserver.ts';
import { OPERATIONS, program, type Kind } from './big-contract.ts';

const TRIES = 15;

/** What an editor asks most: what stands behind the dot, and what a name is. */
async function ask(kind: Kind, call: string): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(process.cwd(), '.bench', 'editor-'));
  const server = new TsServer();
  try {
    const options = {
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      skipLibCheck: true,
      types: [],
      lib: ['es2023', 'dom', 'esnext.disposable'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['program.ts'] }));
    const text = program(kind);
    const file = join(folder, 'program.ts');
    writeFileSync(file, text);
    server.open(file);
    const placeOf = (index: number): Place => {
      const at = text.lastIndexOf(`${call}op${index}(`) + call.length;
      const before = text.slice(0, at).split('\n');
      return { file, line: before.length, offset: (before.at(-1) ?? '').length + 1 };
    };
    const timed = async (command: string, index: number) => {
      const start = performance.now();
      await server.request(command, placeOf(index));
      return performance.now() - start;
    };
    const first = await timed('quickinfo', 0);
    const median = async (command: string) => {
      const times: number[] = [];
      for (let index = 1; index <= TRIES; index++) times.push(await timed(command, index * 7));
      return times.sort((a, b) => a - b)[TRIES >> 1] ?? NaN;
    };
    return {
      'first answer ms': Math.round(first),
      'completion ms': Math.round(await median('completionInfo')),
      'quick info ms': Math.round(await median('quickinfo')),
    };
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

console.log(`\nAn editor on ${OPERATIONS} operations: the first answer, then the median of ${TRIES}`);
console.table({
  'a client': await ask('contract', 'client.'),
  'for comparison: plain functions of the same types': await ask('functions', 'call_'),
});
