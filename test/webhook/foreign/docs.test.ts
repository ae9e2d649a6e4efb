import { describe, expect, it } from 'vitest';
import { runDocProgram } from '../../support/doc-program.ts';

describe('docs/protocols/webhook.md', () => {
  it('has a program below "Foreign services" that prints what the page says', { timeout: 60_000 }, async () => {
    const { printed, promised } = await runDocProgram('webhook.md', 'Foreign services');
    expect(printed).toBe(promised);
  });
});
