import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FACTORIES } from '../support/factories.ts';

const WRONG = [NaN, -1, 1.5, '5', null, -Infinity];

/** Makes it, and ends it again. */
async function tryOut(make: (options: object) => unknown, options: object): Promise<void> {
  const made = await make(options);
  await (made as { readonly close?: () => unknown } | undefined)?.close?.();
}

describe.each(FACTORIES)('$name', ({ name, make, numbers }) => {
  it('refuses an option that it does not know', async () => {
    await expect(tryOut(make, { bogus: 1 })).rejects.toThrow(TypeError);
    await expect(tryOut(make, { bogus: 1 })).rejects.toThrow(`${name}: unknown option 'bogus'`);
  });

  it.each(Object.entries(numbers))('reads %s', async (option, { zero, infinity, few }) => {
    for (const value of [...WRONG, ...(zero ? [] : [0]), ...(infinity === false ? [Infinity] : [])]) {
      const attempt = tryOut(make, { [option]: value });
      await expect(attempt, String(value)).rejects.toThrow(TypeError);
      await expect(attempt, String(value)).rejects.toThrow(`${name}: ${option} must be a whole number`);
    }
    const isPort = /port$/i.test(option);
    // A port that may be taken is none to try.
    for (const value of [...(isPort ? [] : [few ? 100_000 : 1]), ...(zero ? [0] : []), ...(infinity === false ? [] : [Infinity])])
      await tryOut(make, { [option]: value });
    const misspelt = `${option.slice(0, -1)}z`;
    await expect(tryOut(make, { [misspelt]: 1 })).rejects.toThrow(
      new TypeError(`${name}: unknown option '${misspelt}', do you mean '${option}'?`),
    );
  });
});

/** Functions with options that have no row, and why. */
const OTHERS: Readonly<Record<string, string>> = {
  createBlogService: 'gives them to createService',
  createConformanceService: 'gives them to createService',
  auth: 'its names are those of the security schemes of a contract',
  verifyWebhook: 'is called for each webhook: test/webhook/signature.test.ts',
  signWebhook: 'is called for each webhook: test/webhook/signature.test.ts',
};

describe('the table', () => {
  it('has a row for each function of the package that takes options', () => {
    const folder = join(import.meta.dirname, '../api');
    const functions = readdirSync(folder).flatMap((file) =>
      readFileSync(join(folder, file), 'utf8')
        .split('\n')
        .flatMap((line) => /^(\w+): (?:\{ )?(?:<[^=]*>)?\([^=]*(?:options|given)\??: \w*Options\b/.exec(line)?.[1] ?? []),
    );
    expect(functions.length).toBeGreaterThan(40);
    const rows = FACTORIES.map(({ name }) => name);
    expect([...new Set(functions)].filter((name) => !rows.includes(name) && !Object.hasOwn(OTHERS, name))).toEqual([]);
  });
});
