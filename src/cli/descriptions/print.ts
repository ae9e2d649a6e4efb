import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unknown, UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { DESCRIPTIONS, lockOf, type DescriptionFormat } from './describe.ts';
import { readLock } from './lock.ts';
import { loadContract } from '../module.ts';
import { painter } from '../terminal.ts';

const FORMATS = Object.keys(DESCRIPTIONS) as readonly DescriptionFormat[];

export const printCommand = defineCommand({
  name: 'print',
  summary: 'prints the description of a contract in another format',
  positionals: ['<format>'],
  flags: {
    contract: { type: 'string', value: '<file>', summary: 'the module that exports the contract (default the Blog)' },
    out: { type: 'string', value: '<folder>', summary: 'the folder to write the files to (default standard output)' },
    server: { type: 'string', value: '<url>', summary: 'the address of the service: https:, wss:, mqtts:', multiple: true },
    lock: { type: 'string', value: '<file>', summary: 'field numbers of the .proto file: kept, and written with those that are new' },
  },
  notes: [
    `The formats: ${FORMATS.join(', ')}, or all of them into --out. Servers stand in OpenAPI (https:), AsyncAPI (https:, wss:, mqtts:) and WSDL, which has them at /soap.`,
    'Exit codes: 0; 1 if the contract cannot be described; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk print openapi --contract ./contract.js --server https://api.example.com', 'for tools and people'],
    ['multi-api-sdk print all --contract ./contract.js --out specs --lock specs/shop.lock.json', 'every format'],
  ],
  async run({ flags, positionals: [asked] }) {
    if (asked === undefined) throw new UsageError(`which format? ${[...FORMATS, 'all'].join(', ')}`);
    const formats = asked === 'all' ? FORMATS : FORMATS.filter((format) => format === asked);
    if (formats.length === 0) throw unknown('format', asked, [...FORMATS, 'all']);
    if (asked === 'all' && flags.out === undefined) throw new UsageError('all formats are several files: name their folder with --out');
    for (const server of flags.server) checkServer(server);
    const contract = await loadContract(flags.contract);
    const lock = flags.lock === undefined ? undefined : await readLock(flags.lock);
    const printed = await Promise.all(formats.map((format) => DESCRIPTIONS[format](contract, { servers: flags.server, lock })));
    if (flags.lock !== undefined && formats.includes('proto')) await writeFile(flags.lock, await lockOf(contract, lock));
    if (flags.out === undefined) {
      for (const { text } of printed) process.stdout.write(text);
      return 0;
    }
    await mkdir(flags.out, { recursive: true });
    const paint = painter(process.stderr);
    for (const { file, text } of printed) {
      const path = join(flags.out, file);
      await writeFile(path, text);
      process.stderr.write(`${paint('green', '●')} ${path}\n`);
    }
    return 0;
  },
});

function checkServer(url: string): void {
  if (!URL.canParse(url)) throw new UsageError(`--server takes a URL, https://api.example.com, not '${url}'`);
  if (!/^(?:http|ws|mqtt)s?:/.test(url))
    throw new UsageError(`--server takes a URL of http:, https:, ws:, wss:, mqtt: or mqtts:, not '${url}'`);
}
