/** The law for contracts of random members: operations, streams, declared errors and events under random names, routes and schemas, with values at the edges. */
import { describe, expect, it } from 'vitest';
import { judge } from '../support/judge.ts';

/** `SEED=1000 COUNT=100 npx vitest run test/conformance/random-members.test.ts` tries others, and more of them; `GATEWAY=1` puts each protocol in front of another. */
const SEED = Number(process.env['SEED'] ?? 1);
const COUNT = Number(process.env['COUNT'] ?? 4);
const isGateway = process.env['GATEWAY'] === '1';

describe(`contracts of random members, from seed ${SEED}`, () => {
  it.each(isGateway ? [true] : [false, true])(
    'behave over every protocol as their service does, behind a gateway: %s',
    { timeout: 60_000 + COUNT * 30_000 },
    async (gateway) => {
      let judged = 0;
      for (let seed = SEED; judged < COUNT; seed++) {
        const { outcome, losses, calls, events } = await judge(seed, gateway);
        if (outcome === 'refused') continue;
        judged++;
        expect(losses).toEqual([]);
        expect(calls + events).toBeGreaterThan(0);
      }
    },
  );
});
