/** How many operations the contract has. */
export const OPERATIONS = 1000;

export type Kind = 'contract' | 'functions' | 'schemas';

/** A contract of many operations, a client of it and a call of each; the same as plain functions; or the schemas alone. */
export function program(kind: Kind): string {
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
