import { createRequire } from 'node:module';
import type { Command } from './command.ts';
import type { Flag } from './args.ts';
import type { Paint } from './terminal.ts';

const PROGRAM = 'multi-api-sdk';

/** Longer lines are hard to read, however wide the terminal is. */
const WIDTH = Math.min(process.stdout.columns ?? 100, 100);

/** The text of `multi-api-sdk --help`. */
export function mainHelp(commands: readonly Command[], version: string, paint: Paint): string {
  const rows = commands.map(({ name, positionals, summary }) => [[name, ...positionals].join(' '), summary] as const);
  return [
    `${paint('bold', `${PROGRAM} ${version}`)}  one contract, one typed client, one service; the protocol is one line`,
    '',
    paint('bold', 'Usage'),
    `  ${PROGRAM} <command> [flags]`,
    '',
    paint('bold', 'Commands'),
    ...table(rows, paint),
    '',
    paint('bold', 'Flags'),
    ...table(
      [
        ['-h, --help', 'this help, or that of a command'],
        ['-v, --version', 'the version'],
      ],
      paint,
    ),
    '',
    paint('bold', 'Examples'),
    ...commands.flatMap(({ examples }) => examples.slice(0, 1).flatMap((example) => exampleLines(example, paint))),
    '',
  ].join('\n');
}

/** The text of `multi-api-sdk <command> --help`. */
export function commandHelp(command: Command, paint: Paint): string {
  const { name, summary, positionals, flags, notes, examples } = command;
  return [
    `${paint('bold', `${PROGRAM} ${name}`)}  ${summary}`,
    '',
    paint('bold', 'Usage'),
    `  ${[PROGRAM, name, ...positionals, '[flags]'].join(' ')}`,
    '',
    paint('bold', 'Flags'),
    ...table([...Object.entries(flags).map(([flag, spec]) => flagRow(flag, spec)), ['-h, --help', 'this help']], paint),
    '',
    ...notes.flatMap((note) => [...wrap(note), '']),
    paint('bold', 'Examples'),
    ...examples.flatMap((example) => exampleLines(example, paint)),
    '',
  ].join('\n');
}

/** The text below the message about wrong usage. */
export function helpHint(command: string | undefined): string {
  return `Run '${[PROGRAM, ...(command === undefined ? [] : [command]), '--help'].join(' ')}' to see what there is.`;
}

function flagRow(name: string, { short, value, type, summary, default: fallback, multiple }: Flag): readonly [string, string] {
  const shown = `${short === undefined ? '' : `-${short}, `}--${name}${type === 'boolean' ? '' : ` ${value ?? '<value>'}`}${multiple ? ' …' : ''}`;
  return [shown, fallback === undefined ? summary : `${summary} (default ${fallback})`];
}

function table(rows: readonly (readonly [string, string])[], paint: Paint): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) => {
    const [first = '', ...rest] = wrap(right, Math.max(20, WIDTH - 4 - width));
    return [`  ${paint('cyan', left.padEnd(width))}  ${first}`, ...rest.map((line) => `  ${' '.repeat(width)}  ${line}`)];
  });
}

function exampleLines([command, says]: readonly [string, string], paint: Paint): string[] {
  return [`  ${paint('dim', `# ${says}`)}`, `  ${command}`];
}

function wrap(text: string, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The version of this package. */
export function ownVersion(): string {
  return (createRequire(import.meta.url)('multi-api-sdk/package.json') as { readonly version: string }).version;
}
