import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { manifest, sourceOf } from '../../scripts/entries.ts';
import { ROOT } from './source-graph.ts';

/** What pages get for the names that package.json chooses by where a program runs. */
const pageAlias: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(manifest.imports).map(([name, { browser = '' }]) => [name, join(ROOT, sourceOf(browser) ?? '')]),
);

/** Builds a program as one script of a page. Names in `define` stand for its values. */
export async function pageScript(program: string, define: Readonly<Record<string, string>> = {}): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: { contents: program, resolveDir: ROOT, loader: 'ts' },
    define,
    alias: pageAlias,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

/** Builds a program as a page gets it, in chunks that are loaded with their first use, and loads it here. */
export async function loadAsPage<M>(program: string, plugins: Plugin[] = []): Promise<{ readonly module: M; remove(): Promise<void> }> {
  const cache = join(ROOT, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const outdir = await mkdtemp(join(cache, 'page-'));
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: { contents: program, resolveDir: ROOT, loader: 'ts' },
    alias: pageAlias,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir,
    outExtension: { '.js': '.mjs' },
    write: false,
    logLevel: 'error',
    plugins,
  });
  for (const { path, contents } of outputFiles) await writeFile(path, contents);
  const module = (await import(pathToFileURL(join(outdir, 'stdin.mjs')).href)) as M;
  return { module, remove: () => rm(outdir, { recursive: true, force: true }) };
}
