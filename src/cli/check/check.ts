import { UsageError } from '../args.ts';
import { defineCommand } from '../command.ts';
import { readLock } from '../descriptions/lock.ts';
import { loadContract } from '../module.ts';
import { counted, painter, printJson } from '../terminal.ts';
import { textTable } from './text-table.ts';
import { COLUMNS, RULES, verdictOf, type Change, type Verdict } from './rules.ts';

/** What a cell of the table says. */
const CELLS: Readonly<Record<Verdict, string>> = {
  safe: '·',
  'breaks old clients': 'clients',
  'breaks old servers': 'servers',
  'changes meaning': 'meaning',
  'not there': '',
};

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'says what the changes of a contract mean for clients and servers that are deployed',
  positionals: ['<old>', '<new>'],
  flags: {
    lock: { type: 'string', value: '<file>', summary: 'the field numbers of the .proto file that were published' },
    strict: { type: 'boolean', summary: 'ends with 1 also if a change breaks old servers' },
    json: { type: 'boolean', summary: 'prints one line of JSON' },
  },
  notes: [
    'Each change has a verdict for every protocol. clients: a deployed client fails with the new service. servers: a new client that uses the change fails with a deployed service, so deploy services first. meaning: nothing fails, and something else happens.',
    'Exit codes: 0; 1 if a change breaks old clients or changes meaning; 2 for wrong usage.',
  ],
  examples: [['multi-api-sdk check ./published/contract.js ./contract.js --lock specs/shop.lock.json', 'before a deployment']],
  async run({ flags, positionals: [before, after] }) {
    if (before === undefined || after === undefined) throw new UsageError('which contracts? multi-api-sdk check <old> <new>');
    const { compareContracts } = await import('./compare.ts');
    const lock = flags.lock === undefined ? undefined : await readLock(flags.lock);
    const changes = compareContracts(await loadContract(before), await loadContract(after), lock);
    const judged = changes.map((change) => ({
      ...change,
      says: RULES[change.rule].says,
      verdicts: Object.fromEntries(COLUMNS.map((column) => [column, verdictOf(change.rule, column)])),
    }));
    const counts = (verdict: Verdict) => judged.filter(({ verdicts }) => Object.values(verdicts).includes(verdict)).length;
    const isBroken = counts('breaks old clients') + counts('changes meaning') + (flags.strict ? counts('breaks old servers') : 0) > 0;
    if (flags.json) printJson(process.stdout, { compatible: !isBroken, changes: judged }, true);
    else {
      const paint = painter(process.stdout);
      const sum = `${counted(changes.length, 'change')}: ${counts('breaks old clients')} break old clients, ${counts('changes meaning')} change meaning, ${counts('breaks old servers')} break old servers`;
      if (changes.length > 0) process.stdout.write(`${textTable(['change', 'place', ...COLUMNS], changes.map(rowOf), 48).join('\n')}\n\n`);
      for (const { place, rule, detail } of changes)
        process.stdout.write(`  ${paint('bold', place)}  ${RULES[rule].says}${detail === undefined ? '' : ` (${detail})`}\n`);
      process.stdout.write(
        `${changes.length > 0 ? '\n' : ''}${paint(isBroken ? 'red' : 'green', '●')} ${changes.length === 0 ? 'no changes' : sum}.\n`,
      );
    }
    return isBroken ? 1 : 0;
  },
});

function rowOf({ rule, place }: Change): readonly string[] {
  return [rule, place, ...COLUMNS.map((column) => CELLS[verdictOf(rule, column)])];
}
