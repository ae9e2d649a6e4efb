import { namedMembers } from '../client/members.ts';
import { text } from 'node:stream/consumers';
import { blogContract } from '../blog/contract.ts';
import { createClient } from '../client/client.ts';
import type { CallOptions } from '../client/types.ts';
import { onAbort } from '../life/lifetime.ts';
import { isObject } from '../peer/error-body.ts';
import { parseJson } from '../peer/json.ts';
import { UsageError } from './args.ts';
import { BLOG_EXAMPLES } from './measure/examples.ts';
import { defineCommand } from './command.ts';
import { CONNECTION_FLAGS, headersOf, operationOf, printApiError, wirePrinter } from './connection.ts';
import { loadContract } from './module.ts';
import { connectTo, protocolNames, protocolOf } from './protocols.ts';
import { onStopSignal, printJson } from './terminal.ts';

export const callCommand = defineCommand({
  name: 'call',
  summary: 'calls one operation, of the Blog service or your own',
  positionals: ['<operation>', '[json]'],
  flags: {
    ...CONNECTION_FLAGS,
    'timeout-ms': { type: 'number', value: '<ms>', summary: 'how long the whole call may take', default: 30_000, range: [1, 2 ** 31 - 1] },
  },
  notes: [
    `Operations of the Blog: ${Object.keys(blogContract.operations).join(', ')}. Protocols: ${protocolNames('call')}.`,
    'The input is a JSON object; - reads it from standard input. The output is printed as JSON: indented on a terminal, else in one line. Nothing is printed if the operation gives no output. A stream is printed item by item, one in each line, until it ends or Ctrl-C.',
    'Exit codes: 0; 1 for an API error, which is the last thing printed on standard error, as JSON; 2 for wrong usage.',
  ],
  examples: [
    [`multi-api-sdk call getUser '{"id":123}'`, 'one call over REST'],
    [`multi-api-sdk call createPost '{"authorId":123,"title":"Hello","content":"World"}' --wire`, 'and what went over the wire'],
    [`multi-api-sdk call getUserPosts '{"userId":123}' --json | jq -r '.[].title'`, 'in a pipe'],
    [`multi-api-sdk call getTask '{"id":1}' --contract ./contract.js`, 'of a contract of your own'],
    [`echo '{"location":"London"}' | multi-api-sdk call getWeather -`, 'with the input from standard input'],
  ],
  async run({ flags, positionals: [typed, json] }) {
    if (typed === undefined) throw new UsageError('which operation? multi-api-sdk call <operation> [json]');
    const contract = await loadContract(flags.contract);
    const name = operationOf(contract, typed);
    const input = await readInput(json, contract === blogContract ? exampleOf(name) : '');
    const headers = headersOf(flags.header);
    const protocol = protocolOf(flags.via, 'call');
    const url = flags.url ?? protocol.url;
    const transport = await connectTo(protocol, { url, ...(flags.wire && { onWire: wirePrinter(flags.json) }) });
    const client = createClient({ contract, transport });
    try {
      const call = namedMembers<Call>(client)[name];
      const given = call?.(input, { headers, timeoutMs: flags['timeout-ms'] });
      if (contract.operations[name]?.item) await printItems(given as AsyncIterable<unknown>);
      else {
        const output = await given;
        if (output !== undefined) printJson(process.stdout, output, flags.json);
      }
      return 0;
    } catch (error) {
      return printApiError(error, flags.json);
    } finally {
      await client.close();
    }
  },
});

type Call = (input: unknown, options: CallOptions) => Promise<unknown> | AsyncIterable<unknown>;

/** Prints each item of a stream as a line, as it comes, until the stream ends or the program is stopped. */
async function printItems(items: AsyncIterable<unknown>): Promise<void> {
  const stop = new AbortController();
  const forget = onStopSignal(() => stop.abort());
  const iterator = items[Symbol.asyncIterator]();
  const unlink = onAbort(stop.signal, () => void iterator.return?.());
  try {
    for await (const item of { [Symbol.asyncIterator]: () => iterator }) printJson(process.stdout, item, true);
  } finally {
    unlink();
    forget();
  }
}

/** Reads the input; `advice` stands below what is wrong with it. */
async function readInput(json: string | undefined, advice: string): Promise<unknown> {
  const given = json === '-' ? (await text(process.stdin)).trim() : json;
  if (given === undefined || given === '') return undefined;
  let input: unknown;
  try {
    input = parseJson(given);
  } catch {
    throw new UsageError(`the input is not JSON: ${given.slice(0, 80)}${advice}`);
  }
  if (isObject(input)) return input;
  throw new UsageError(`the input must be a JSON object, not ${given.slice(0, 80)}${advice}`);
}

function exampleOf(operation: string): string {
  const input = BLOG_EXAMPLES.operations[operation]?.(1);
  return `\nFor example: multi-api-sdk call ${operation}${input === undefined ? '' : ` '${JSON.stringify(input)}'`}`;
}
