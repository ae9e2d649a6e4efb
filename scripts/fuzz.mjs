// Gives each reader of foreign bytes 100,000 spoiled inputs: `npm run fuzz`, `npm run fuzz -- test/soap/fuzz.test.ts` for some files. FUZZ_RUNS takes another number, FUZZ_SEED other inputs.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const files = process.argv.slice(2);
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const env = { FUZZ_RUNS: '100000', ...process.env };
const { status } = spawnSync(process.execPath, [vitest, 'run', ...(files.length > 0 ? files : ['fuzz'])], { stdio: 'inherit', env });
process.exitCode = status ?? 1;
