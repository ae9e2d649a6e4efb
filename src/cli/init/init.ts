import { spawn } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { ImportError } from '../../import/index.ts';
import { isPackageName, UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { ownVersion } from '../help.ts';
import { painter } from '../terminal.ts';
import { blogProject } from './blog-project.ts';
import { describedProject } from './described-project.ts';
import { commonFiles, type Files } from './project.ts';

export const initCommand = defineCommand({
  name: 'init',
  summary: 'makes a project: contract, service, client and test',
  positionals: ['[folder]'],
  flags: {
    from: { type: 'string', value: '<file or url>', summary: 'a description to begin with (default a small blog)' },
    only: { type: 'string', value: '<names>', summary: 'of the description these operations', multiple: true },
    name: { type: 'string', value: '<name>', summary: "the package's name (default the folder's)" },
    sdk: { type: 'string', value: '<version>', summary: 'the multi-api-sdk that it depends on (default this one)' },
    'no-install': { type: 'boolean', summary: 'does not run npm install' },
  },
  notes: [
    'The project is TypeScript. `npm start` serves it, `npm run client` calls it, `npm test` tests it. With --from, the operations answer with samples of their schemas until they are written.',
    'Nothing is overwritten: the folder must be new or empty.',
  ],
  examples: [
    ['multi-api-sdk init shop', 'a small blog to change'],
    ['multi-api-sdk init petstore --from openapi.yaml', 'a service and a client of a description'],
  ],
  async run({ flags, positionals: [folder = '.'] }) {
    const root = resolve(folder);
    const name = flags.name ?? packageName(basename(root));
    if (!isPackageName(name)) throw new UsageError(`'${name}' cannot be a package's name: give one with --name`);
    const there = await entriesOf(root);
    if (there.length > 0) throw new UsageError(`${folder} is not empty (${there.slice(0, 3).join(', ')}): name a new folder`);
    let files: Files;
    try {
      const made = flags.from === undefined ? blogProject() : await describedProject(flags.from, flags.only, join(root, 'src/contract.ts'));
      files = { ...commonFiles({ name, sdk: flags.sdk ?? `^${ownVersion()}`, ...made }), ...made.files };
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      process.stderr.write(`${painter(process.stderr)('red', 'error:')} ${error.message}\n`);
      return 1;
    }
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text, { flag: 'wx' });
    }
    const paint = painter(process.stdout);
    const at = relative(process.cwd(), root) || '.';
    process.stdout.write(`${paint('green', '●')} ${paint('bold', name)}: ${Object.keys(files).length} files in ${at}.\n`);
    const isInstalled = !flags['no-install'] && (await install(root));
    if (!isInstalled && !flags['no-install'])
      process.stderr.write('\nThe files are there, but npm install failed: mend what it says above, and go on.\n');
    const steps = [...(at === '.' ? [] : [`cd ${at}`]), ...(isInstalled ? [] : ['npm install']), 'npm test', 'npm start'];
    process.stdout.write(`\nNext:\n\n${steps.map((step) => `  ${paint('bold', step)}\n`).join('')}`);
    return isInstalled || flags['no-install'] ? 0 : 1;
  },
});

async function entriesOf(root: string): Promise<string[]> {
  try {
    return (await readdir(root)).filter((entry) => entry !== '.git');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') throw new UsageError(`${root} is a file`);
    throw error;
  }
}

function packageName(folder: string): string {
  return folder.toLowerCase().replace(/[^a-z0-9._~-]+/g, '-').replace(/^[._-]+|-+$/g, ''); // prettier-ignore
}

/** Whether npm installed what the project needs; it says itself what it cannot do. */
async function install(root: string): Promise<boolean> {
  const npm = spawn('npm', ['install', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  return new Promise((done) => {
    npm.once('error', () => {
      process.stderr.write('npm was not found: install the dependencies with the tool of your choice\n');
      done(false);
    });
    npm.once('exit', (code) => done(code === 0));
  });
}
