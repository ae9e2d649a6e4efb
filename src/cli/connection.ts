import type { Contract } from '../core/contract.ts';
import { isApiError } from '../core/errors.ts';
import { listenerName } from '../core/listener-name.ts';
import type { WireRecord } from '../peer/on-wire.ts';
import { unknown, UsageError, type Flags } from './args.ts';
import { DEFAULT_PROTOCOL } from './protocols.ts';
import { painter, printableLines, printJson } from './terminal.ts';

/** The flags of commands that talk to a service. */
export const CONNECTION_FLAGS = {
  via: { type: 'string', value: '<protocol>', summary: 'the protocol', default: DEFAULT_PROTOCOL, short: 'p' },
  url: { type: 'string', value: '<url>', summary: 'the address of the service; without it, the one that serve has without flags' },
  contract: { type: 'string', value: '<file>', summary: "a module that exports another contract than the Blog's" },
  header: { type: 'string', value: '<name:value>', summary: 'sent along', multiple: true, short: 'H' },
  wire: { type: 'boolean', summary: 'also prints what went over the wire, on standard error' },
  json: { type: 'boolean', summary: 'for programs: each value in one line, on a terminal too' },
} as const satisfies Flags;

export const API_ERROR = 1;

/** The name of an operation; throws a `UsageError` that names the nearest. */
export function operationOf({ operations, events }: Contract, typed: string): string {
  if (Object.hasOwn(operations, typed)) return typed;
  const event = Object.keys(events).find((name) => name === typed || listenerName(name) === typed);
  if (event !== undefined) throw new UsageError(`'${typed}' is an event: multi-api-sdk watch ${event}`);
  throw unknown('operation', typed, Object.keys(operations));
}

/** The name of an event, from its name or that of its client's method; throws a `UsageError` that names the nearest. */
export function eventOf({ operations, events }: Contract, typed: string): string {
  const names = Object.keys(events);
  const found = names.find((name) => name === typed || listenerName(name) === typed);
  if (found !== undefined) return found;
  if (Object.hasOwn(operations, typed)) throw new UsageError(`'${typed}' is an operation: multi-api-sdk call ${typed}`);
  throw unknown('event', typed, /^on[A-Z]/.test(typed) ? names.map(listenerName) : names);
}

/** The headers in `--header name:value`. */
export function headersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const colon = pair.indexOf(':');
      if (colon < 1) throw new UsageError(`--header takes a name and a value with a colon between, not '${pair}'`);
      return [pair.slice(0, colon).trim().toLowerCase(), pair.slice(colon + 1).trim()];
    }),
  );
}

/** Prints an API error as JSON on standard error, with a hint for people if nothing listens there. Other errors are thrown on. */
export function printApiError(error: unknown, isForPrograms: boolean): number {
  if (!isApiError(error)) throw error;
  printJson(process.stderr, error, isForPrograms);
  if (process.stderr.isTTY && !isForPrograms && error.code === 'UNAVAILABLE' && !error.sent) {
    const paint = painter(process.stderr);
    process.stderr.write(`${paint('dim', "'multi-api-sdk serve' starts the Blog service.")}\n`);
  }
  return API_ERROR;
}

/** Prints what `onWire` sees on standard error: as an exchange for people, as JSON lines for programs. */
export function wirePrinter(isForPrograms: boolean): (record: WireRecord) => void {
  const { stderr } = process;
  if (isForPrograms) return (record) => printJson(stderr, record, true);
  const paint = painter(stderr);
  return ({ direction, start, headers, body }) => {
    const isOut = direction === 'out';
    const style = isOut ? 'cyan' : 'green';
    const mark = paint(style, isOut ? '→' : '←');
    const heads = Object.entries(headers).map(([name, value]) => `${paint('dim', `${printableLines(name)}:`)} ${printableLines(value)}`);
    const lines = [paint(style, printableLines(start)), ...heads];
    // Tabs and the returns of CRLF do no harm, and are often there.
    if (body !== undefined && body !== '')
      lines.push('', ...printableLines(body.trimEnd().replace(/\r\n/g, '\n').replaceAll('\t', '  ')).split('\n'));
    stderr.write(`${lines.map((line) => `${mark} ${line}`.trimEnd()).join('\n')}\n\n`);
  };
}
