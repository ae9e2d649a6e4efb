import { expect, test } from 'vitest';
import { checkSkips, runCase, skipReason, type ConformanceCase, type ConformanceTarget } from '../../src/conformance/index.ts';

/** One test for each case over one protocol: it must pass, and leave nothing open. */
export function testCases(target: ConformanceTarget, cases: readonly ConformanceCase[]): void {
  checkSkips(target);
  for (const each of cases) {
    const reason = skipReason(target, each);
    test.skipIf(reason !== undefined)(
      `${each.id}: ${reason === undefined ? each.rule : `skipped, ${reason}`}`,
      async () => {
        const before = openResources();
        await runCase(target, each);
        await leftBy(before);
      },
      30_000,
    );
  }
}

/** Timers, sockets and servers that are open, by kind. What a pool of the runner itself holds is the same before and after. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Waits until no more is open than was before: without a timer of its own, which would count. */
async function leftBy(before: ReadonlyMap<string, number>): Promise<void> {
  const left = () => [...openResources()].filter(([kind, count]) => /Timeout|TCP|Pipe|TLS/.test(kind) && count > (before.get(kind) ?? 0));
  const end = Date.now() + 5000;
  while (left().length > 0 && Date.now() < end) await new Promise((resolve) => setImmediate(resolve));
  expect(left(), 'still open').toEqual([]);
}
