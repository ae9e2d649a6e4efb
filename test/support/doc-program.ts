import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the first program below a heading of a page in docs/protocols; gives what it printed, and what the page says that it prints. */
export async function runDocProgram(page: string, heading: string): Promise<{ readonly printed: string; readonly promised: string }> {
  const text = await readFile(join(ROOT, 'docs/protocols', page), 'utf8');
  const part = text.slice(text.indexOf(`\n## ${heading}\n`));
  const program = /```ts\n(import [^]*?)```/.exec(part)?.[1];
  const promised = /It prints\n\n```\n([^]*?)```/.exec(part)?.[1];
  if (program === undefined || promised === undefined)
    throw new Error(`${page}: no program below '${heading}', or it does not say what it prints`);
  // Within the repository, in which the package's name and zod are found.
  const folder = await mkdtemp(join(ROOT, 'test/.guides-'));
  try {
    const file = join(folder, 'program.ts');
    await writeFile(file, program);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: ROOT });
    return { printed: stdout + stderr, promised };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
