import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isPackageName, UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { ownVersion } from '../help.ts';
import { loadContract } from '../module.ts';
import { textTable } from '../check/text-table.ts';
import { counted, painter } from '../terminal.ts';
import { draftOfContract } from './contract-draft.ts';
import { packageFiles } from './package.ts';
import { ADAPTERS, type PackedProtocol } from './protocols.ts';

export const packCommand = defineCommand({
  name: 'pack',
  summary: 'writes a package with a client of your service, to be published',
  positionals: [],
  flags: {
    contract: { type: 'string', value: '<module>', summary: 'exports the contract (default the built-in Blog)' },
    name: { type: 'string', value: '<name>', summary: "the package's name: @acme/sdk" },
    protocols: {
      type: 'string',
      value: '<list>',
      summary: `of ${Object.keys(ADAPTERS).join(', ')}; the first is the default`,
      default: 'rest',
    },
    server: {
      type: 'string',
      value: '<url>',
      summary: 'the addresses of the service, a URL for each scheme (by default callers give them)',
      multiple: true,
    },
    brand: { type: 'string', value: '<Name>', summary: 'of createNameClient (default from the package)' },
    version: { type: 'string', value: '<version>', summary: "the package's version (default the contract's)" },
    sdk: { type: 'string', value: '<version>', summary: 'the multi-api-sdk that it depends on (default this one)' },
    out: { type: 'string', value: '<folder>', summary: 'the folder to write to; its dist is replaced', default: 'sdk' },
  },
  notes: [
    'The package is ESM with types of its own, one entry for each protocol, a README and a test. npm test runs it, npm publish publishes it.',
    'Schemas are checked in the client as the contract has them, but for refinements and transforms, which are functions and stay with the service.',
  ],
  examples: [
    [
      'multi-api-sdk pack --contract ./contract.js --protocols rest --name @acme/sdk --server https://api.acme.com',
      'createAcmeClient({ apiKey })',
    ],
  ],
  async run({ flags }) {
    const { name, out } = flags;
    if (name === undefined) throw new UsageError('which name? multi-api-sdk pack --name @acme/sdk');
    if (!isPackageName(name)) throw new UsageError(`'${name}' cannot be a package's name`);
    const brand = flags.brand ?? brandOf(name);
    if (!/^[A-Z][A-Za-z0-9]*$/.test(brand))
      throw new UsageError(`'${brand}' cannot be a part of a function's name: give one with --brand Acme`);
    const protocols = protocolsOf(flags.protocols);
    const { draft, findings } = await draftOfContract(await loadContract(flags.contract));
    const urls = Object.fromEntries(
      protocols.flatMap((protocol) => {
        const url = flags.server.find((server) => ADAPTERS[protocol].scheme.test(server));
        return url === undefined ? [] : [[protocol, url]];
      }),
    );
    const version = flags.version ?? draft.version;
    const files = packageFiles({ draft: { ...draft, version }, name, brand, protocols, urls, sdk: flags.sdk ?? `^${ownVersion()}` });
    await makeRoom(resolve(out), name);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), text);
    }
    const paint = painter(process.stdout);
    process.stdout.write(`${paint('green', '●')} ${paint('bold', `${name}@${version}`)}: ${counted(draft.operations.length, 'call')} and ${counted(draft.events.length, 'event')} over ${protocols.join(', ')}, in ${out}.\n`); // prettier-ignore
    const left = findings.list();
    if (left.length > 0) process.stderr.write(`\nThe client does not check:\n\n${textTable(['place', 'what', 'instead'], left.map(({ place, what, instead }) => [place, what, instead])).join('\n')}\n`); // prettier-ignore
    return 0;
  },
});

function protocolsOf(text: string): PackedProtocol[] {
  const names = [...new Set(text.split(',').map((each) => each.trim()).filter((each) => each !== ''))]; // prettier-ignore
  const unknown = names.find((each) => !Object.hasOwn(ADAPTERS, each));
  if (unknown !== undefined || names.length === 0)
    throw new UsageError(`'${unknown ?? text}' is not one of the protocols of a package: ${Object.keys(ADAPTERS).join(', ')}`);
  return names as PackedProtocol[];
}

/** `Acme` of `@acme/sdk`, `Petstore` of `petstore-client`. */
function brandOf(name: string): string {
  const words = name.split(/[^a-z0-9]+/i).filter((word) => word !== '');
  const telling = words.filter((word) => !/^(?:sdk|api|client|js|node|ts)$/i.test(word));
  return (telling.length > 0 ? telling : words).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** A folder is new, empty, or holds an earlier version of the same package, whose dist is replaced. */
async function makeRoom(root: string, name: string): Promise<void> {
  const entries = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError(`${root} cannot be written to: ${error.message}`);
  });
  if (entries.length === 0) return;
  const manifest = await readFile(join(root, 'package.json'), 'utf8').catch(() => '');
  if (!manifest.includes(`"name": ${JSON.stringify(name)}`))
    throw new UsageError(`${root} holds something else: name a new folder with --out`);
  await rm(join(root, 'dist'), { recursive: true, force: true });
}
