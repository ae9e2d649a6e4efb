import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, describe } from 'vitest';
import { run } from '../support/system-peer.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the pages on SOAP', () => {
  test('the program under "Foreign services" prints what the page says', async () => {
    const page = readFileSync(join(ROOT, 'docs/protocols/soap.md'), 'utf8').split('## Foreign services')[1] ?? '';
    const [, program = '', output = ''] = /```ts\n([^]*?)```\n\nIt prints\n\n```\n([^]*?)```/.exec(page) ?? [];
    // Within the repository, where the package's name and zod are found.
    const folder = mkdtempSync(join(ROOT, 'test/.soap-docs-'));
    try {
      const file = join(folder, 'program.ts');
      writeFileSync(file, program);
      expect(await run(process.execPath, '--import', 'tsx', file)).toBe(output);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 60_000);
});
