import { median, printTable } from './table.ts';

/** A call of ours and the raw library's, measured side by side. */
export interface Comparison {
  readonly title: string;
  readonly what: string;
  /** What the ratio must reach: `<= 0.35`. */
  readonly goal: string;
  readonly ours: () => Promise<unknown>;
  readonly raw: () => Promise<unknown>;
  readonly inFlight: number;
  readonly calls: number;
  readonly rounds: number;
}

/** Prints the CPU of this process per call. */
export async function compareCpu(comparison: Comparison): Promise<void> {
  await compare(comparison, cpuPerCall, (us) => `${us.toFixed(1)} µs`);
}

/** Prints how many calls are done in a second. */
export async function compareRate(comparison: Comparison): Promise<void> {
  await compare(comparison, callsPerSecond, (rate) => `${Math.round(rate)}/s`);
}

type Measure = (call: () => Promise<unknown>, calls: number, inFlight: number) => Promise<number>;

async function compare(comparison: Comparison, measure: Measure, show: (value: number) => string): Promise<void> {
  const { title, what, goal, ours, raw, inFlight, calls, rounds } = comparison;
  const round = async () => ({ raw: await measure(raw, calls, inFlight), ours: await measure(ours, calls, inFlight) });
  // The first is for the compiler; the others take turns, because the machine's speed drifts.
  await round();
  const results: { raw: number; ours: number }[] = [];
  for (let index = 0; index < rounds; index++) results.push(await round());
  const middle = (which: 'raw' | 'ours') => show(median(results.map((result) => result[which])));
  const ratio = median(results.map((result) => result.ours / result.raw));
  printTable(title, [{ what, ours: middle('ours'), raw: middle('raw'), ratio, goal }]);
}

/** Microseconds, user and system. */
async function cpuPerCall(call: () => Promise<unknown>, calls: number, inFlight: number): Promise<number> {
  const before = process.cpuUsage();
  await run(call, calls, inFlight);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

async function callsPerSecond(call: () => Promise<unknown>, calls: number, inFlight: number): Promise<number> {
  const begun = performance.now();
  await run(call, calls, inFlight);
  return (calls * 1000) / (performance.now() - begun);
}

async function run(call: () => Promise<unknown>, calls: number, inFlight: number): Promise<void> {
  let left = calls;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) await call();
    }),
  );
}
