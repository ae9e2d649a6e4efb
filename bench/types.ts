import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATIONS, program, type Kind } from './big-contract.ts';

const GOAL_S = 3;

function checkSeconds(kind: Kind): { check: number; total: number } {
  const folder = mkdtempSync(join(process.cwd(), '.bench', 'types-'));
  try {
    writeFileSync(join(folder, 'program.ts'), program(kind));
    const options = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      skipLibCheck: true,
      types: [],
      lib: ['es2023', 'dom', 'esnext.disposable'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['program.ts'] }));
    const output = execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', folder, '--extendedDiagnostics'], {
      encoding: 'utf8',
    });
    const seconds = (what: string) => Number(new RegExp(`${what} time:\\s+([\\d.]+)s`).exec(output)?.[1]);
    return { check: seconds('Check'), total: seconds('Total') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const rows: readonly (readonly [string, Kind])[] = [
  ['contract, client and calls', 'contract'],
  ['for comparison: plain functions of the same types', 'functions'],
  ['for comparison: the schemas alone', 'schemas'],
];
console.log(`\nType check of ${OPERATIONS} operations: contract, client and a call of each; the goal is ${GOAL_S} s`);
console.table(
  Object.fromEntries(
    rows.map(([what, kind]) => {
      const { check, total } = checkSeconds(kind);
      return [what, { 'check s': check, 'total s': total }];
    }),
  ),
);
