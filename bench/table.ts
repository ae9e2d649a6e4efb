import { appendFileSync } from 'node:fs';
import process from 'node:process';

/** One measurement against the raw library in the same run. */
export interface Row {
  readonly what: string;
  readonly ours: string;
  readonly raw: string;
  readonly ratio: number;
  /** What the ratio must reach: `>= 0.90`. */
  readonly goal: string;
}

export function printTable(title: string, rows: readonly Row[]): void {
  // For a comparison of two commits: `npm run bench:compare`.
  const file = process.env['BENCH_RATIOS'];
  if (file !== undefined)
    for (const { what, ratio } of rows) appendFileSync(file, `${JSON.stringify({ name: `${title}: ${what}`, ratio })}\n`);
  console.log(`\n${title}`);
  console.table(Object.fromEntries(rows.map(({ what, ours, raw, ratio, goal }) => [what, { ours, raw, ratio: ratio.toFixed(2), goal }])));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
