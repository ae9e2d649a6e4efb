// Runs every TypeScript file of a folder by itself, as a reader of it would: `node scripts/run-each.mjs examples`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const TIMEOUT_MS = 120_000;
const folder = process.argv[2];
if (!folder) throw new Error('name a folder: node scripts/run-each.mjs examples');
const tsx = createRequire(import.meta.url).resolve('tsx/cli');
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
if (files.length === 0) throw new Error(`${folder}/ has no .ts file`);

const failed = [];
for (const name of files) {
  const path = join(folder, name);
  console.log(`\n> npx tsx ${path}`);
  const { status, error } = spawnSync(process.execPath, [tsx, path], { stdio: ['ignore', 'inherit', 'inherit'], timeout: TIMEOUT_MS });
  if (status === 0) continue;
  failed.push(path);
  console.error(`${path} failed: ${error ? `it did not end within ${TIMEOUT_MS / 1000} s` : `exit code ${status}`}`);
}
console.log(`\n${files.length - failed.length} of ${files.length} in ${folder}/ ran`);
process.exitCode = failed.length === 0 ? 0 : 1;
