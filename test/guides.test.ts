import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBlogService } from '../src/blog/index.ts';
import { listen } from '../src/http/index.ts';
import { restHandler } from '../src/rest/server.ts';
import { killAll, start, stop } from './support/program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const GUIDES = join(ROOT, 'docs/guides');
let folder: string;

beforeAll(async () => {
  // Within the repository, where the package's name and zod are found.
  folder = await mkdtemp(join(ROOT, 'test/.guides-'));
});
afterAll(async () => {
  killAll();
  await rm(folder, { recursive: true, force: true });
});

/** Tables have no program. */
const TABLES = ['README.md', 'from-0.1.0.md', 'words.md'];
const names = (await readdir(GUIDES)).filter((name) => !TABLES.includes(name));

describe('the programs of all pages', () => {
  test('the programs of the guides and the README compile', { timeout: 180_000 }, async () => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, ROOT);
    const texts = await Promise.all(
      [join(ROOT, 'README.md'), ...names.map((name) => join(GUIDES, name))].map((path) => readFile(path, 'utf8')),
    );
    // What imports nothing, or only a part of what it uses, is no program but a piece of one.
    const programs = texts.flatMap((text) => [...text.matchAll(/```ts\n([^]*?)```/g)].map(([, program = '']) => program)).filter(isProgram);
    const files = await Promise.all(
      programs.map(async (program, at) => {
        const file = join(folder, `program-${at}.ts`);
        await writeFile(file, program);
        return file;
      }),
    );
    const messages = ts
      .getPreEmitDiagnostics(ts.createProgram(files, options))
      .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
    expect(messages).toEqual([]);
    expect(files.length).toBeGreaterThan(names.length);
  });
});

function isProgram(text: string): boolean {
  return text.startsWith('import { createClient') || text.startsWith('import { ApiError, createClient');
}

describe('the guides', () => {
  test.each(names)('the program in %s prints what the guide says', { timeout: 60_000 }, async (name) => {
    const text = await readFile(join(GUIDES, name), 'utf8');
    const program = /```ts\n([^]*?)```/.exec(text)?.[1];
    const output = /It prints\n\n```\n([^]*?)```/.exec(text)?.[1];
    if (program === undefined || output === undefined) throw new Error(`${name} has no program, or does not say what it prints`);
    const file = join(folder, `${name}.ts`);
    await writeFile(file, program);
    // A program may have further files, each in a block with its path.
    for (const [, path = '', part = ''] of text.matchAll(/```ts title=(\S+)\n([^]*?)```/g)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), part);
    }
    expect(await run(file)).toEqual([output, '']);
  });
});

describe('the README', () => {
  test('the program of the README runs', { timeout: 60_000 }, async () => {
    const program = /```ts\n([^]*?)```/.exec(await readFile(join(ROOT, 'README.md'), 'utf8'))?.[1] ?? '';
    const service = createBlogService();
    const server = await listen(restHandler(service));
    const file = join(folder, 'README.ts');
    await writeFile(file, program.replace('http://localhost:4000', server.url));
    const child = start([file]);
    // It listens until it is ended.
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.startsWith('heard')) break;
    }
    await stop(child, 'SIGTERM');
    expect(lines).toEqual(['john_doe', 'RESTful APIs 101', 'Building Scalable Web Applications', 'GraphQL Introduction', 'Advanced GraphQL Techniques', 'heard: Hello!']); // prettier-ignore
    await server.close();
    await service.close();
  });
});

async function run(file: string): Promise<[stdout: string, stderr: string]> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: ROOT });
  return [stdout, stderr];
}

describe('the guide to a protocol of your own', () => {
  test('the protocol of the guide is the example that passes the conformance cases', async () => {
    const guide = await readFile(join(GUIDES, 'your-own-protocol.md'), 'utf8');
    for (const [path, head] of Object.entries({ 'own-protocol.ts': 'ts', 'support/lines-server.ts': 'ts title=support/lines-server.ts' })) {
      const example = await readFile(join(ROOT, 'examples', path), 'utf8');
      expect(guide).toContain(`\`\`\`${head}\n${example.slice(example.indexOf('import'))}\`\`\``);
    }
  });
});

describe('the examples', () => {
  test('have under a hundred lines each', async () => {
    const files = (await readdir(join(ROOT, 'examples'), { recursive: true })).filter((name) => /\.(?:tsx?|py)$/.test(name));
    const long = await Promise.all(files.map(async (name) => ((await readFile(join(ROOT, 'examples', name), 'utf8')).split('\n').length > 100 ? [name] : []))); // prettier-ignore
    expect(long.flat()).toEqual([]);
    expect(files.length).toBeGreaterThan(25);
  });
});
