import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { publishedSpecs } from '../scripts/specs.ts';

describe('published descriptions', async () => {
  it.each(Object.entries(await publishedSpecs()))('%s is what the contract prints (else: npm run specs)', (path, text) => {
    expect(readFileSync(join(import.meta.dirname, '..', path), 'utf8')).toBe(text);
  });
});
