import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkSkips, conformanceCases, runCase, skipReason, type ConformanceTarget } from '../../src/conformance/index.ts';

/** A protocol joins by a file in test/protocols that exports its `target`. */
const folder = new URL('../protocols/', import.meta.url);
const targets = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map(async (name) => ((await import(new URL(name, folder).href)) as { readonly target: ConformanceTarget }).target),
);

test('ids are stable slugs, each used once', () => {
  const ids = conformanceCases.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, rule } of conformanceCases) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(rule).toMatch(/\.$/);
  }
});

for (const target of targets) {
  checkSkips(target);
  describe(target.name, () => {
    for (const each of conformanceCases) {
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
  });
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
