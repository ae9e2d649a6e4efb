import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/mqtt/events/pace.ts';

describe('the pace of publishing', () => {
  it('lets no more events be on their way or at the broker than receivers know, before their place is kept', () => {
    let asked = 0;
    let published = 0;
    const pace = new Pace(() => asked++);
    for (let n = 0; n < 2000; n++) pace.run(() => published++);
    expect([published, asked]).toEqual([500, 0]);
    for (let n = 0; n < 100; n++) pace.acknowledged(false);
    expect([published, asked]).toEqual([500, 1]);
    pace.tell();
    pace.kept();
    expect(published).toBe(600);
    // Nobody knows whether the broker has it: it waits for a connection.
    pace.dropped();
    expect(published).toBe(601);
  });
});
