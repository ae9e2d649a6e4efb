import {
  createClient,
  createService,
  defineContract,
  event,
  isApiError,
  mutation,
  type EventHub,
  type IdempotencyStore,
} from '../../src/index.ts';
import { expect } from 'vitest';
import { z } from 'zod';
import { until } from './until.ts';

const N = z.object({ n: z.int32() });
const contract = defineContract({
  name: 'trouble',
  operations: { add: mutation({ input: N, output: N }) },
  events: { added: event({ channel: 'added', payload: N, writtenBy: 'add' }) },
});

export interface SharedStores {
  readonly hub: EventHub;
  readonly idempotencyStore: IdempotencyStore;
}

/**
 * Makes calls at a process while its engine is in trouble, some with keys, and a subscription. Expects that each acknowledged event is heard
 * once at another process, and that a caller who is refused may try again. Gives the reports.
 */
export async function throughTrouble(here: SharedStores, there: SharedStores, begin: () => unknown, end: () => unknown): Promise<string> {
  const reports: string[] = [];
  const runs: number[] = [];
  const open = ({ hub, idempotencyStore }: SharedStores) => {
    const onError = ({ error }: { readonly error: unknown }) => void reports.push(String(error));
    const service = createService(contract, { add: ({ n }) => (runs.push(n), { n }) }, { hub, idempotencyStore, onError });
    const client = createClient({ contract, transport: service });
    return { client, close: () => client.close().then(() => service.close()) };
  };
  const [one, two] = [open(here), open(there)];
  const heard: number[] = [];
  let gaps = 0;
  await two.client.onAdded(({ n }) => void heard.push(n), { onGap: () => gaps++ });
  const refused = new Set<string>();
  const add = (n: number, isKeyed: boolean) =>
    one.client.add({ n }, isKeyed ? { idempotencyKey: crypto.randomUUID() } : {}).then(
      () => true,
      (error: unknown) => (refused.add(isApiError(error) ? error.code : String(error)), false),
    );
  const acknowledged = new Map<number, boolean>();
  const call = async (from: number, count: number) => {
    const calls = Array.from({ length: count }, (_, index) => from + index);
    const done = await Promise.all(calls.map((n) => add(n, n % 2 === 0)));
    calls.forEach((n, index) => acknowledged.set(n, done[index] === true));
  };
  await call(0, 10);
  await begin();
  await call(10, 20);
  const late: number[] = [];
  // It begins when the engine is well again.
  const subscribed = one.client.onAdded(({ n }) => void late.push(n));
  await call(30, 20);
  await end();
  await subscribed;
  await until(async () => await add(98, true), 'a call with a key succeeds again');
  await call(100, 10);
  const wanted = [...acknowledged].flatMap(([n, is]) => (is ? [n] : []));
  await until(
    () => heard.length >= wanted.length + 1 && late.includes(109),
    () => `heard ${heard.length} of ${wanted.length + 1}`,
  );
  expect(heard.filter((n) => n !== 98).sort((a, b) => a - b)).toEqual(wanted);
  expect(gaps).toBe(0);
  // Nothing that was refused has run.
  expect(runs.filter((n) => acknowledged.get(n) === false)).toEqual([]);
  expect([...refused].filter((code) => code !== 'UNAVAILABLE')).toEqual([]);
  await one.close();
  await two.close();
  return reports.join('\n');
}
