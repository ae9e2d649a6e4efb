// Builds the site into docs/api: `npm run docs`. Two pages are made first, by calling the Blog over every protocol: what goes over the wire, and
// what it costs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { whichProtocolPage } from './which-protocol-page.ts';
import { wirePage } from './wire-page.ts';

const root = join(import.meta.dirname, '..');
mkdirSync(join(root, 'docs/site'), { recursive: true });
writeFileSync(join(root, 'docs/site/on-the-wire.md'), await wirePage());
writeFileSync(join(root, 'docs/site/which-protocol.md'), whichProtocolPage(root));
const typedoc = join(dirname(createRequire(import.meta.url).resolve('typedoc/package.json')), 'bin/typedoc');
const { status } = spawnSync(process.execPath, [typedoc], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
