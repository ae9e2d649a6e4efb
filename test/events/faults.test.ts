import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Adapter } from '../../src/index.ts';

interface Way {
  readonly port: number;
  readonly hit: Readonly<Record<string, number>>;
  close(): void;
}
interface Told {
  readonly answered: number;
  readonly hung: number;
  readonly wrong: number;
}
interface Reader {
  readonly client: { close(): Promise<void> };
}
interface Service {
  readonly ports: Readonly<Record<string, number>>;
  publish(input: { readonly events: number; readonly perSecond: number; readonly pad: string }): Promise<void>;
  twice(protocol: string): number;
  close(): Promise<void>;
}
/** The parts of `npm run faults`, which is JavaScript. */
interface Faults {
  readonly ADAPTERS: Readonly<
    Record<string, { readonly port: string; readonly does?: string; readonly make: (port: number) => Adapter<never> }>
  >;
  readonly KINDS: Readonly<Record<string, readonly string[]>>;
  readonly contract: object;
  startService(): Promise<Service>;
  faultyWay(init: object): Promise<Way>;
  tryCalls(init: object): Promise<void>;
  subscribeReaders(init: object): Promise<Reader[]>;
  settle(readers: readonly Reader[], count: number, quietMs: number): Promise<void>;
  judge(reader: Reader, count: number, pad: string): { readonly twice: number; readonly lostWithoutGap: number };
}

const PARTS = ['adapters', 'calls', 'contract', 'events', 'proxy', 'service'];
// Time enough for a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PAD = 'p'.repeat(100);
const CALLS = 100;
const EVENTS = 200;
const SEED = 1;

let faults: Faults;
let service: Service;
beforeAll(async () => {
  const modules = PARTS.map((part) => import(new URL(`../../scripts/faults/${part}.mjs`, import.meta.url).href) as Promise<object>);
  faults = Object.assign({}, ...(await Promise.all(modules))) as Faults;
  service = await faults.startService();
});
afterAll(() => service.close());

/** All protocols that do one of both, each with a faulty way of its own. */
async function each(mode: string, meanBytes: number, run: (name: string, way: Way) => Promise<void>): Promise<number> {
  const names = Object.keys(faults.ADAPTERS).filter((name) => name !== 'webhook' && (faults.ADAPTERS[name]?.does ?? mode) === mode);
  const hits = names.map(async (name) => {
    const target = service.ports[faults.ADAPTERS[name]?.port ?? ''];
    const way = await faults.faultyWay({ target, seed: SEED, kinds: faults.KINDS['brief'], meanBytes });
    await run(name, way);
    way.close();
    return Object.values(way.hit).reduce((sum, count) => sum + count, 0);
  });
  return (await Promise.all(hits)).reduce((sum, count) => sum + count, 0);
}

// `npm run faults` does it with 10,000 of each.
describe('through a way that cuts and resets connections, and turns bits', () => {
  it('calls do not hang, run once under one key, and have the right answers', async () => {
    const told: Record<string, Told & { ranTwice: number }> = {};
    const hits = await each('calls', 8000, async (name, way) => {
      const counts = { answered: 0, hung: 0, wrong: 0 };
      await faults.tryCalls({
        protocol: name,
        adapter: faults.ADAPTERS[name]?.make(way.port),
        contract: faults.contract,
        count: CALLS,
        told: counts,
      });
      told[name] = { ...counts, ranTwice: service.twice(name) };
    });
    expect(hits).toBeGreaterThan(10);
    for (const [name, { answered, hung, wrong, ranTwice }] of Object.entries(told)) {
      expect({ name, hung, wrong, ranTwice }).toEqual({ name, hung: 0, wrong: 0, ranTwice: 0 });
      expect(answered, name).toBeGreaterThan(0);
    }
  });

  it('events come once, and none is lost without a gap', async () => {
    const readers: Record<string, Reader[]> = {};
    let isReady = 0;
    let publishing: Promise<void> | undefined;
    const hits = await each('events', 10_000, async (name, way) => {
      const make = () => faults.ADAPTERS[name]?.make(way.port);
      const mine = (readers[name] = await faults.subscribeReaders({ make, contract: faults.contract }));
      isReady++;
      // All of them subscribe before the first event.
      while (isReady < Object.values(faults.ADAPTERS).filter(({ does = 'events', port }) => does === 'events' && port !== undefined).length)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await (publishing ??= service.publish({ events: EVENTS, perSecond: 400, pad: PAD }));
      await faults.settle(mine, EVENTS, 6000);
      await Promise.all(mine.map(({ client }) => client.close()));
    });
    expect(hits).toBeGreaterThan(10);
    for (const [name, mine] of Object.entries(readers))
      for (const reader of mine) {
        const { twice, lostWithoutGap } = faults.judge(reader, EVENTS, PAD);
        expect({ name, twice, lostWithoutGap }).toEqual({ name, twice: 0, lostWithoutGap: 0 });
      }
  });
});
