import { writeFile } from 'node:fs/promises';
import { importContract, ImportError, type Finding, type Imported } from '../../import/index.ts';
import { UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { headersOf } from '../connection.ts';
import { textTable } from '../check/text-table.ts';
import { counted, painter, printJson, progress } from '../terminal.ts';

export const importCommand = defineCommand({
  name: 'import',
  summary: "writes a contract and a client from an API's own description",
  positionals: ['<file or url>'],
  flags: {
    only: {
      type: 'string',
      value: '<names>',
      summary: 'these operations: names, ids or METHOD /path, with * for any text',
      multiple: true,
    },
    out: { type: 'string', value: '<file>', summary: 'the file to write the module to (default standard output)' },
    name: { type: 'string', value: '<name>', summary: "the contract's name (default from the title)" },
    allow: { type: 'string', value: '<place>', summary: 'a folder or origin that the description may refer to', multiple: true },
    header: { type: 'string', value: '<name:value>', summary: 'sent when a description is fetched', multiple: true, short: 'H' },
    'max-bytes': {
      type: 'number',
      value: '<bytes>',
      summary: 'how large all documents may be together',
      default: 67_108_864,
      range: [1, 2 ** 31 - 1],
    },
    'timeout-ms': {
      type: 'number',
      value: '<ms>',
      summary: 'how long a document of the network may take',
      default: 30_000,
      range: [1, 2 ** 31 - 1],
    },
    json: { type: 'boolean', summary: 'prints one line of JSON: the code, the names and what could not be said' },
  },
  notes: [
    'Reads OpenAPI 3.0 to 3.2, Swagger 2 and AsyncAPI 2 and 3, as JSON or YAML, with the files they refer to; GraphQL schemas, in SDL or as the answer to an introspection query; WSDL 1.1; and .proto files, descriptor sets, or a gRPC server with reflection (grpc://host:port). The module has zod schemas, the contract, and connect(options), which gives the client.',
    'The table of all that a contract cannot say goes to standard error, with each place. The same description gives the same text, so that a change of it is a diff.',
    'Exit codes: 0; 1 if the description cannot be used; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk import openapi.yaml --out petstore.ts', 'all of it'],
    ['multi-api-sdk import grpc://127.0.0.1:50051 --out shop.ts', 'the services of a running gRPC server'],
    [
      "multi-api-sdk import https://api.example.com/openapi.json --only 'issues/*' --only 'GET /repos/*'",
      'some operations, with just the schemas they need',
    ],
  ],
  async run({ flags, positionals: [source] }) {
    if (source === undefined) throw new UsageError('which description? multi-api-sdk import <file or url>');
    const shown = progress(process.stderr, !flags.json);
    try {
      const imported = await importContract(source, {
        only: flags.only
          .flatMap((text) => text.split(','))
          .map((text) => text.trim())
          .filter((text) => text !== ''),
        name: flags.name,
        out: flags.out,
        allow: flags.allow,
        headers: headersOf(flags.header),
        maxBytes: flags['max-bytes'],
        timeoutMs: flags['timeout-ms'],
        onRead: (location) => shown.say(`reading ${location} …`),
      });
      shown.end();
      if (flags.out !== undefined) await writeFile(flags.out, imported.code);
      if (flags.json)
        printJson(process.stdout, flags.out === undefined ? imported : { ...imported, code: undefined, out: flags.out }, true);
      else {
        if (flags.out === undefined) process.stdout.write(imported.code);
        process.stderr.write(summary(imported, flags.out));
      }
      return 0;
    } catch (error) {
      shown.end();
      if (!(error instanceof ImportError)) throw error;
      const paint = painter(process.stderr);
      process.stderr.write(flags.json ? `${JSON.stringify({ error: error.message })}\n` : `${paint('red', 'error:')} ${error.message}\n`);
      return 1;
    }
  },
});

function summary({ name, operations, events, findings }: Imported, out: string | undefined): string {
  const paint = painter(process.stderr);
  const counts = [counted(operations.length, 'operation'), ...(events.length > 0 ? [counted(events.length, 'event')] : [])].join(' and ');
  const written = out === undefined ? '' : `, written to ${out}`;
  const lines = [`${paint('green', '●')} ${paint('bold', name)}: ${counts}${written}.`];
  if (findings.length > 0)
    lines.push('', 'A contract does not say:', '', ...textTable(['place', 'what', 'instead', 'times'], findings.map(rowOf)));
  return `${lines.join('\n')}\n`;
}

function rowOf({ place, what, instead, count }: Finding): readonly string[] {
  return [place, what, instead, String(count)];
}
