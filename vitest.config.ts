import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { exportedSources, manifest, sourceOf } from './scripts/entries.ts';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// The names that users import are tested on the sources, as in tsconfig's `paths`; exact, so that `multi-api-sdk` does not swallow `multi-api-sdk/rest`.
const exact = (name: string, source: string) => ({ find: new RegExp(`^${name.replace(/[/#-]/g, '\\$&')}$`), replacement: file(source) });

export default defineConfig({
  resolve: {
    alias: [
      // As Node does, and the packages that require it: a second copy, which Vite would choose, does not know the first one's types.
      { find: /^graphql$/, replacement: createRequire(import.meta.url).resolve('graphql') },
      ...Object.entries(exportedSources()).map(([name, source]) => exact(name, source)),
      ...Object.entries(manifest.imports).map(([name, conditions]) =>
        exact(name, sourceOf(conditions['node'] ?? conditions['default'] ?? '') ?? ''),
      ),
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // A test that leaves a rejected promise or throws in a callback fails the run.
    dangerouslyIgnoreUnhandledErrors: false,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
