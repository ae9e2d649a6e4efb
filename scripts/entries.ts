import { readFileSync } from 'node:fs';

/** The parts of package.json that say which files the package consists of. */
export interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

export const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;

/** Source file of a published one: `./dist/rest/client.js` is built from `src/rest/client.ts`; undefined for files that are not built. */
export function sourceOf(published: string): string | undefined {
  const match = /^(?:\.\/)?dist\/(.+)\.js$/.exec(published);
  return match ? `src/${match[1]}.ts` : undefined;
}

/** What users import, by name: `multi-api-sdk/rest` is `src/rest/client.ts`. */
export function exportedSources(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const source = typeof target === 'string' ? sourceOf(target) : sourceOf(target['default'] ?? '');
    if (source) found[subpath.replace(/^\./, 'multi-api-sdk')] = source;
  }
  return found;
}

/** The sources whose declarations a user's program needs, by their names in dist. */
export function declaredEntries(): Record<string, string> {
  return named(Object.values(exportedSources()));
}

/** The files that must exist in dist under their own names, because package.json names them: exports, imports and bin. */
export function buildEntries(): Record<string, string> {
  const targets = [
    ...Object.values(exportedSources()),
    // What pages get instead.
    ...Object.values(manifest.exports).map((target) => (typeof target === 'string' ? undefined : sourceOf(target['browser'] ?? ''))),
    ...Object.values(manifest.imports).flatMap((conditions) => Object.values(conditions).map(sourceOf)),
    ...Object.values(manifest.bin).map(sourceOf),
  ];
  return named(targets.filter((source) => source !== undefined));
}

function named(sources: readonly string[]): Record<string, string> {
  return Object.fromEntries(sources.map((source) => [source.replace(/^src\/(.+)\.ts$/, '$1'), source]));
}
