import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, query } from '../../src/index.ts';
import { now, toEpochMs } from '../../src/life/now.ts';
import { readDeadline, timeoutHeader } from '../../src/peer/headers.ts';

const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

describe('a wall clock that is set back', () => {
  it('does not lengthen a call', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const contract = defineContract({ name: 'shop', operations: { wait: query({ output: z.int32() }) } });
    const client = createClient({ contract, transport: createService(contract, { wait: () => new Promise<number>(() => {}) }) });
    const call = client.wait(undefined, { timeoutMs: 30 });
    vi.setSystemTime(Date.now() - HOUR_MS);
    await expect(call).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  it('does not change the rest of a deadline that travels', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const deadline = readDeadline('5000') ?? 0;
    vi.setSystemTime(Date.now() + HOUR_MS);
    expect(Number(timeoutHeader(deadline))).toBeGreaterThan(4000);
    expect(Number(timeoutHeader(deadline))).toBeLessThanOrEqual(5000);
  });
});

describe('the deadline of a handler', () => {
  it('is in epoch milliseconds', async () => {
    const contract = defineContract({ name: 'shop', operations: { left: query({ output: z.number() }) } });
    const service = createService(contract, { left: (_, { deadline = 0 }) => deadline - Date.now() });
    const left = await createClient({ contract, transport: service }).left(undefined, { timeoutMs: 60_000 });
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_001);
    expect(Math.abs(toEpochMs(now()) - Date.now())).toBeLessThan(50);
  });
});
