/** An Express app whose requests the instrumentation of HTTP sees: each has one span of a server, and it says what was called. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, describe, it } from 'vitest';

describe('an Express app with the HTTP instrumentation', () => {
  it('has one span a request on each side', async () => {
    const program = fileURLToPath(new URL('../programs/traced-express.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program]);
    expect(JSON.parse(stdout)).toEqual({
      answered: { item: 'tea' },
      spans: [
        { kind: 'SERVER', name: 'POST /orders/{item}', parent: 'CLIENT POST /orders/{item}', route: '/orders/{item}' },
        { kind: 'CLIENT', name: 'POST /orders/{item}', parent: 'none' },
      ],
      traces: 1,
    });
  });
});
