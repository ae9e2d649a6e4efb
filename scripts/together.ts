import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * Sources that become one file in dist, with all that they import: what clients load at once, and their later parts use too; and what transports load
 * when they are first used. esbuild by itself makes a chunk of each set of modules that the same entries reach, and a page would get a dozen small
 * chunks at once, each compressed by itself. What a program does not use of the file is left out by its bundler.
 */
const GROUPS = [
  [
    'client/left',
    'core/define',
    'core/listener-name',
    'core/own',
    'events/push-stream',
    'guard/checks',
    'http/client/check/platform',
    'http/client/options',
    'http/client/page-url',
    'life/backoff',
    'life/call',
    'life/report',
    'peer/headers',
    'peer/later-transport',
    'peer/on-wire',
    'schema/check/fit',
    'schema/check/is-open',
    'schema/codec/has-codec',
    'schema/codec/has-file',
  ],
  ['http/client/network-error', 'http/client/text', 'peer/error-body', 'rest/wire', 'websocket/wire'],
];

/**
 * The conditional imports of these sources. Others bring modules that make something while they are loaded, such as a class of one that is here: on Node
 * they would be loaded first.
 */
const CONDITIONAL: ReadonlySet<string> = new Set(['#contract-check', '#peer-parts', '#answered']);

/** Makes one file of each: whoever imports one of its sources imports all, so that the same entries reach them all. */
export function together(root: string): Plugin {
  const groups: ReadonlySet<string>[] = [];
  for (const names of GROUPS) {
    const files = closure(names.map((name) => join(root, 'src', `${name}.ts`)));
    for (const file of files) checkConditional(file);
    groups.push(new Set([...files].filter((file) => !groups.some((before) => before.has(file)))));
  }
  return {
    name: 'together',
    setup(build) {
      build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const imports = importsOf(path, source);
        const reached = groups.filter((group) => !group.has(path) && imports.some((imported) => group.has(imported)));
        const all = reached.flatMap((group) => [...group]).map((file) => `\nimport ${JSON.stringify(file)};`);
        return { contents: source + all.join(''), loader: 'ts' };
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

/** Throws if a source has a conditional import that its group must not have. */
function checkConditional(file: string): void {
  const stray = namesIn(readFileSync(file, 'utf8')).find((name) => name.startsWith('#') && !CONDITIONAL.has(name));
  if (stray !== undefined) throw new Error(`${file} imports ${stray}, and is in a group of scripts/together.ts`);
}

/** The sources of this package that a source imports at once. */
function importsOf(path: string, source: string): string[] {
  return namesIn(source).flatMap((name) => (name.startsWith('.') ? [resolve(dirname(path), name)] : []));
}

/** The names of what a source imports, apart from types. */
function namesIn(source: string): string[] {
  return [...source.matchAll(/^(?:import|export)\b(?! type)[^'"]*?from '([^']+)'/gm)].map(([, name = '']) => name);
}
