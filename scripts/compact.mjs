// Takes the spaces, comments and names of local variables out of dist, which are a third of it: the last step of `npm run build`. Names of
// functions, classes and members stay, and so do lines, one for each statement, so that a stack leads to its place. Notes for bundlers stay
// (`@__PURE__`), which is why it is not esbuild that does this.
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
const mangle = { toplevel: false, keep_fnames: true, keep_classnames: true };
const format = { comments: false, preserve_annotations: true, semicolons: false, max_line_len: 200, ecma: 2020, shebang: true };
let [before, after] = [0, 0];
for (const file of await readdir(dist, { recursive: true })) {
  if (!/\.(js|d\.ts)$/.test(file)) continue;
  const text = await readFile(join(dist, file), 'utf8');
  const compact = file.endsWith('.js') ? `${(await minify(text, { module: true, compress, mangle, format })).code}\n` : tabbed(text);
  await writeFile(join(dist, file), compact);
  before += text.length;
  after += compact.length;
}
console.log(`dist: ${Math.round(before / 1024)} KiB, compact ${Math.round(after / 1024)} KiB`);

function tabbed(text) {
  return text.replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4));
}
