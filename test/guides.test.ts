import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GUIDES = join(ROOT, 'docs/guides');
let folder: string;

beforeAll(async () => {
  // Within the repository, where the package's name and zod are found.
  folder = await mkdtemp(join(ROOT, 'test/.guides-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

for (const name of await readdir(GUIDES)) {
  test(`the program in ${name} prints what the guide says`, { timeout: 60_000 }, async () => {
    const text = await readFile(join(GUIDES, name), 'utf8');
    const program = /```ts\n([^]*?)```/.exec(text)?.[1];
    const output = /It prints\n\n```\n([^]*?)```/.exec(text)?.[1];
    if (program === undefined || output === undefined) throw new Error(`${name} has no program, or does not say what it prints`);
    const file = join(folder, `${name}.ts`);
    await writeFile(file, program);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: ROOT });
    expect([stdout, stderr]).toEqual([output, '']);
  });
}
