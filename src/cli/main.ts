#!/usr/bin/env node
import { ModuleError, readArgs, unknown, UsageError } from './args.ts';
import type { Command } from './command.ts';
import { COMMANDS, INNER } from './commands.ts';
import { commandHelp, helpHint, mainHelp, ownVersion } from './help.ts';
import { endWithOutput, painter, printableLines } from './terminal.ts';

const ALL = new Map([...Object.entries(COMMANDS), ...Object.entries(INNER)]);
const USAGE = 2;
const HELP_FLAG = { help: { type: 'boolean', short: 'h', summary: 'this help' } } as const;

/** Runs a command line; resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h') return printMainHelp(first !== undefined);
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${ownVersion()}\n`);
    return 0;
  }
  if (first === 'help') return rest[0] === undefined ? printMainHelp(true) : main([rest[0], '--help']);
  let command: Command | undefined;
  try {
    command = await ALL.get(first)?.();
    if (!command)
      throw first.startsWith('-')
        ? unknown('flag', first, ['--help', '--version'])
        : unknown('command', first, [...Object.keys(COMMANDS), 'help']);
    const { flags, positionals } = readArgs(rest, { ...command.flags, ...HELP_FLAG });
    if (flags.help) {
      process.stdout.write(commandHelp(command, painter(process.stdout)));
      return 0;
    }
    const surplus = positionals[command.positionals.length];
    if (surplus !== undefined) throw new UsageError(`'${surplus}' is one argument too many`);
    return await command.run({ flags, positionals });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const paint = painter(process.stderr);
    process.stderr.write(`${paint('red', 'error:')} ${printableLines(error.message)}\n${paint('dim', helpHint(command?.name))}\n`);
    return USAGE;
  }
}

async function printMainHelp(isAsked: boolean): Promise<number> {
  const stream = isAsked ? process.stdout : process.stderr;
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  stream.write(mainHelp(commands, ownVersion(), painter(stream)));
  return isAsked ? 0 : USAGE;
}

// Errors of gRPC are printed once, as every other.
process.env['GRPC_VERBOSITY'] ??= 'NONE';
endWithOutput();
main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const paint = painter(process.stderr);
    process.stderr.write(`${paint('red', 'error:')} ${printableLines(error instanceof Error ? error.message : String(error))}\n`);
    process.exitCode = 1;
    // Only Node itself knows the line of a module that is not JavaScript. It prints it when nobody catches the error.
    if (error instanceof ModuleError) throw error.cause;
  },
);
