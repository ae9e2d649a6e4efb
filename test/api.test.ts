import { describe, expect, it } from 'vitest';
import { apiReport } from './support/api-report.ts';

const report = apiReport();

describe('what an entry exports is as it was; if it was changed on purpose: npx vitest run test/api.test.ts -u, and a line in docs/guides/from-0.1.0.md', () => {
  it.each(Object.entries(report))('%s', async (name, text) => {
    await expect(text).toMatchFileSnapshot(`./api/${name.replaceAll('/', '.')}.txt`);
  });
});
