import { describe, expect, it } from 'vitest';
import { importContract } from '../../src/import/index.ts';

describe('an address that cannot be read', () => {
  it('a port that fetch refuses is told so', async () => {
    await expect(importContract('http://127.0.0.1:6000/x.json')).rejects.toThrow(
      'cannot be read: fetch refuses this port, as browsers do: serve on another one',
    );
  });
});
