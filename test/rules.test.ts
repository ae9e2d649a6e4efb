import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import tsup from '../tsup.config.ts';
import { exportedSources, manifest, sourceOf } from '../scripts/entries.ts';
import { PROTOCOL_NAMES as PROTOCOLS } from '../src/protocols.ts';
import { importsOf, loadedBy, ROOT, sourceFiles } from './support/source-graph.ts';

const NOUNS = ['client.ts', 'server.ts', 'wire.ts', 'status.ts', 'schema.ts'];
const MAX_FILES = 16;
const MAX_LINES = 400;
/** The condition under which newer Node runs the sources themselves: `node --conditions=multi-api-sdk:source src/cli/main.ts`. */
const SOURCE = 'multi-api-sdk:source';

/** Casts in src that no type makes unnecessary, and exceptions from lint, which each give their reason. They only become fewer. */
const MAX_CASTS = 43;
const MAX_EXCEPTIONS = 15;

/** What users of these entries may run in a browser, and the packages that they may load there. */
const BROWSER_ENTRIES: Readonly<Record<string, readonly string[]>> = {
  'src/index.ts': ['eventemitter3'],
  'src/blog/index.ts': ['eventemitter3'],
  'src/compose/index.ts': ['eventemitter3'],
  'src/telemetry/index.ts': ['@opentelemetry/api', 'eventemitter3'],
  'src/tanstack/index.ts': [],
  'src/ofetch/index.ts': [],
  'src/rest/client.ts': ['eventemitter3', 'saxes'],
  'src/websocket/client.ts': ['eventemitter3', 'isomorphic-ws'],
  'src/graphql/client.ts': ['eventemitter3', 'graphql-request', 'graphql-ws', 'isomorphic-ws'],
  'src/mqtt/client.ts': ['eventemitter3', 'mqtt'],
  'src/mcp/client.ts': ['eventemitter3'],
  'src/grpc/connect/client.ts': ['eventemitter3', '@bufbuild/protobuf/wire'],
};

/** The other entries that run on workers and edge runtimes, likewise. */
const EDGE_ENTRIES: typeof BROWSER_ENTRIES = {
  'src/http/fetch/index.ts': [],
  'src/soap/client.ts': ['saxes'],
  'src/soap/server.ts': ['saxes'],
  'src/webhook/client.ts': ['saxes'],
  'src/rest/server.ts': ['multipasta'],
  'src/graphql/server.ts': ['graphql', 'graphql-jit', 'multipasta', 'ws'],
  'src/mcp/server.ts': [],
  'src/grpc/connect/server.ts': ['@bufbuild/protobuf/wire'],
};

/**
 * The layers, from the ground up. A file knows its own layer and those above it in this list; layers of one row do not know each other.
 * Each is a folder of src, or a file.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['life'],
  ['peer'],
  ['stores'],
  ['schema'],
  ['events'],
  ['guard'],
  ['client', 'service'],
  ['http'],
  ['socket', 'xml'],
  PROTOCOLS,
  ['redis', 'postgres'],
  ['blog'],
  ['compose'],
  ['telemetry', 'tanstack', 'ofetch'],
  ['testing'],
  ['protocol.ts'],
  ['core.ts'],
  ['index.ts'],
  ['conformance'],
  ['protocols.ts'],
  ['serve'],
  ['import'],
  ['cli'],
];
/** What only programs and the top know: a protocol is given a transport and never makes a client or a service. */
const ENDS = ['client', 'service'];
const MAY_KNOW_ENDS = ['blog', 'compose', 'tanstack', 'testing', 'core.ts', 'index.ts', 'conformance', 'serve', 'cli'];

const layerOf = (file: string): string => file.split('/')[1] ?? '';

function rankOf(layer: string): number {
  const rank = LAYERS.findIndex((row) => row.includes(layer));
  if (rank === -1) throw new Error(`src/${layer}: give it a place in LAYERS of test/rules.test.ts and in ARCHITECTURE.md`);
  return rank;
}

function mayKnow(from: string, to: string): boolean {
  if (from === to) return true;
  if (ENDS.includes(to)) return MAY_KNOW_ENDS.includes(from);
  return rankOf(to) < rankOf(from);
}

