/**
 * The cases of the law, to be run against any adapter.
 *
 * @module multi-api-sdk/conformance
 * @group Tools
 */

import { readOptions } from '../core/options.ts';
import { conformanceCases } from './cases/index.ts';
import { runCase } from './run.ts';
import type { ConformanceCase, ConformanceResult, ConformanceTarget, Open } from './types.ts';

export { conformanceCases } from './cases/index.ts';
export { conformanceContract } from './contract.ts';
export type { ConformanceContract } from './contract.ts';
export { Probe } from './probe.ts';
export type { FlowRun, WaitRun } from './probe.ts';
export { runCase } from './run.ts';
export { createConformanceService } from './service.ts';
export type { ConformanceServiceOptions } from './service.ts';
export type {
  Bench,
  BenchOptions,
  CaseContext,
  ConformanceCase,
  ConformanceResult,
  ConformanceTarget,
  Level,
  Open,
  Opened,
  OpenOptions,
  OpenedStores,
  Skip,
  Verb,
} from './types.ts';

/** Options of `runConformance`. */
export interface RunOptions extends Omit<ConformanceTarget, 'open' | 'name'> {
  /** @default 'protocol' */
  readonly name?: string;
  /** Runs only these. @default all */
  readonly cases?: readonly ConformanceCase[];
  /** Told of each result as it comes. */
  readonly onResult?: (result: ConformanceResult) => void;
}

/**
 * Runs the conformance cases over a protocol, one after the other, and gives a result for each:
 * `await runConformance(async (transport) => ({ transport: myAdapter({ url }), close }))`.
 * @throws TypeError if a skip names no case
 */
export async function runConformance(open: Open, options: RunOptions = {}): Promise<readonly ConformanceResult[]> {
  const {
    cases = conformanceCases,
    onResult,
    name = 'protocol',
    ...rest
  } = readOptions('runConformance', options, {}, ['cases', 'onResult', 'name', 'can', 'skips', 'stores']);
  const target: ConformanceTarget = { ...rest, name, open };
  checkSkips(target);
  const results: ConformanceResult[] = [];
  for (const each of cases) {
    const result = await resultOf(target, each);
    results.push(result);
    onResult?.(result);
  }
  return results;
}

/** Why a protocol leaves a case out, if it does. */
export function skipReason(target: ConformanceTarget, each: ConformanceCase): string | undefined {
  const { can = ['call', 'subscribe', 'stream'], skips = [] } = target;
  const missing = each.needs.find((verb) => !can.includes(verb));
  return missing === undefined ? skips.find(({ id }) => id === each.id)?.reason : `${target.name} cannot ${missing}`;
}

/** Throws if a skip names no case, so that none outlives its purpose. */
export function checkSkips(target: ConformanceTarget): void {
  const stray = target.skips?.find(({ id }) => !conformanceCases.some((each) => each.id === id));
  if (stray) throw new TypeError(`${target.name}: the skip '${stray.id}' names no conformance case`);
}

async function resultOf(target: ConformanceTarget, each: ConformanceCase): Promise<ConformanceResult> {
  const { id, level, rule } = each;
  const reason = skipReason(target, each);
  if (reason !== undefined) return { id, level, rule, status: 'skipped', reason };
  try {
    await runCase(target, each);
    return { id, level, rule, status: 'passed' };
  } catch (error) {
    return { id, level, rule, status: 'failed', reason: (error as Error).message, error };
  }
}
