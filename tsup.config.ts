import { transform } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { defineConfig } from 'tsup';
import { buildEntries, declaredEntries } from './scripts/entries.ts';
import { together } from './scripts/together.ts';

export default defineConfig({
  // What package.json exports is what is built: there is no second list to forget.
  entry: buildEntries(),
  format: 'esm',
  // `node:fs` stays `node:fs`: Deno and workers know no other name.
  removeNodeProtocol: false,
  target: ['es2022', 'node20'],
  platform: 'neutral',
  // Shared chunks: `ApiError` and the registries exist once, whichever entries a program loads.
  splitting: true,
  dts: { entry: declaredEntries() },
  // Stacks name functions without them, and an install weighs less.
  sourcemap: false,
  clean: true,
  // Dependencies and peers are external by themselves. `#…` stay subpath imports (with `skipNodeModulesBundle` tsconfig's paths would win), so
  // that the conditions in package.json choose the carrier where the program runs.
  external: [/^#/, /^node:/],
  // graphql-jit is in the bundle, beside our graphql: installed by itself it would take the newest graphql that a project has, and compile
  // nothing for a schema of ours, in silence.
  noExternal: ['graphql-jit'],
  esbuildPlugins: [
    together(import.meta.dirname),
    {
      name: 'graphql-jit',
      setup(build) {
        // Its modules import each other by the names of their CommonJS twins, which cannot share the graphql that is imported here.
        build.onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, importer }) =>
          /graphql-jit[\\/]dist[\\/].*\.mjs$/.test(importer) ? { path: join(dirname(importer), path.replace(/\.js$/, '.mjs')) } : undefined,
        );
        // It is for an option that is not used here, and brings 40 packages.
        build.onResolve({ filter: /^fast-json-stringify$/ }, () => ({ path: 'fast-json-stringify', namespace: 'left-out' }));
        // The same function, which takes one more argument.
        build.onResolve({ filter: /^lodash\.merge$/ }, ({ resolveDir }) =>
          build.resolve('lodash.mergewith', { kind: 'import-statement', resolveDir }),
        );
        // Nobody reads it here.
        build.onLoad({ filter: /node_modules[\\/](graphql-jit|lodash)/ }, async ({ path }) => {
          const { code } = await transform(await readFile(path, 'utf8'), { minify: true, target: 'es2022' });
          return { contents: code };
        });
        build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default undefined;' }));
      },
    },
  ],
  plugins: [
    {
      name: 'no-bare-imports',
      // esbuild keeps the order of evaluation by `import './chunk.js'` of chunks that an entry takes nothing from. No module here does anything
      // when it is loaded, and a bundler that splits would take such an import for a reason to load a part at once that is to come later.
      renderChunk: (code) => ({ code: code.replace(/^import "\.{1,2}\/[^"\n]*";$/gm, '') }),
    },
  ],
  esbuildOptions(options) {
    options.mainFields = ['module', 'main'];
    // Files that only give types leave an import without names, which esbuild drops, because the package has no side effects: 150,000 lines.
    options.logOverride = { 'ignored-bare-import': 'silent' };
  },
});