const files = sourceFiles('src');

describe('dependencies point to the layers below', () => {
  it.each(files)('%s', (file) => {
    const upward = importsOf(file)
      .filter(({ target, local }) => local && !mayKnow(layerOf(file), layerOf(target)))
      .map(({ target }) => `${file} (${layerOf(file)}) imports ${target} (${layerOf(target)})`);
    expect(upward).toEqual([]);
  });

  it('has no circle of imports, type imports included', () => {
    expect(circles(files)).toEqual([]);
  });
});

/** The circles of imports among files: each as the path that closes it. */
function circles(among: readonly string[]): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) return void found.push([...path.slice(start), file].join(' -> '));
    if (done.has(file)) return;
    for (const { target, local } of importsOf(file)) if (local) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of among) visit(file, []);
  return found;
}

describe('files', () => {
  it.each(PROTOCOLS.filter((name) => existsSync(join(ROOT, 'src', name))))('src/%s has the five nouns', (name) => {
    expect(NOUNS.filter((noun) => !existsSync(join(ROOT, 'src', name, noun)))).toEqual([]);
  });

  it(`no folder of src holds more than ${MAX_FILES} files beside its subfolders`, () => {
    const perFolder = new Map<string, number>();
    for (const file of files) {
      const folder = file.slice(0, file.lastIndexOf('/'));
      perFolder.set(folder, (perFolder.get(folder) ?? 0) + 1);
    }
    expect([...perFolder].filter(([, count]) => count > MAX_FILES)).toEqual([]);
  });

  it(`none in src is over ${MAX_LINES} lines`, () => {
    const lines = (file: string) => readFileSync(join(ROOT, file), 'utf8').trimEnd().split('\n').length;
    expect(files.filter((file) => lines(file) > MAX_LINES)).toEqual([]);
  });

  it('none in src has a cast or an exception from lint more than there were', () => {
    const text = files
      .map((file) => readFileSync(join(ROOT, file), 'utf8').replaceAll(/^\s*(?:\/\*\*|\*|\/\/ (?!eslint)).*$/gm, ''))
      .join('\n');
    expect(text.match(/\bas (?:unknown as|never\b|any\b)/g)?.length ?? 0).toBeLessThanOrEqual(MAX_CASTS);
    expect(text.match(/eslint-disable(?!.* -- )|@ts-(?:expect-error|ignore|nocheck)/g) ?? []).toEqual([]);
    expect(text.match(/eslint-disable/g)?.length ?? 0).toBeLessThanOrEqual(MAX_EXCEPTIONS);
  });

  it('none in test has a test outside of a describe, which says what of', () => {
    const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
    expect(tests.filter((file) => /^(test|it)[.(]/m.test(readFileSync(join(ROOT, 'test', file), 'utf8')))).toEqual([]);
  });

  it(`none in test is over ${MAX_LINES} lines, unless it was generated`, () => {
    const all = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
    const tests = all.filter((file) => /\.(ts|mjs|py)$/.test(file) && !file.includes('generated'));
    const lines = (file: string) =>
      readFileSync(join(ROOT, 'test', file), 'utf8')
        .trimEnd()
        .split('\n').length;
    expect(tests.filter((file) => lines(file) > MAX_LINES)).toEqual([]);
  });
});

describe('what an entry loads', () => {
  const inBrowser: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(manifest.imports).map(([name, conditions]) => [name, sourceOf(conditions['browser'] ?? '') ?? '']),
  );

  it.each(Object.entries({ ...BROWSER_ENTRIES, ...EDGE_ENTRIES }).filter(([entry]) => existsSync(join(ROOT, entry))))(
    '%s loads no node: module and no library beside zod and %j',
    (entry, packages) => {
      const { modules } = loadedBy(entry, inBrowser);
      expect(modules.filter((name) => !/^zod(\/|$)/.test(name) && !packages.includes(name))).toEqual([]);
    },
  );

  it('is not the class of files, unless a contract calls `file()`: what is loaded later takes it from schema/codec/file-class', () => {
    const files = new Set(Object.keys(BROWSER_ENTRIES).flatMap((entry) => loadedBy(entry, inBrowser).files));
    const bringers = [...files].filter((file) =>
      importsOf(file).some(({ target, typeOnly }) => target === 'src/schema/codec/file-body.ts' && !typeOnly),
    );
    expect(bringers.sort()).toEqual(['src/core.ts', 'src/schema/codec/file.ts']);
  });
});

