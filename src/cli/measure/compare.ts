import { writeFile } from 'node:fs/promises';
import { blogContract } from '../../blog/contract.ts';
import { createBlogService } from '../../blog/service.ts';
import type { Contract } from '../../core/contract.ts';
import { PROTOCOL_NAMES, type ProtocolName } from '../../protocols.ts';
import { unknown, UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { headersOf } from '../connection.ts';
import { loadContract, loadService } from '../module.ts';
import { painter, printJson, progress } from '../terminal.ts';
import { allWork } from './cell.ts';
import { BLOG_EXAMPLES } from './examples.ts';
import { forkFarEnd } from './far-process.ts';
import { htmlReport } from './report/html.ts';
import { summarize, titleOf } from './report/summary.ts';
import { terminalReport, type ReportData } from './report/terminal.ts';
import { measure, type MeasureOptions } from './run.ts';
import { examplesOf } from './sampled-examples.ts';
import { addressesOf } from './targets.ts';

/** Enough for the code of both ends to be compiled. */
const MAX_WARM_UP = 100;

export const compareCommand = defineCommand({
  name: 'compare',
  summary: 'measures every operation and event over every protocol, of the Blog or your own, as a report',
  positionals: ['[module]'],
  flags: {
    contract: { type: 'string', value: '<file>', summary: "a module that exports another contract than the Blog's" },
    urls: {
      type: 'string',
      value: '<protocol=url>',
      multiple: true,
      summary: 'the address of a service that runs already: rest=https://api.example.com, or only an address for all that HTTP carries',
    },
    via: { type: 'string', value: '<protocol>', multiple: true, short: 'p', summary: 'only this protocol' },
    only: { type: 'string', value: '<name>', multiple: true, summary: 'only this operation or event' },
    inputs: { type: 'string', value: '<file>', summary: 'the input of each operation and payload of each event by name, as JSON or a module' },
    mutations: { type: 'boolean', summary: 'with --urls: calls mutations too, which change what is there' },
    header: { type: 'string', value: '<name:value>', summary: 'sent along', multiple: true, short: 'H' },
    repeat: { type: 'number', value: '<n>', summary: 'how often each is timed', default: 200, range: [1, 100_000] },
    html: { type: 'string', value: '<file>', summary: 'writes the report as a page that stands by itself' },
    json: { type: 'boolean', summary: 'prints the figures as one line of JSON' },
  },
  notes: [
    'The module exports a service, as for serve; it is started in a second process for each protocol. With only --contract that process answers with samples. With --urls the service is at these addresses. Events are left out there, because only the service can publish them.',
    'Inputs that nobody gave are the examples of the schemas, else samples that are made of the types. An answer that refuses its input is measured as it is.',
    'Exit codes: 0; 1 if anything failed; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk compare --html report.html', 'the Blog, as a page'],
    ['multi-api-sdk compare ./service.js', 'a service of your own'],
    ['multi-api-sdk compare --contract ./contract.js --urls rest=https://api.example.com --urls grpc=api.example.com:443', 'the address of the service'],
    [`multi-api-sdk compare --json | jq '.summary'`, 'for programs'],
  ],
  async run({ flags, positionals: [file] }) {
    const isRemote = flags.urls.length > 0;
    if (isRemote && file !== undefined) throw new UsageError('a module is served here, --urls lead elsewhere: give one of them');
    const contract = await contractOf(file, flags.contract);
    const addresses = addressesOf(flags.urls);
    const protocols = protocolsOf(flags.via, isRemote ? [...addresses.keys()] : PROTOCOL_NAMES);
    const isBlog = file === undefined && contract === blogContract;
    const wanted = new Set(flags.only.map((name) => memberOf(contract, name)));
    const isWanted = (name: string): boolean =>
      (wanted.size === 0 || wanted.has(name)) && (!isRemote || flags.mutations || contract.operations[name]?.kind !== 'mutation');
    if (!Object.keys({ ...contract.operations, ...contract.events }).some(isWanted)) throw new UsageError(`nothing is left to measure: ${isRemote ? 'mutations need --mutations' : `${contract.name} is empty`}`); // prettier-ignore
    const options: MeasureOptions = {
      contract,
      examples: isBlog && flags.inputs === undefined ? BLOG_EXAMPLES : await examplesOf(contract, flags.inputs),
      protocols,
      repeat: flags.repeat,
      warmUp: Math.min(MAX_WARM_UP, flags.repeat),
      headers: headersOf(flags.header),
      isWanted,
      ...(isBlog && !isRemote && flags.inputs === undefined && { reference: () => createBlogService() }),
      openFarEnd: async (protocol) => {
        const url = addresses.get(protocol);
        if (url !== undefined) return { url, isHere: false, close: async () => {} };
        return forkFarEnd({ protocol, service: file, ...(file === undefined && { contract: flags.contract }) });
      },
      onProgress: (column, member) => shown.say(`${titleOf(column)}: ${member} …`),
    };
    const shown = progress(process.stderr, !flags.json);
    const { rows, wire } = await measure(options).finally(shown.end);
    const data: ReportData = { name: contract.name, rows, groups: summarize(rows), repeat: flags.repeat, isRemote };
    if (flags.html !== undefined) await writePage(flags.html, htmlReport({ ...data, wire, descriptions: descriptionsOf(contract) }));
    if (flags.json) printJson(process.stdout, { contract: contract.name, protocols, repeat: flags.repeat, summary: summaryOf(data), rows }, true);
    else {
      process.stdout.write(terminalReport(data, process.stdout.columns ?? 100, painter(process.stdout)));
      if (flags.html !== undefined) process.stdout.write(`The page is ${flags.html}\n`);
    }
    return allWork(rows) ? 0 : 1;
  },
}); // prettier-ignore

async function contractOf(file: string | undefined, contract: string | undefined): Promise<Contract> {
  if (contract !== undefined || file === undefined) return loadContract(contract);
  const service = await loadService(file);
  await service.close();
  return service.contract;
}

function protocolsOf(typed: readonly string[], possible: readonly ProtocolName[]): readonly ProtocolName[] {
  const wanted = typed.map((name) => {
    const found = possible.find((each) => each === name);
    if (found === undefined) throw unknown('protocol', name, possible);
    return found;
  });
  return wanted.length === 0 ? possible : possible.filter((name) => wanted.includes(name));
}

function memberOf({ operations, events }: Contract, typed: string): string {
  const names = [...Object.keys(operations), ...Object.keys(events)];
  if (!names.includes(typed)) throw unknown('operation or event', typed, names);
  return typed;
}

function descriptionsOf({ operations, events }: Contract): Record<string, string> {
  const members = [...Object.values(operations), ...Object.values(events)];
  return Object.fromEntries(members.flatMap(({ name, description }) => (description === undefined ? [] : [[name, description]])));
}

function summaryOf({ groups }: ReportData): object {
  return Object.fromEntries(groups.map(({ kind, members, protocols }) => [kind, { members, ...Object.fromEntries(protocols) }]));
}

async function writePage(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((error: unknown) => {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  });
}
