import { createBlogService } from '../../blog/service.ts';
import { BLOG_EXAMPLES } from './blog-examples.ts';
import { defineCommand } from '../command.ts';
import { runDemo, REFERENCE, type Row } from './run.ts';
import { demoTable } from './table.ts';
import { protocolNamed } from '../../protocols.ts';
import { painter, printJson } from '../terminal.ts';

export const demoCommand = defineCommand({
  name: 'demo',
  summary: 'runs and measures every operation and event over every protocol',
  positionals: [],
  flags: {
    repeat: { type: 'number', value: '<n>', summary: 'how often each is measured', default: 20, range: [1, 1000] },
    json: { type: 'boolean', summary: 'prints the matrix as one line of JSON' },
  },
  notes: [
    'Each protocol gets a service of its own on free ports, does the same work, and must give what the service gives within the process.',
    'Exit codes: 0; 1 where anything failed; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk demo', 'the matrix'],
    [`multi-api-sdk demo --json | jq '.rows[].cells.rest.bytes'`, 'for programs'],
  ],
  async run({ flags }) {
    const rows = await runDemo({
      createService: () => createBlogService(),
      examples: BLOG_EXAMPLES,
      repeat: flags.repeat,
      onProgress: progress(titleOf),
    });
    clearProgress();
    if (flags.json) {
      printJson(process.stdout, { protocols: Object.keys(rows[0]?.cells ?? {}), repeat: flags.repeat, rows }, true);
    } else {
      process.stdout.write(
        demoTable(rows, titleOf, { repeat: flags.repeat, width: process.stdout.columns ?? 120, paint: painter(process.stdout) }),
      );
    }
    return rows.every(works) ? 0 : 1;
  },
});

function titleOf(column: string): string {
  return column === REFERENCE ? 'in process' : (protocolNamed(column)?.title ?? column);
}

function works({ cells }: Row): boolean {
  return Object.values(cells).every((cell) => cell === null || cell.ok);
}

const CLEAR_LINE = '\r\u001b[K';

/** One line on a terminal that says what is being done. */
function progress(title: (column: string) => string): (column: string, member: string) => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => {};
  const paint = painter(stderr);
  return (column, member) => void stderr.write(`${CLEAR_LINE}${paint('dim', `${title(column)}: ${member} …`)}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
}
