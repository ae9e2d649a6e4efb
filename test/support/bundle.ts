import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from './source-graph.ts';

/** Builds a program into one file, for processes that are to start soon: loading the sources file by file takes seconds. */
export async function bundled(program: URL): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const cache = join(ROOT, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const path = join(cache, `program-${crypto.randomUUID()}.mjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [program.pathname],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    conditions: ['multi-api-sdk:source'],
    outfile: path,
    logLevel: 'error',
  });
  return { path, remove: () => rm(path, { force: true }) };
}
