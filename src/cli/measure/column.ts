import { isDeepStrictEqual } from 'node:util';
import { createClient } from '../../client/client.ts';
import { namedMembers } from '../../client/members.ts';
import type { ListenOptions, Unsubscribe } from '../../client/types.ts';
import type { Contract } from '../../core/contract.ts';
import { isApiError } from '../../core/errors.ts';
import { listenerName } from '../../core/listener-name.ts';
import type { Adapter, Headers, Transport } from '../../core/transport.ts';
import type { OnWire, WireRecord } from '../../peer/on-wire.ts';
import type { Verb } from '../../protocols.ts';
import type { Cell, Column, Measured } from './cell.ts';
import type { Examples } from './examples.ts';
import { cpuMs, monotonicMs, type FarEnd } from './far-end.ts';
import { Inbox } from './inbox.ts';
import { median, percentile } from './statistics.ts';
import { inMemory } from '../../schema/codec/files-in.ts';

/** The work that is done over one protocol. */
export interface ColumnOptions {
  readonly contract: Contract;
  readonly verbs: readonly Verb[];
  readonly examples: Examples;
  readonly headers: Headers;
  /** How often each is timed, after `warmUp` more. */
  readonly repeat: number;
  readonly warmUp: number;
  /** Whether a member is measured. */
  readonly isWanted: (member: string) => boolean;
  /** Makes the client's end; the first of the two times with `onWire`, which costs time. */
  readonly connect: (onWire: OnWire | undefined) => Promise<Adapter<never> | Transport>;
  readonly farEnd: Pick<FarEnd, 'isHere' | 'publish' | 'cpuMs'>;
  /** Bytes so far, on the client's connections. */
  readonly bytes: () => number;
  /** The expected result of each run: filled in by the first protocol, compared with by the others. Absent: outputs may differ. */
  readonly expected: { readonly isFirst: boolean; readonly outcomes: Map<string, readonly unknown[]> } | undefined;
  readonly onProgress: (member: string) => void;
}

/** One run of a member. */
interface Run {
  readonly ms: number;
  readonly outcome: unknown;
  readonly refused: string | undefined;
}

const WIRE_RUNS = 2;
const MAX_ITEMS = 100;

/** Does every wanted member over one protocol: first to see what goes over the wire, then to take the time. */
export async function measureColumn(options: ColumnOptions): Promise<Column> {
  const cells = new Map<string, Cell>();
  const wire = new Map<string, readonly WireRecord[]>();
  const trips = new Map<string, number>();
  let records: WireRecord[] = [];
  const counters = new Map<string, number>();
  await withMembers(options, (record) => void records.push(record), async (members) => {
    for (const name of membersOf(options)) {
      await attempt(cells, name, async () => {
        const member = await open(options, members, name, counters);
        try {
          for (let run = 0; run < WIRE_RUNS; run++) {
            records = [];
            await member.run();
          }
          trips.set(name, tripsOf(records));
          wire.set(name, records);
        } finally {
          await member.close();
        }
      });
    }
  }); // prettier-ignore
  await withMembers(options, undefined, async (members) => {
    for (const name of membersOf(options)) {
      if (cells.has(name)) continue;
      options.onProgress(name);
      await attempt(cells, name, async () => {
        const member = await open(options, members, name, counters);
        try {
          cells.set(name, { ...(await time(options, member)), roundTrips: trips.get(name) ?? 0 });
        } finally {
          await member.close();
        }
      });
    }
  });
  return { cells, wire };
}

async function time({ repeat, warmUp, farEnd, bytes }: ColumnOptions, member: Member): Promise<Omit<Measured, 'roundTrips'>> {
  for (let run = 0; run < warmUp; run++) await member.run();
  const runs: (Run & { readonly bytes: number })[] = [];
  const started = { here: cpuMs(), there: await farEnd.cpuMs?.() };
  for (let run = 0; run < repeat; run++) {
    const before = bytes();
    const done = await member.run();
    runs.push({ ...done, bytes: bytes() - before });
  }
  // Events that are published one by one on command spend CPU on the command: that of many on one command is taken instead.
  if (member.burst) {
    [started.here, started.there] = [cpuMs(), await farEnd.cpuMs?.()];
    await member.burst(repeat);
  }
  const spent = { here: cpuMs() - started.here, there: (await farEnd.cpuMs?.()) ?? 0 };
  const times = runs.map(({ ms }) => ms);
  const refused = runs.every((run) => run.refused !== undefined) ? runs[0]?.refused : undefined;
  return {
    ok: true,
    bytes: median(runs.map((run) => run.bytes)),
    p50Ms: rounded(median(times)),
    p99Ms: rounded(percentile(times, 0.99)),
    ...(!farEnd.isHere && { clientCpuMs: rounded(spent.here / repeat) }),
    ...(started.there !== undefined && { serviceCpuMs: rounded((spent.there - started.there) / repeat) }),
    ...(refused !== undefined && { refused }),
  };
}

/** An operation or event that is ready to be done again and again. */
interface Member {
  run(): Promise<Run>;
  /** Lets many events come at once, on one command. */
  readonly burst?: (count: number) => Promise<void>;
  close(): Promise<void>;
}

type Members = Readonly<Record<string, (...args: unknown[]) => Promise<unknown> | AsyncIterable<unknown>>>;

