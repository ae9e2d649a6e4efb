import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FACTORIES, type Factory } from '../support/factories.ts';

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

/** Options that share a message that does not have their name. */
const UNNAMED = new Set(['secret', 'signingKey', 'descriptors']);

/** The options of a factory that are not numbers, as its message for an unknown one lists them. */
async function namesOf({ make, numbers }: Factory): Promise<string[]> {
  const error = await tryOut(make, { bogusbogusbogusbogusbogus: 1 }).catch((thrown: unknown) => thrown as Error);
  const names = /there are (.*)$/s.exec(error?.message ?? '')?.[1]?.split(', ') ?? [];
  return names.filter((name) => !Object.hasOwn(numbers, name));
}

describe.each(FACTORIES)('$name: an option of a wrong type', (factory) => {
  it('is refused by name', async () => {
    const taken: string[] = [];
    for (const name of await namesOf(factory)) {
      const error = await tryOut(factory.make, { [name]: 1n }).catch((thrown: unknown) => thrown as Error);
      if (!(error instanceof TypeError) || !error.message.toLowerCase().includes(name.toLowerCase()))
        taken.push(`${name}: ${error?.message ?? 'taken'}`);
    }
    expect(taken.filter((text) => !UNNAMED.has(text.split(':')[0] ?? ''))).toEqual([]);
  });
});

describe('a wrong type', () => {
  it.each([
    ['listen', { http2: 'yes' }, 'listen: http2 must be true or false, not "yes"'],
    ['listen', { onError: 'log' }, 'listen: onError must be a function, not "log"'],
    ['serve', { rest: true }, 'serve: rest must be an object, not true'],
    ['serve', { handlers: () => 1 }, 'serve: handlers must be a list, not a function'],
    ['serve', { cors: 'yes' }, 'serve: cors must be true or false or an object, not "yes"'],
    ['restHandler', { basePath: 5 }, 'restHandler: basePath must be text, not 5'],
    ['rest', { onWire: {} }, 'rest: onWire must be a function, not an object'],
    ['graphqlHandler', { introspection: 'false' }, 'graphqlHandler: introspection must be true or false, not "false"'],
    ['rest', { redirects: 'always' }, `rest: redirects must be 'refuse' or 'same-origin', not "always"`],
    ['createService', { hub: null }, 'createService: hub must be an object, not null'],
  ])('of %s %j is told by name', async (name, options, message) => {
    const factory = FACTORIES.find((each) => each.name === name) as Factory;
    await expect(tryOut(factory.make, options)).rejects.toThrow(new TypeError(message));
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
