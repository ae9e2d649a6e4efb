import { dirname, join } from 'node:path';
import { defineConfig } from 'tsup';
import { buildEntries } from './scripts/entries.ts';

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
  dts: true,
  sourcemap: true,
  clean: true,
  // Dependencies and peers are external by themselves. `#…` stay subpath imports (with `skipNodeModulesBundle` tsconfig's paths would win), so
  // that the conditions in package.json choose the carrier where the program runs.
  external: [/^#/, /^node:/],
  // graphql-jit is in the bundle, beside our graphql: installed by itself it would take the newest graphql that a project has, and compile
  // nothing for a schema of ours, in silence.
  noExternal: ['graphql-jit'],
  esbuildPlugins: [
    {
      name: 'graphql-jit',
      setup(build) {
        // Its modules import each other by the names of their CommonJS twins, which cannot share the graphql that is imported here.
        build.onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, importer }) =>
          /graphql-jit[\\/]dist[\\/].*\.mjs$/.test(importer) ? { path: join(dirname(importer), path.replace(/\.js$/, '.mjs')) } : undefined,
        );
        // It is for an option that is not used here, and brings 40 packages.
        build.onResolve({ filter: /^fast-json-stringify$/ }, () => ({ path: 'fast-json-stringify', namespace: 'left-out' }));
        build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'export default undefined;' }));
      },
    },
  ],
  esbuildOptions(options) {
    options.mainFields = ['module', 'main'];
  },
});
