import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const GOAL_KIB = 16;

/** What a browser downloads for a program, minified and gzipped, in KiB. */
async function size(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // The package as it is published: this folder's paths lead to the sources.
    tsconfigRaw: {},
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length / 1024;
}

const rows = {
  'createClient + rest + the Blog contract': await size(`
    import { createClient } from 'multi-api-sdk';
    import { rest } from 'multi-api-sdk/rest';
    globalThis.blog = createClient({ transport: rest({ url: '/' }) });`),
  'of it the Blog contract, with zod': await size(`import { blogContract } from 'multi-api-sdk'; globalThis.contract = blogContract;`),
  'for comparison: zod/mini, z.object of z.string': await size(
    `import * as z from 'zod/mini'; globalThis.schema = z.object({ a: z.string() });`,
  ),
  "for comparison: import { z } from 'zod'": await size(`import { z } from 'zod'; globalThis.schema = z.object({ a: z.string() });`),
};
console.log(`\nBrowser bundle, esbuild, minified and gzipped; the goal is ${GOAL_KIB} KiB for the first`);
console.table(Object.fromEntries(Object.entries(rows).map(([what, kib]) => [what, { KiB: kib.toFixed(1) }])));
