// Licences of third parties. `npm run licences` lists those of all packages that an install brings, and fails for one that asks more than to be
// named. The build calls it with `--bundled`: the texts of what is bundled in `dist` go into dist/LICENSES.txt, as those licences ask.
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
const PERMISSIVE = /^\(?(MIT|ISC|0BSD|BlueOak-1\.0\.0|Apache-2\.0|BSD-[23]-Clause|Unlicense|CC0-1\.0)( (AND|OR) [\w.-]+)*\)?$/;

if (process.argv.includes('--bundled')) {
  await writeFile(join(root, 'dist/LICENSES.txt'), await texts(await bundled()));
} else {
  const rows = installed();
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, version, license } of rows) console.log(`${name.padEnd(width)}  ${version.padEnd(10)}  ${license}`);
  const strange = rows.filter(({ license }) => !PERMISSIVE.test(license));
  console.log(`\n${rows.length} packages, with their licences`);
  for (const { name, license } of strange) console.error(`${name}: '${license}' is not a licence that was looked at`);
  if (strange.length > 0) process.exitCode = 1;
}

/** The packages of an install without optional peers, and zod. */
function installed() {
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
    .map(([path, { version, license }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 13),
      version,
      license: license ?? 'none',
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The packages whose code is in `dist`. esbuild names the file before its code, and scripts/graphiql.mjs lists its own. */
async function bundled() {
  const list = join(root, 'dist/graphiql/packages.json');
  const names = new Set(JSON.parse(await readFile(list, 'utf8')));
  await rm(list);
  const files = await readdir(join(root, 'dist'), { recursive: true });
  for (const file of files.filter((each) => each.endsWith('.js')))
    for (const [, name] of (await readFile(join(root, 'dist', file), 'utf8')).matchAll(/^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm))
      names.add(name);
  return [...names].sort();
}

/** Each licence once, under the names and copyrights of its packages. */
async function texts(names) {
  const owners = new Map();
  for (const name of names) {
    const folder = join(root, 'node_modules', name);
    const { version, license, author } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    if (!PERMISSIVE.test(license))
      throw new Error(`${name}, which is bundled, has the licence '${license}': leave it out, or allow the licence here`);
    const file = (await readdir(folder)).find((each) => /^licen[cs]e(\.|$)/i.test(each));
    const text = file ? (await readFile(join(folder, file), 'utf8')).trim() : `Author: ${author?.name ?? author ?? 'not named'}.`;
    const { rights, terms } = split(text);
    // The same words in lines of another length are the same licence.
    const key = terms.replace(/\W+/g, ' ').toLowerCase();
    const group = owners.get(key) ?? { terms, packages: [] };
    group.packages.push([`${name} ${version} (${license})`, ...rights].join('\n  '));
    owners.set(key, group);
  }
  const parts = [...owners.values()].map(({ terms, packages }) => `${packages.join('\n')}\n\n${terms}\n`);
  return ['Code of these packages is bundled in this folder, under their licences.\n', ...parts].join(`\n${'-'.repeat(80)}\n\n`);
}

/** The lines at the beginning that say whose it is, and what follows. The heading of the MIT licence is not part of either. */
function split(text) {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const end = lines.findIndex((line) => line !== '' && !/^copyright\b|^\(c\)|^(the )?mit licen[cs]e\b.*$/i.test(line));
  const head = lines.slice(0, Math.max(end, 0));
  return { rights: head.filter((line) => /^copyright|^\(c\)/i.test(line)), terms: text.split(/\r?\n/).slice(head.length).join('\n') };
}
