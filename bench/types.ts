import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPERATIONS = 1000;
const GOAL_S = 3;

/** A contract of many operations, a client of it, and a use of each; against the same schemas alone. */
function program(isWhole: boolean): string {
  const names = Array.from({ length: OPERATIONS }, (_, index) => `op${index}`);
  const schemas = names.map(
    (name, index) =>
      `const ${name}In = z.object({ id: z.int32(), filter: z.optional(z.string()) }); const ${name}Out = z.object({ id: z.int32(), f${index}: z.string(), tags: z.array(z.string()) });`,
  );
  if (!isWhole)
    return `import * as z from 'zod';\n${schemas.join('\n')}\nexport const all = [${names.map((name) => `${name}Out`).join(', ')}];`;
  return `import * as z from 'zod';
import { createClient, defineContract, query } from 'multi-api-sdk';
import { rest } from 'multi-api-sdk/rest';
${schemas.join('\n')}
const contract = defineContract({ name: 'big', operations: { ${names.map((name) => `${name}: query({ input: ${name}In, output: ${name}Out, http: 'GET /${name}/{id}' })`).join(',\n')} } });
export const client = createClient({ contract, transport: rest({ url: 'http://localhost' }) });
${names.map((name, index) => `export const r${index}: Promise<{ f${index}: string }> = client.${name}({ id: ${index} });`).join('\n')}`;
}

function checkSeconds(isWhole: boolean): { check: number; total: number } {
  const folder = mkdtempSync(join(process.cwd(), '.bench', 'types-'));
  try {
    writeFileSync(join(folder, 'program.ts'), program(isWhole));
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

const whole = checkSeconds(true);
const alone = checkSeconds(false);
console.log(`\nType check of ${OPERATIONS} operations: contract, client and a call of each; the goal is ${GOAL_S} s`);
console.table({
  'contract, client and calls': { 'check s': whole.check, 'total s': whole.total },
  'for comparison: the schemas alone': { 'check s': alone.check, 'total s': alone.total },
});
