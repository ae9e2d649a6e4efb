// Compares the benchmarks of the work tree with those of another commit: `npm run bench:compare -- <commit> [names] [--rounds 5]`.
// Each benchmark prints ratios to a raw library in the same run. Both trees run in turns, and the quotient of their ratios is what changed:
// the machine's noise is in both. Builds the other commit in .bench/base.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const at = args.indexOf('--rounds');
const rounds = at === -1 ? 3 : Number(args.splice(at, 2)[1]);
const [commit, ...names] = args;
if (!commit || !Number.isInteger(rounds) || rounds < 1) {
  console.error('usage: npm run bench:compare -- <commit> [names] [--rounds 3]');
  process.exit(2);
}
const base = join(root, '.bench/base');
const run = (file, fileArgs, cwd, env = {}) =>
  execFileSync(file, fileArgs, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });

rmSync(base, { recursive: true, force: true });
mkdirSync(base, { recursive: true });
execFileSync('bash', ['-c', `git archive ${JSON.stringify(commit)} | tar -x -C ${JSON.stringify(base)}`], { cwd: root, stdio: 'inherit' });
// The same libraries in both, so that only our code differs; a commit with other dependencies gets its own.
const lock = (folder) => readFileSync(join(folder, 'package-lock.json'), 'utf8');
if (lock(base) === lock(root)) symlinkSync(join(root, 'node_modules'), join(base, 'node_modules'));
else run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], base);
// How results are written down is today's.
cpSync(join(root, 'bench/table.ts'), join(base, 'bench/table.ts'));
// Without declarations, which take most of a build and which no benchmark reads.
for (const folder of [base, root]) run(process.execPath, ['node_modules/tsup/dist/cli-default.js', '--no-dts', '--silent'], folder);

/** The ratios that a run printed, by benchmark and row. Those of a run that failed are kept, and the status at the end is 1. */
const ratiosOf = (folder) => {
  const file = join(folder, '.bench/ratios.jsonl');
  rmSync(file, { force: true });
  try {
    run(process.execPath, [join(folder, 'scripts/bench.mjs'), ...names], folder, { BENCH_RATIOS: file });
  } catch (error) {
    console.error(`the run in ${folder} failed: ${error.message}`);
    process.exitCode = 1;
  }
  return existsSync(file)
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
};
const found = new Map();
for (let round = 1; round <= rounds; round++) {
  console.error(`round ${round} of ${rounds} …`);
  for (const [side, folder] of round % 2 === 0
    ? [
        ['now', root],
        ['base', base],
      ]
    : [
        ['base', base],
        ['now', root],
      ])
    for (const { name, ratio } of ratiosOf(folder)) {
      const row = found.get(name) ?? { base: [], now: [] };
      row[side].push(ratio);
      found.set(name, row);
    }
}
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
for (const [name, row] of found) {
  const [before, now] = [median(row.base), median(row.now)];
  if (before === undefined || now === undefined) {
    console.log(`${name.padEnd(60)} only in ${now === undefined ? commit : 'the work tree'}`);
    continue;
  }
  console.log(`${name.padEnd(60)} ${before.toFixed(3)} -> ${now.toFixed(3)}  x${(now / before).toFixed(3)}`);
}
