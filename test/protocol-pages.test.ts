import { describe, expect, it } from 'vitest';
import { runDocProgram } from './support/doc-program.ts';

describe('the part "Foreign services" of a page in docs/protocols', () => {
  it.each(['rest.md', 'mqtt.md', 'websocket.md', 'webhook.md'])(
    'has in %s a program that prints what the page says',
    { timeout: 60_000 },
    async (page) => {
      const { printed, promised } = await runDocProgram(page, 'Foreign services');
      expect(printed).toBe(promised);
    },
  );
});
