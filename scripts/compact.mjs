// Takes the spaces and comments out of dist, which are a fifth of an install: the last step of `npm run build`. Names stay, and so do lines, one
// for each statement, so that a stack leads to its place. Notes for bundlers stay (`@__PURE__`), which is why it is not esbuild that does this.
// Types keep their comments, which editors show.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { minify } from 'terser';

const dist = join(import.meta.dirname, '../dist');
const SAFE = [
  'booleans',
  'comparisons',
  'computed_props',
  'conditionals',
  'dead_code',
  'evaluate',
  'if_return',
  'join_vars',
  'properties',
  'unused',
];
const compress = { defaults: false, ...Object.fromEntries(SAFE.map((name) => [name, true])) };
const format = { comments: false, preserve_annotations: true, semicolons: false, max_line_len: 200, ecma: 2020, shebang: true };
let [before, after] = [0, 0];
for (const file of await readdir(dist, { recursive: true })) {
  if (!/\.(js|d\.ts)$/.test(file)) continue;
  const text = await readFile(join(dist, file), 'utf8');
  const compact = file.endsWith('.js') ? `${(await minify(text, { module: true, compress, mangle: false, format })).code}\n` : tabbed(text);
  await writeFile(join(dist, file), compact);
  before += text.length;
  after += compact.length;
}
console.log(`dist: ${Math.round(before / 1024)} KiB, compact ${Math.round(after / 1024)} KiB`);

function tabbed(text) {
  return text.replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4));
}
