import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Sources that become one file in dist, with all that they import: what clients load at once, and their later parts use too. esbuild by itself makes
 * a chunk of each set of modules that the same entries reach, and a page would get a dozen small chunks at once, each compressed by itself.
 * What a program does not use of the file is left out by its bundler.
 */
const CLIENTS = [
  'client/left',
  'core/own',
  'core/http-binding',
  'guard/checks',
  'http/client/network-error',
  'life/backoff',
  'life/call',
  'life/report',
  'peer/error-body',
  'rest/wire',
  'schema/check/fit',
  'schema/codec/has-codec',
  'websocket/wire',
];

/** Makes one file of them: whoever imports one of them imports all, so that the same entries reach them all. */
export function together(root: string): Plugin {
  const group = closure(CLIENTS.map((name) => join(root, 'src', `${name}.ts`)));
  const all = [...group].map((file) => `\nimport ${JSON.stringify(file)};`).join('');
  return {
    name: 'together',
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const isOutside = !group.has(path) && importsOf(path, source).some((imported) => group.has(imported));
        return { contents: isOutside ? source + all : source, loader: 'ts' };
      });
    },
  };
}

/** Files and all that they import. */
function closure(files: readonly string[]): ReadonlySet<string> {
  const all = new Set(files);
  for (const file of all) for (const imported of importsOf(file, readFileSync(file, 'utf8'))) all.add(imported);
  return all;
}

/** The sources of this package that a source imports at once. */
function importsOf(path: string, source: string): string[] {
  return [...source.matchAll(/^(?:import|export)\b(?! type)[^'"]*?from '(\.[^']+)'/gm)].map(([, to = '']) => resolve(dirname(path), to));
}
