import { blogContract } from '../../blog/contract.ts';
import { createBlogService } from '../../blog/service.ts';
import { BLOG_EXAMPLES } from './examples.ts';
import { defineCommand } from '../command.ts';
import { allWork } from './cell.ts';
import { serveBlog } from './far-blog.ts';
import { measure, REFERENCE } from './run.ts';
import { demoTable } from './demo-table.ts';
import { PROTOCOL_NAMES, protocolNamed } from '../../protocols.ts';
import { painter, printJson, progress } from '../terminal.ts';

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
    'Exit codes: 0; 1 if anything failed; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk demo', 'the matrix'],
    [`multi-api-sdk demo --json | jq '.rows[].cells.rest.bytes'`, 'for programs'],
  ],
  async run({ flags }) {
    const shown = progress(process.stderr, true);
    const { rows } = await measure({
      contract: blogContract,
      examples: BLOG_EXAMPLES,
      protocols: PROTOCOL_NAMES,
      repeat: flags.repeat,
      warmUp: 1,
      reference: () => createBlogService(),
      openFarEnd: serveBlog,
      onProgress: (column, member) => shown.say(`${titleOf(column)}: ${member} …`),
    }).finally(shown.end);
    if (flags.json) {
      printJson(process.stdout, { protocols: Object.keys(rows[0]?.cells ?? {}), repeat: flags.repeat, rows }, true);
    } else {
      process.stdout.write(
        demoTable(rows, titleOf, { repeat: flags.repeat, width: process.stdout.columns ?? 120, paint: painter(process.stdout) }),
      );
    }
    return allWork(rows) ? 0 : 1;
  },
});

function titleOf(column: string): string {
  return column === REFERENCE ? 'in process' : (protocolNamed(column)?.title ?? column);
}
