import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { conformanceCases, type ConformanceTarget } from '../../src/conformance/index.ts';
import { testCases } from '../support/conformance.ts';

/** A protocol joins by a file in test/protocols that exports its `target`. */
const folder = new URL('../protocols/', import.meta.url);
const targets = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map(async (name) => ((await import(new URL(name, folder).href)) as { readonly target: ConformanceTarget }).target),
);

describe('the cases', () => {
  test('ids are stable slugs, each used once', () => {
    const ids = conformanceCases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, rule } of conformanceCases) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
      expect(rule).toMatch(/\.$/);
    }
  });
});

for (const target of targets) describe(target.name, () => testCases(target, conformanceCases));
