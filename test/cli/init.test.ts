import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { petstore2 } from '../import/petstores.ts';
import { CLI, finish, killAll, start, type Result } from '../support/program.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeAll(async () => {
  // In the repository, where zod is found without an installation.
  folder = await mkdtemp(join(ROOT, 'test/.init-'));
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true, force: true });
});

const init = (...args: readonly string[]): Promise<Result> => finish(start([CLI, 'init', ...args]));

/** Runs the tests of a project; `multi-api-sdk` is the sources of this repository. */
async function proved(project: string): Promise<void> {
  const tested = await finish(
    start(['--test', '--test-reporter', 'tap', join(project, 'test/service.test.ts')], { TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json') }),
  );
  expect(tested.stdout).toMatch(/^# fail 0$/m);
  expect(tested.code).toBe(0);
}

describe('init', () => {
  test('makes a small blog that passes its own tests', async () => {
    const { code, stdout, stderr } = await init(join(folder, 'blog'), '--no-install');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/● blog: 9 files in .*npm install\n {2}npm test\n {2}npm start\n/s);
    const { name, dependencies } = JSON.parse(await readFile(join(folder, 'blog/package.json'), 'utf8')) as { readonly name: string; readonly dependencies: Readonly<Record<string, string>> }; // prettier-ignore
    expect(name).toBe('blog');
    expect(dependencies['multi-api-sdk']).toMatch(/^\^\d/);
    await proved(join(folder, 'blog'));
  });

  test('says what to do next if npm cannot install', async () => {
    // Nobody answers at this registry.
    const registry = { npm_config_registry: 'http://127.0.0.1:1', npm_config_fetch_retries: '0', npm_config_cache: join(folder, 'cache') };
    const { code, stdout, stderr } = await finish(start([CLI, 'init', join(folder, 'offline')], registry));
    expect(code).toBe(1);
    expect(stderr).toContain('The files are there, but npm install failed');
    expect(stdout).toMatch(/npm install\n {2}npm test\n {2}npm start\n/);
  });

  test('begins with a description, whose operations answer with samples', async () => {
    const from = join(folder, 'petstore.json');
    await writeFile(from, JSON.stringify(petstore2));
    const { code, stderr } = await init(join(folder, 'pets'), '--from', from, '--name', '@acme/pets', '--no-install');
    expect([code, stderr]).toEqual([0, '']);
    await proved(join(folder, 'pets'));
    expect(await readFile(join(folder, 'pets/src/service.ts'), 'utf8')).toContain('mockService(contract, {})');
  });

  test('what it writes compiles', () => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, ROOT);
    const files = ['blog', 'pets'].flatMap((project) =>
      ['src/contract', 'src/service', 'src/client', 'src/serve', 'test/service.test'].map((file) => join(folder, project, `${file}.ts`)),
    );
    const program = ts.createProgram(files, { ...options, exactOptionalPropertyTypes: false });
    const found = files.flatMap((file) => program.getSemanticDiagnostics(program.getSourceFile(file)));
    expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))).toEqual([]);
  });

  test('overwrites nothing, and says what it cannot use', async () => {
    const there = join(folder, 'there');
    await mkdir(there);
    await writeFile(join(there, 'notes.txt'), 'mine');
    expect(await init(there)).toMatchObject({ code: 2, stderr: expect.stringMatching(/is not empty \(notes\.txt\): name a new folder/) });
    expect(await init(join(there, 'notes.txt'))).toMatchObject({ code: 2, stderr: expect.stringMatching(/notes\.txt is a file/) });
    expect(await init(join(folder, 'new'), '--name', 'No Name')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot be a package's name/),
    });
    expect(await init(join(folder, 'new'), '--from', 'missing.json')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is no such file/),
    });
  });
});
