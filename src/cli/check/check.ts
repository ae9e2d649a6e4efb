import { UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { ImportError } from '../../import/load/error.ts';
import { readLock } from '../descriptions/lock.ts';
import { counted, painter, printJson } from '../terminal.ts';
import { textTable } from './text-table.ts';
import type { Side } from './described.ts';
import { RULES, verdictOf, type Change, type Column, type Verdict } from './rules.ts';

/** The text of a cell of the table. */
const CELLS: Readonly<Record<Verdict, string>> = {
  safe: '·',
  'breaks old clients': 'clients',
  'breaks old servers': 'servers',
  'changes meaning': 'meaning',
  'not there': '',
};

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'says what the changes of a contract or description mean for clients and servers that are deployed',
  positionals: ['<old>', '<new>'],
  flags: {
    lock: { type: 'string', value: '<file>', summary: 'the field numbers of the .proto file that were published' },
    allow: { type: 'string', value: '<place>', summary: 'a folder or origin that descriptions may refer to', multiple: true },
    strict: { type: 'boolean', summary: 'ends with 1 also if a change breaks old servers' },
    json: { type: 'boolean', summary: 'prints one line of JSON' },
  },
  notes: [
    'Each side is a module with a contract, or a description that import reads: OpenAPI, AsyncAPI, GraphQL, WSDL or .proto, as a file or URL. Descriptions are judged for their own protocols.',
    'Each change has a verdict for every protocol. clients: a deployed client fails with the new service. servers: a new client that uses the change fails with a deployed service, so deploy services first. meaning: nothing fails, and something else happens.',
    'Exit codes: 0; 1 if a change breaks old clients or changes meaning; 2 for wrong usage.',
  ],
  examples: [
    ['multi-api-sdk check ./published/contract.js ./contract.js --lock specs/shop.lock.json', 'before a deployment'],
    ['multi-api-sdk check published/openapi.json openapi.json', 'two versions of a description'],
  ],
  async run({ flags, positionals: [before, after] }) {
    if (before === undefined || after === undefined)
      throw new UsageError('which contracts or descriptions? multi-api-sdk check <old> <new>');
    const lock = flags.lock === undefined ? undefined : await readLock(flags.lock);
    const { loadSide, compareSides, columnsOf } = await import('./described.ts');
    const sides: Side[] = [];
    for (const source of [before, after]) {
      try {
        sides.push(await loadSide(source, flags.allow));
      } catch (error) {
        if (!(error instanceof ImportError)) throw error;
        throw new UsageError(error.message);
      }
    }
    const [was, is] = sides as [Side, Side];
    const changes = compareSides(was, is, lock);
    const columns = columnsOf(was, is);
    const judged = changes.map((change) => ({
      ...change,
      says: RULES[change.rule].says,
      verdicts: Object.fromEntries(columns.map((column) => [column, verdictOf(change.rule, column)])),
    }));
    const counts = (verdict: Verdict) => judged.filter(({ verdicts }) => Object.values(verdicts).includes(verdict)).length;
    const isBroken = counts('breaks old clients') + counts('changes meaning') + (flags.strict ? counts('breaks old servers') : 0) > 0;
    if (flags.json) printJson(process.stdout, { compatible: !isBroken, changes: judged }, true);
    else {
      const paint = painter(process.stdout);
      const sum = `${counted(changes.length, 'change')}: ${counts('breaks old clients')} break old clients, ${counts('changes meaning')} change meaning, ${counts('breaks old servers')} break old servers`;
      if (changes.length > 0)
        process.stdout.write(
          `${textTable(
            ['change', 'place', ...columns],
            changes.map((change) => rowOf(change, columns)),
            48,
          ).join('\n')}\n\n`,
        );
      for (const { place, rule, detail } of changes)
        process.stdout.write(`  ${paint('bold', place)}  ${RULES[rule].says}${detail === undefined ? '' : ` (${detail})`}\n`);
      process.stdout.write(
        `${changes.length > 0 ? '\n' : ''}${paint(isBroken ? 'red' : 'green', '●')} ${changes.length === 0 ? 'no changes' : sum}.\n`,
      );
    }
    return isBroken ? 1 : 0;
  },
});

function rowOf({ rule, place }: Change, columns: readonly Column[]): readonly string[] {
  return [rule, place, ...columns.map((column) => CELLS[verdictOf(rule, column)])];
}
