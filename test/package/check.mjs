// Packs the package, installs the tarball in an empty project as a user does, then compiles, runs and bundles against it.
// Needs `npm run build` before; npm's cache or a registry for zod and Node's types.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { checkMade } from './made.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const installed = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** Packages that no program loads by importing the root. Peers of later protocols are listed, so that none slips in. */
const NOT_IN_ROOT = /^(node:|#|undici|ofetch|graphql|ws$|isomorphic-ws|@grpc|soap|mqtt|aedes)/;

/** Entries whose types are an optional peer's, which their users have installed. */
const OF_PEERS = { './testing/msw': 'msw', './tanstack': '@tanstack/query-core', './telemetry': '@opentelemetry/api' };

/** The goal is 3 MiB. It may only become lower. */
const MAX_BYTES = 2.8 * 2 ** 20;

/** The oldest compiler that the README names, and the newest. */
const COMPILERS = { 'typescript-oldest': '5.4', 'typescript-newest': '7' };

const folder = mkdtempSync(join(tmpdir(), 'multi-api-sdk-'));
try {
  cpSync(join(root, 'test/package/fixture'), folder, { recursive: true });
  const [{ filename, files, size, unpackedSize }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  );

  step(`tarball: ${files.length} files, ${(size / 1024).toFixed(0)} kB`, () => {
    const strange = files
      .map(({ path }) => path)
      .filter(
        (path) => !/^(dist|sql|examples|docs\/(guides|protocols))\/|^(package\.json|LICENSE|[A-Z]+\.md|docs\/measurements\.md)$/.test(path),
      );
    assert.deepEqual(strange, [], 'files that nobody needs');
    const packed = new Set(files.map(({ path }) => path));
    const links = [...packed]
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) =>
        [...readFileSync(join(root, page), 'utf8').matchAll(/\]\((?![a-z]+:)([^)#\s]+)/g)].map(([, to]) => join(dirname(page), to)),
      );
    assert.ok(links.length > 100, 'pages have links');
    assert.deepEqual(
      links.filter((to) => ![...packed].some((path) => path === to || path.startsWith(`${to}/`))),
      [],
      'links to files that are not packed',
    );
    const graphiql = ['app.js.br', 'app.css.br'];
    for (const path of ['LICENSE', 'CHANGELOG.md', 'dist/LICENSES.txt', ...graphiql.map((name) => `dist/graphiql/${name}`)])
      assert.ok(
        files.some((file) => file.path === path),
        `${path} is packed`,
      );
    assert.ok(unpackedSize < MAX_BYTES, `unpacked it weighs ${(unpackedSize / 2 ** 20).toFixed(2)} MiB`);
    const modes = files.filter(({ path }) => Object.values(manifest.bin).includes(path));
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o111),
      modes.map(() => 0o111),
      'commands are executable',
    );
  });

  // The types of an entry that is built on an optional peer are that package's.
  const entries = Object.keys(manifest.exports).filter((name) => name !== './package.json' && !(name in OF_PEERS));
  writeEntries('entries.ts', entries);

  step('installs, and zod comes as a peer', () => {
    npmInstall(`./${filename}`, `@types/node@${installed('@types/node')}`);
    const { version } = JSON.parse(readFileSync(join(folder, 'node_modules/zod/package.json'), 'utf8'));
    assert.match(version, /^4\./);
  });

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    step(`compiles with moduleResolution ${moduleResolution}`, () => {
      compile({ module, moduleResolution, types: ['node'] }, 'everything.ts', 'entries.ts');
      compile({ module, moduleResolution, types: [] }, 'browser.ts');
    });
  }

  npmInstall(...Object.entries(COMPILERS).map(([name, version]) => `${name}@npm:typescript@${version}`));
  for (const [name, version] of Object.entries(COMPILERS)) {
    step(`compiles with TypeScript ${version}`, () => {
      const compiler = join(folder, 'node_modules', name, 'lib/tsc.js');
      const options = { module: 'nodenext', moduleResolution: 'nodenext', types: ['node'] };
      compileOurs(compiler, options, 'everything.ts', 'entries.ts');
    });
  }

  step('runs', () => run(process.execPath, ['run.mjs']));

  step('has a command that starts', () => run('npx', ['--no-install', 'multi-api-sdk', '--help']));

  const bundled = await build({ ...bundle('browser.ts'), platform: 'browser', conditions: ['browser'] });
  step('bundles for a browser, without undici and Node', () => {
    const inputs = Object.keys(bundled.metafile.inputs).join('\n');
    assert.doesNotMatch(inputs, /node_modules\/undici|light-fetch|\(disabled\)/);
    assert.match(inputs, /platform-fetch/);
    console.log(`  ${(bundled.outputFiles[0].contents.length / 1024).toFixed(1)} kB minified`);
  });

  const graph = await build({ ...bundle('node_modules/multi-api-sdk/dist/index.js'), platform: 'node', packages: 'external' });
  step('loads no protocol library with the root', () => {
    const externals = Object.values(graph.metafile.inputs).flatMap(({ imports }) => imports.filter((i) => i.external).map((i) => i.path));
    assert.deepEqual(
      externals.filter((path) => NOT_IN_ROOT.test(path)),
      [],
    );
    assert.deepEqual(
      [...new Set(externals)].filter((path) => !/^(zod\/|eventemitter3$)/.test(path)),
      [],
    );
  });

  step('has entries that work once their optional peers are installed', () => {
    npmInstall(...Object.values(OF_PEERS).map((name) => `${name}@${installed(name)}`));
    writeEntries('entries.ts', Object.keys(OF_PEERS));
    compileOurs(tsc, { module: 'nodenext', moduleResolution: 'nodenext', types: ['node'] }, 'entries.ts');
    run(process.execPath, ['run.mjs', 'with-peers']);
  });

  await step('makes projects and SDKs that are tested, compiled and called', () =>
    checkMade({ folder, tarball: join(folder, filename), run }),
  );

  step('works in a project that has graphql 17 and graphql-jit', () => {
    npmInstall('graphql@17', `graphql-jit@${installed('graphql-jit')}`, `graphql-yoga@${installed('graphql-yoga')}`);
    writeEntries('entries.ts', entries);
    compile({ module: 'nodenext', moduleResolution: 'nodenext', types: ['node'] }, 'everything.ts', 'entries.ts');
    run(process.execPath, ['graphql-17.mjs']);
  });

  // Run, not compiled: declarations name types of the zod they were built with (`ZodMiniInt` came with 4.5).
  step('runs with the oldest zod it says it takes', () => {
    npmInstall(`zod@${manifest.peerDependencies.zod.replace('^', '')}`);
    run(process.execPath, ['run.mjs', 'with-peers']);
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function step(name, check) {
  console.log(`- ${name}`);
  return check();
}

/** Runs a program in the fixture; its output is shown where it fails. */
function run(file, args, cwd = folder) {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`${file} ${args.join(' ')} failed:\n${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
  }
}

function npmInstall(...packages) {
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...packages]);
}

/** Compiles files as strictly as a user may, our declarations included. */
function compile(options, ...files) {
  compileWith(tsc, options, ...files);
}

function compileWith(compiler, options, ...files) {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable', 'esnext.disposable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  run(process.execPath, [compiler, '-p', '.']);
}

/** Declarations of other packages may need a newer compiler or fewer checks, as `skipLibCheck` forgives; ours must not. */
function compileOurs(compiler, options, ...files) {
  try {
    compileWith(compiler, options, ...files);
  } catch (error) {
    const ours = String(error.message)
      .split('\n')
      .filter((line) => /error TS/.test(line) && !/^node_modules\/(?!multi-api-sdk\/)/.test(line));
    assert.deepEqual(ours, []);
    compileWith(compiler, { ...options, skipLibCheck: true }, ...files);
  }
}

/** A module that exports everything of these entries. */
function writeEntries(file, names) {
  writeFileSync(
    join(folder, file),
    names.map((name, index) => `export * as entry${index} from '${manifest.name}${name.slice(1)}';\n`).join(''),
  );
}

function bundle(entry) {
  return {
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'error',
  };
}