describe('the package', () => {
  it('has a lock file without download addresses, so that any registry will do', () => {
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    expect(lock.match(/"resolved": .*|https?:\/\/[^"]*\.tgz/g) ?? []).toEqual([]);
  });

  it('has a lock file that lists every platform of an optional dependency, or npm ci refuses it elsewhere', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const optional = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).map((name) => ({ path, name })),
    );
    const found = ({ path, name }: { path: string; name: string }) =>
      `${path}/node_modules/${name}` in lock.packages || `node_modules/${name}` in lock.packages;
    expect(optional.filter((dependency) => !found(dependency))).toEqual([]);
  });

  it('installs without running scripts', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
  });

  it('builds every file that exports, imports and bin name', () => {
    const targets = [
      ...Object.entries(manifest.exports).flatMap(([name, target]) => (typeof target === 'string' ? [] : [[name, target['default']]])),
      ...Object.entries(manifest.imports).flatMap(([name, conditions]) =>
        Object.entries(conditions).flatMap(([condition, target]) => (condition === SOURCE ? [] : [[name, target]])),
      ),
      ...Object.entries(manifest.bin),
    ] as [string, string][];
    const { entry } = tsup as { entry: Record<string, string> };
    expect(targets.filter(([, target]) => !Object.values(entry).includes(sourceOf(target) ?? ''))).toEqual([]);
    expect(Object.values(entry).filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });

  it.each(Object.entries(manifest.exports).filter(([, target]) => typeof target !== 'string'))(
    'types of %s lie beside its code',
    (_, target) => {
      const conditions = target as Record<string, string>;
      const names = Object.keys(conditions);
      expect([names[0], names.at(-1)]).toEqual(['types', 'default']);
      // Runtimes may have a file of their own.
      for (const name of names.slice(1, -1)) expect(['workerd', 'edge-light', 'browser']).toContain(name);
      expect(conditions['types']).toBe(conditions['default']?.replace(/\.js$/, '.d.ts'));
    },
  );

  it.each(Object.entries(exportedSources()))('%s is %s for tsc and tsx too', (name, source) => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, ROOT);
    const [, best] = Object.entries(options.paths ?? {})
      .map(([pattern, targets]) => [matchOf(pattern, name), targets[0] ?? ''] as const)
      .filter(([match]) => match !== undefined)
      .sort(([a], [b]) => (a?.length ?? 0) - (b?.length ?? 0))
      .map(([match, target]) => [match, target.replace('*', match ?? '')] as const)
      .at(0) ?? [undefined, undefined];
    expect(best).toBe(`./${source}`);
  });

  it('exports its entries in one order: the root, the protocols in their order, the rest by name', () => {
    const rank = (name: string): string => {
      const [, room = '', entry = ''] = name.split('/');
      const at = (PROTOCOLS as readonly string[]).indexOf(room);
      if (name === './package.json') return '9';
      if (name === '.' || name === './core') return `0 ${name}`;
      return at === -1 ? `2 ${name}` : `1 ${at} ${entry === '' ? 0 : entry === 'server' ? 1 : 2} ${name}`;
    };
    const names = Object.keys(manifest.exports);
    expect(names).toEqual([...names].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)));
  });

  it.each(Object.entries(exportedSources()))('%s is a module of that name in the reference', (name, source) => {
    expect(readFileSync(join(ROOT, source), 'utf8')).toMatch(new RegExp(`^(#!.*\n)?/\\*\\*[^/]*@module ${name}\n`));
  });
});

/** What `*` stands for where `pattern` fits `name`: empty for a pattern without one. */
function matchOf(pattern: string, name: string): string | undefined {
  const [start = '', end] = pattern.split('*');
  if (end === undefined) return pattern === name ? '' : undefined;
  return name.startsWith(start) && name.endsWith(end) ? name.slice(start.length, name.length - end.length) : undefined;
}
