// Runs the benchmarks one after the other against the built package: `npm run bench`, or `npm run bench -- rest-server cold-start`.
// They are compiled first, because a loader that rewrites functions on the fly would be measured too.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const HELPERS = new Set(['load', 'peer', 'table', 'in-flight', 'grpc-raw', 'big-contract']);
const root = join(import.meta.dirname, '..');
const scripts = readdirSync(join(root, 'bench')).filter((name) => name.endsWith('.ts'));
// Each with the helpers that it imports; the package itself is the built one.
await build({
  entryPoints: scripts.map((name) => join(root, 'bench', name)),
  outdir: join(root, '.bench'),
  // Their helpers go into each; without the `paths` of this repository the package is the built one.
  bundle: true,
  packages: 'external',
  tsconfigRaw: {},
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
// ts-proto's code of the Blog, for the programs that measure against it.
await build({
  entryPoints: [join(root, 'test/grpc/generated/**/*.ts')],
  outdir: join(root, '.bench/generated'),
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});

const asked = process.argv.slice(2);
const names = scripts.map((name) => name.slice(0, -3)).filter((name) => !HELPERS.has(name) && !name.endsWith('-peer'));
const unknown = asked.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`no benchmark '${unknown}': there are ${names.join(', ')}`);
  process.exit(2);
}
const failed = [];
for (const name of asked.length > 0 ? asked : names) {
  console.log(`\n${name} …`);
  const { status, signal } = spawnSync(process.execPath, [join(root, '.bench', `${name}.js`)], { stdio: 'inherit', cwd: root });
  if (status !== 0) failed.push(`${name} (${signal ?? `status ${status}`})`);
}
if (failed.length > 0) {
  console.error(`failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
