import { describe, expect, it } from 'vitest';
import { Batches } from '../../src/stores/batches.ts';

describe('batches', () => {
  it('fail those that wait with the call before them, so that their order stays when they are tried again', async () => {
    const sent: string[] = [];
    let fail: (error: Error) => void = () => {};
    let isDown = true;
    const batches = new Batches<string>(
      { maxItems: 10, maxWeight: 100 },
      () => 1,
      async (items) => {
        if (isDown) await new Promise<void>((_, reject) => (fail = reject));
        sent.push(...items);
      },
    );
    const adding = ['a', 'b', 'c'].map((item) => batches.add(item).catch(() => item));
    isDown = false;
    fail(new Error('down'));
    const failed = await Promise.all(adding);
    expect(failed).toEqual(['a', 'b', 'c']);
    for (const item of failed) await batches.add(item ?? '');
    expect(sent).toEqual(['a', 'b', 'c']);
  });
});
