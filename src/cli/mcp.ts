import { Writable } from 'node:stream';
import { createBlogService } from '../blog/service.ts';
import type { Transport } from '../core/transport.ts';
import { serveMcpStdio } from '../mcp/stdio/server.ts';
import { UsageError } from './args.ts';
import { defineCommand } from './command.ts';
import { headersOf } from './connection.ts';
import { loadContract, loadService } from './module.ts';
import { connectTo, DEFAULT_PROTOCOL, protocolOf } from './protocols.ts';
import { onStopSignal } from './terminal.ts';

export const mcpCommand = defineCommand({
  name: 'mcp',
  summary: 'makes a service the tools of an agent, on standard input and output',
  positionals: ['[module]'],
  flags: {
    via: { type: 'string', value: '<protocol>', summary: 'calls a service elsewhere, by this protocol', short: 'p' },
    url: { type: 'string', value: '<url>', summary: 'the address of that service' },
    contract: { type: 'string', value: '<file>', summary: "a module that exports its contract, if that is not the Blog's" },
    header: { type: 'string', value: '<name:value>', summary: 'sent along with each call', multiple: true, short: 'H' },
    tool: { type: 'string', value: '<operation>', summary: 'an operation that is a tool (default those that the contract marks, or all)', multiple: true }, // prettier-ignore
  },
  notes: [
    "An agent starts it and speaks the Model Context Protocol with it. The module's default export, or its export 'service', is what createService gives; without one it is the Blog service.",
    'Output of the module itself goes to standard error, because standard output belongs to the protocol. It ends with its input.',
  ],
  examples: [
    ['multi-api-sdk mcp ./service.js', 'the operations of a service of your own as tools'],
    ['multi-api-sdk mcp --via grpc --url localhost:50051 --contract ./contract.js', 'those of a service that runs elsewhere'],
    ['multi-api-sdk mcp ./service.js --tool getTask --tool addTask', 'two of them'],
  ],
  async run({ flags, positionals: [file] }) {
    const { via, url, contract } = flags;
    if (file !== undefined && (via ?? url ?? contract) !== undefined)
      throw new UsageError('a module is served as it is: give either it, or --via, --url and --contract');
    const output = takeOutput();
    const transport = await open(file, flags);
    const forget = onStopSignal(() => void server.close());
    const server = start(transport, flags, output);
    try {
      await server.closed;
      return 0;
    } finally {
      forget();
      await transport.close();
    }
  },
});

interface McpFlags {
  readonly via?: string | undefined;
  readonly url?: string | undefined;
  readonly contract?: string | undefined;
  readonly header: readonly string[];
  readonly tool: readonly string[];
}

async function open(file: string | undefined, { via, url, contract }: McpFlags): Promise<Transport> {
  if (file !== undefined) return loadService(file);
  if ((via ?? url ?? contract) === undefined) return createBlogService();
  const protocol = protocolOf(via ?? DEFAULT_PROTOCOL, 'call');
  const [adapter, of] = await Promise.all([connectTo(protocol, { url: url ?? protocol.url }), loadContract(contract)]);
  return adapter(of);
}

function start(transport: Transport, { header, tool }: McpFlags, output: Writable) {
  try {
    return serveMcpStdio(transport, { headers: headersOf(header), ...(tool.length > 0 && { tools: tool }), output });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** Standard output is only for the protocol: all other output goes to standard error from now on. */
function takeOutput(): Writable {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return new Writable({ write: (chunk: Buffer, _encoding, done) => void write(chunk, done) });
}
