import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from '../support/source-graph.ts';

const LINKS = { homepage: 'https://example.com/acme', bugs: 'https://example.com/acme/issues', repository: 'acme/tasks' };
let folder: string;
const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
const release = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...args], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
};
const manifest = () => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'));
  mkdirSync(join(folder, 'scripts'));
  cpSync(join(ROOT, 'scripts/release.mjs'), join(folder, 'scripts/release.mjs'));
  write('package.json', JSON.stringify({ name: 'acme-tasks', version: '0.1.0', ...LINKS }));
  write('package-lock.json', JSON.stringify({ name: 'acme-tasks', version: '0.1.0', lockfileVersion: 3, packages: {} }));
  write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- Tasks.\n\n## [0.0.1] - 2026-01-01\n\n- Nothing.\n');
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Acme');
  git('config', 'user.email', 'acme@example.com');
  git('add', '-A');
  git('commit', '-q', '-m', 'Begin');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('npm run release', () => {
  it('makes the version, its part of the changelog, a commit, a tag and a tarball, and says how to publish', () => {
    const { status, stdout, stderr } = release('0.2.0', '--checked');
    expect([status, stderr, manifest().version]).toEqual([0, expect.any(String), '0.2.0']);
    expect(readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')).toMatch(
      /## \[Unreleased\]\n\n## \[0\.2\.0\] - \d{4}-\d\d-\d\d\n\n- Tasks\.\n\n## \[0\.0\.1\]/,
    );
    expect([git('log', '-1', '--format=%s'), git('tag', '--points-at', 'HEAD')]).toEqual(['Release 0.2.0', 'v0.2.0']);
    expect(existsSync(join(folder, 'acme-tasks-0.2.0.tgz'))).toBe(true);
    expect(stdout).toContain('npm publish acme-tasks-0.2.0.tgz --provenance');
  });

  it('counts from the version of today, and changes nothing in a dry run', () => {
    for (const [wanted, version] of Object.entries({ major: '1.0.0', minor: '0.2.0', patch: '0.1.1', '0.1.0': '0.1.0' })) {
      const { status, stdout } = release(wanted, '--dry-run');
      expect([status, stdout.split('\n')[0]]).toEqual([0, `acme-tasks 0.1.0 → ${version}`]);
    }
    expect([git('status', '--porcelain'), git('tag')]).toEqual(['', '']);
  });

  it('says what stands in the way', () => {
    expect(release()).toMatchObject({ status: 1, stderr: expect.stringContaining('say which version') });
    expect(release('0.0.9')).toMatchObject({ status: 1, stderr: expect.stringContaining('0.0.9 is below 0.1.0') });
    git('tag', 'v0.2.0');
    write('package.json', JSON.stringify({ name: 'acme-tasks', version: '0.1.0', ...LINKS, repository: 'OWNER/tasks' }));
    write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n## [0.0.1] - 2026-01-01\n\n- Nothing.\n');
    git('checkout', '-q', '-b', 'other');
    const { status, stderr } = release('0.2.0');
    expect(status).toBe(1);
    for (const problem of ['has changes', 'on main', 'v0.2.0 is there already', 'nothing under "Unreleased"', 'OWNER'])
      expect(stderr).toContain(problem);
  });
});

describe('npm run licences', () => {
  it('names the licence of every package that an install brings', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/licences.mjs')], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^mqtt +\d+\.\d+\.\d+ +MIT$/m);
    expect(stdout).toMatch(/^@grpc\/grpc-js +\d+\.\d+\.\d+ +Apache-2\.0$/m);
  });
});
