// Makes a release of what CHANGELOG.md has under "Unreleased": `npm run release -- 0.2.0`, or `major`, `minor`, `patch`; `--dry-run` only looks.
// Checks the work tree, the version and the places that the owner fills in, runs everything that CI runs, then commits, tags and packs. It does not
// publish: that is for CI, where npm can sign where the package was made (https://docs.npmjs.com/generating-provenance-statements).
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean' }, checked: { type: 'boolean' } },
});
const read = (name) => readFileSync(join(root, name), 'utf8');
const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const manifest = JSON.parse(read('package.json'));
const changelog = read('CHANGELOG.md');

const version = nextVersion(manifest.version, positionals[0]);
const problems = [
  git('status', '--porcelain') !== '' && 'the work tree has changes: commit them, or take them back',
  git('rev-parse', '--abbrev-ref', 'HEAD') !== 'main' && 'a release is made on main',
  git('tag', '--list', `v${version}`) !== '' && `the tag v${version} is there already`,
  !/\S/.test(unreleased()) && 'CHANGELOG.md has nothing under "Unreleased"',
  JSON.stringify([manifest.repository, manifest.homepage, manifest.bugs]).includes('OWNER') &&
    'package.json: write the owner of the repository in repository, homepage and bugs, which say OWNER',
].filter(Boolean);
if (problems.length > 0) fail(problems.join('\n'));
console.log(`${manifest.name} ${manifest.version} → ${version}`);
if (values['dry-run']) {
  console.log(`${unreleased().trim()}\n\nNothing was changed.`);
} else {
  // CI has done so where it calls this.
  if (!values.checked) execFileSync('bash', ['.ci/run'], { cwd: root, stdio: 'inherit' });
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(join(root, 'CHANGELOG.md'), changelog.replace('## [Unreleased]\n', `## [Unreleased]\n\n## [${version}] - ${day}\n`));
  execFileSync('npm', ['version', version, '--no-git-tag-version', '--allow-same-version', '--ignore-scripts'], {
    cwd: root,
    stdio: 'inherit',
  });
  git('add', 'package.json', 'package-lock.json', 'CHANGELOG.md');
  git('commit', '-m', `Release ${version}`);
  git('tag', '-a', `v${version}`, '-m', `${manifest.name} ${version}`);
  execFileSync('npm', ['pack', '--ignore-scripts'], { cwd: root, stdio: 'inherit' });
  console.log(
    `\nNext:\n  git push --follow-tags\n  npm publish ${manifest.name}-${version}.tgz --provenance --access public    (in CI, with an identity token)`,
  );
}

function nextVersion(now, wanted) {
  const parts = now.split('.').map(Number);
  const at = ['major', 'minor', 'patch'].indexOf(wanted);
  if (at >= 0) return parts.map((part, index) => (index < at ? part : index === at ? part + 1 : 0)).join('.');
  if (!/^\d+\.\d+\.\d+$/.test(wanted ?? '')) fail('say which version: npm run release -- 0.2.0, or major, minor or patch');
  const next = wanted.split('.').map(Number);
  const difference = next.map((part, index) => part - parts[index]).find((each) => each !== 0) ?? 0;
  // The version that package.json has may not be released yet: then it has no tag.
  if (difference < 0) fail(`${wanted} is below ${now}`);
  return wanted;
}

/** What stands between the heading and the next of its level. */
function unreleased() {
  return /^## \[Unreleased\]\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog)?.[1] ?? '';
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
