import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const OPERATIONS = 1000;
const GOAL_S = 3;

type Kind = 'contract' | 'functions' | 'schemas';

/** A contract of many operations, a client of it and a call of each; the same as plain functions; or the schemas alone. */
function program(kind: Kind): string {
  const names = Array.from({ length: OPERATIONS }, (_, index) => `op${index}`);
  const schemas = names.map(
    (name, index) =>
      `const ${name}In = z.object({ id: z.int32(), filter: z.optional(z.string()) }); const ${name}Out = z.object({ id: z.int32(), f${index}: z.string(), tags: z.array(z.string()) });`,
  );
  const head = `import * as z from 'zod';\n${schemas.join('\n')}`;
  const calls = (client: string) =>
    names.map((name, index) => `export const r${index}: Promise<{ f${index}: string }> = ${client}${name}({ id: ${index} });`).join('\n');
  if (kind === 'schemas') return `${head}\nexport { ${names.map((name) => `${name}In, ${name}Out`).join(', ')} };`;
  if (kind === 'functions') {
    const functions = names.map(
      (name) => `declare function call_${name}(input: z.input<typeof ${name}In>): Promise<z.output<typeof ${name}Out>>;`,
    );
    return `${head}\n${functions.join('\n')}\n${calls('call_')}`;
  }
  return `${head}
import { createClient, defineContract, query } from 'multi-api-sdk';
import { rest } from 'multi-api-sdk/rest';
const contract = defineContract({ name: 'big', operations: { ${names.map((name) => `${name}: query({ input: ${name}In, output: ${name}Out, http: 'GET /${name}/{id}' })`).join(',\n')} } });
export const client = createClient({ contract, transport: rest({ url: 'http://localhost' }) });
${calls('client.')}`;
}

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
