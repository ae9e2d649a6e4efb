import { defineConfig } from 'tsup';
import { buildEntries } from './scripts/entries.ts';

export default defineConfig({
  // What package.json exports is what is built: there is no second list to forget.
  entry: buildEntries(),
  format: 'esm',
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
});