async function withMembers(options: ColumnOptions, onWire: OnWire | undefined, use: (members: Members) => Promise<void>): Promise<void> {
  const client = createClient({ contract: options.contract, transport: await options.connect(onWire) });
  try {
    await use(namedMembers(client));
  } finally {
    await client.close();
  }
}

function membersOf({ contract, verbs, farEnd, isWanted }: ColumnOptions): string[] {
  const operations = verbs.includes('call') ? Object.keys(contract.operations) : [];
  const events = verbs.includes('subscribe') && farEnd.publish ? Object.keys(contract.events) : [];
  return [...operations, ...events].filter(isWanted);
}

function open(options: ColumnOptions, members: Members, name: string, counters: Map<string, number>): Promise<Member> {
  const next = (): number => {
    const run = counters.get(name) ?? 0;
    counters.set(name, run + 1);
    return run;
  };
  return Object.hasOwn(options.contract.operations, name)
    ? openCall(options, members, name, next)
    : openEvent(options, members, name, next);
}

async function openCall({ contract, examples, headers, expected }: ColumnOptions, members: Members, name: string, next: () => number): Promise<Member> {
  const example = exampleOf(examples.operations, name);
  const isStream = contract.operations[name]?.item !== undefined;
  return {
    async run() {
      const run = next();
      const input = example(run);
      const begun = monotonicMs();
      let outcome: unknown;
      let refused: string | undefined;
      try {
        const given = members[name]?.(input, { headers });
        // A file has arrived once it is read.
        outcome = isStream ? await itemsOf(given as AsyncIterable<unknown>) : await inMemory(await given);
      } catch (error) {
        // Nobody answered: there is nothing to measure.
        if (!isApiError(error) || !isAnswer(error.code)) throw error;
        refused = error.code;
        outcome = { refused };
      }
      const ms = monotonicMs() - begun;
      if (expected) compare(expected, name, run, timeless(outcome), refused);
      return { ms, outcome, refused };
    },
    close: async () => {},
  };
} // prettier-ignore

/** Whether a service said so itself, about what it was asked. */
function isAnswer(code: string): boolean {
  return !['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED', 'DATA_LOSS', 'INTERNAL', 'UNKNOWN', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED'].includes(code); // prettier-ignore
}

/** The items of a stream, of an endless one the first. */
async function itemsOf(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const item of stream) if (items.push(item) >= MAX_ITEMS) break;
  return items;
}

function compare({ isFirst, outcomes }: NonNullable<ColumnOptions['expected']>, name: string, run: number, outcome: unknown, refused: string | undefined): void {
  if (isFirst) {
    if (refused !== undefined) throw new Error(`the service refuses the example with ${refused}`);
    outcomes.set(name, [...(outcomes.get(name) ?? []), outcome]);
    return;
  }
  const wanted = outcomes.get(name)?.[run];
  if (!isDeepStrictEqual(outcome, wanted)) throw new Error(`gave ${JSON.stringify(outcome)}, not ${JSON.stringify(wanted)}`);
} // prettier-ignore

async function openEvent({ examples, headers, farEnd }: ColumnOptions, members: Members, name: string, next: () => number): Promise<Member> {
  const example = exampleOf(examples.events, name);
  const inbox = new Inbox(monotonicMs);
  const listen = namedMembers<(listener: (data: unknown) => void, options: ListenOptions) => Promise<Unsubscribe>>(members)[listenerName(name)];
  const unsubscribe = await listen?.((data) => inbox.put(data), { headers, onError: (error) => inbox.fail(error) });
  const publish = async (payloads: readonly unknown[]) => {
    const [received, begun] = await Promise.all([inbox.take(payloads.length), farEnd.publish?.(name, payloads)]);
    return payloads.map((payload, at) => {
      const { data, atMs } = received[at] ?? { data: undefined, atMs: NaN };
      if (!isDeepStrictEqual(data, payload)) throw new Error(`brought ${JSON.stringify(data)}, not ${JSON.stringify(payload)}`);
      return { ms: atMs - (begun?.[at] ?? NaN), outcome: data, refused: undefined };
    });
  };
  return {
    run: async () => (await publish([example(next())]))[0] ?? { ms: NaN, outcome: undefined, refused: undefined },
    ...(!farEnd.isHere && {
      burst: async (count: number) => void (await publish(Array.from({ length: count }, () => example(next())))),
    }),
    close: async () => void (await unsubscribe?.()),
  };
} // prettier-ignore

async function attempt(cells: Map<string, Cell>, name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    cells.set(name, { ok: false, error: error instanceof Error ? error.message : String(error) });
  }
}

function exampleOf(examples: Examples['operations'], name: string): (run: number) => unknown {
  const example = Object.hasOwn(examples, name) ? examples[name] : undefined;
  if (!example) throw new Error(`there is no example of ${name}`);
  return example;
}

/** How often an answer followed what was sent. */
function tripsOf(records: readonly WireRecord[]): number {
  let [trips, isWaiting] = [0, false];
  for (const { direction } of records) {
    if (direction === 'in' && isWaiting) trips++;
    isWaiting = direction === 'out';
  }
  return trips;
}

/** Outputs of two runs differ in the times at which they were made. */
function timeless(value: unknown): unknown {
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? '<time>' : value;
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, timeless(member)]));
}

function rounded(ms: number): number {
  return Number(ms.toFixed(3));
}
