import { execFileSync } from 'node:child_process';
import { median, printTable } from './table.ts';

const RUNS = 15;

/** Milliseconds from before the imports to after them, in a process of its own. */
function importTime(...modules: string[]): number {
  const source = `const t = performance.now(); ${modules.map((name) => `await import('${name}');`).join(' ')} process.stdout.write(String(performance.now() - t));`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' }));
}

const results: { ours: number; raw: number }[] = [];
for (let run = 0; run < RUNS; run++) {
  results.push({ raw: importTime('zod', 'ofetch'), ours: importTime('multi-api-sdk', 'multi-api-sdk/rest') });
}
const ms = (which: 'ours' | 'raw') => `${median(results.map((result) => result[which])).toFixed(1)} ms`;
printTable('Cold start, against importing zod and ofetch', [
  {
    what: 'multi-api-sdk and /rest',
    ours: ms('ours'),
    raw: ms('raw'),
    ratio: median(results.map((result) => result.ours / result.raw)),
    goal: '<= 1.3',
  },
]);
