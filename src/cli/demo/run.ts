import { performance } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { createClient } from '../../client/client.ts';
import type { ListenOptions, Unsubscribe } from '../../client/types.ts';
import type { Contract } from '../../core/contract.ts';
import type { OnWire } from '../../peer/on-wire.ts';
import { serve } from '../../serve/index.ts';
import type { Service } from '../../service/types.ts';
import type { Adapter, Transport } from '../../core/transport.ts';
import { listenerName } from '../../core/listener-name.ts';
import type { Examples } from './blog-examples.ts';
import { PROTOCOLS, protocolNamed } from '../../protocols.ts';
import { SocketMeter } from './socket-meter.ts';

/** What came of one operation or event over one protocol. */
export type Cell =
  | { readonly ok: true; readonly roundTrips: number; readonly bytes: number; readonly p50Ms: number }
  | { readonly ok: false; readonly error: string };

/** One operation or event: its cells by protocol; null where the protocol cannot carry it. */
export interface Row {
  readonly name: string;
  readonly kind: 'query' | 'mutation' | 'event';
  readonly cells: Readonly<Record<string, Cell | null>>;
}

export interface DemoOptions {
  /** Makes the service anew for each protocol, so that each does the same work on the same data. */
  readonly createService: () => Service;
  readonly examples: Examples;
  /** How often each is done, beside once to warm up. */
  readonly repeat: number;
  readonly onProgress: (protocol: string, member: string) => void;
}

/** The service without a protocol, called within the process: what all others are compared with. */
export const REFERENCE = 'service';

/** How long an event may take to arrive, in milliseconds. */
const EVENT_TIMEOUT_MS = 5_000;

/** Calls every operation and publishes every event over every protocol. */
export async function runDemo(options: DemoOptions): Promise<Row[]> {
  const columns = new Map<string, Map<string, Cell>>();
  const expected = new Map<string, readonly unknown[]>();
  columns.set(
    REFERENCE,
    await withService(options, (service) =>
      runColumn(
        REFERENCE,
        service,
        service,
        () => 0,
        () => 0,
        options,
        expected,
      ),
    ),
  );
  for (const [name, protocol] of Object.entries(PROTOCOLS)) {
    const column = await withService(options, async (service) => {
      const served = await serve(service, { port: 0, grpcPort: 0, allowPrivateWebhooks: true });
      const meter = new SocketMeter();
      const trips = new TripCounter();
      try {
        const adapter = await protocol.connect({ url: protocol.urlOf(served), onWire: trips.onWire });
        return await runColumn(
          name,
          service,
          adapter,
          () => meter.bytes,
          () => trips.count,
          options,
          expected,
        );
      } finally {
        meter.close();
        await served.close();
      }
    });
    columns.set(name, column);
  }
  return withService(options, async ({ contract }) => rowsOf(contract, columns));
}

async function withService<T>({ createService }: DemoOptions, use: (service: Service) => Promise<T>): Promise<T> {
  const service = createService();
  try {
    return await use(service);
  } finally {
    await service.close();
  }
}

/** One protocol: the members it can carry, one after the other over one client. */
async function runColumn(
  column: string,
  service: Service,
  transport: Adapter<never> | Transport,
  bytes: () => number,
  trips: () => number,
  { examples, repeat, onProgress }: DemoOptions,
  expected: Map<string, readonly unknown[]>,
): Promise<Map<string, Cell>> {
  const { contract } = service;
  const verbs = protocolNamed(column)?.verbs ?? ['call', 'subscribe'];
  const client = createClient({ contract, transport });
  const members = client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const cells = new Map<string, Cell>();
  const measure = async (name: string, once: (run: number) => Promise<number>): Promise<void> => {
    onProgress(column, name);
    const runs: { readonly ms: number; readonly bytes: number; readonly trips: number }[] = [];
    for (let run = 0; run <= repeat; run++) {
      const before = { bytes: bytes(), trips: trips() };
      const ms = await once(run);
      // The first one connects.
      if (run > 0) runs.push({ ms, bytes: bytes() - before.bytes, trips: trips() - before.trips });
    }
    const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    cells.set(name, {
      ok: true,
      roundTrips: median(runs.map((each) => each.trips)),
      bytes: median(runs.map((each) => each.bytes)),
      p50Ms: Number(median(runs.map((each) => each.ms)).toFixed(3)),
    });
  };

  try {
    for (const name of verbs.includes('call') ? Object.keys(contract.operations) : []) {
      const outputs: unknown[] = [];
      await attempt(cells, name, async () => {
        await measure(name, async (run) => {
          const input = exampleOf(examples.operations, name)(run);
          const begun = performance.now();
          const output = await members[name]?.(input);
          const ms = performance.now() - begun;
          outputs.push(timeless(output));
          return ms;
        });
        if (column === REFERENCE) expected.set(name, outputs);
        const wrong = outputs.findIndex((output, run) => !isDeepStrictEqual(output, expected.get(name)?.[run]));
        if (wrong >= 0) throw new Error(`gave ${JSON.stringify(outputs[wrong])}, not ${JSON.stringify(expected.get(name)?.[wrong])}`);
      });
    }
    for (const name of verbs.includes('subscribe') ? Object.keys(contract.events) : []) {
      await attempt(cells, name, async () => {
        const inbox = new Inbox();
        const listen = members[listenerName(name)] as unknown as (
          listener: (data: unknown) => void,
          options: ListenOptions,
        ) => Promise<Unsubscribe>;
        const unsubscribe = await listen((data) => inbox.put(data), { onError: (error) => inbox.fail(error) });
        try {
          await measure(name, async (run) => {
            const data = exampleOf(examples.events, name)(run);
            const begun = performance.now();
            const [received] = await Promise.all([inbox.take(), service.publish(name, data)]);
            const ms = performance.now() - begun;
            if (!isDeepStrictEqual(received, data)) throw new Error(`brought ${JSON.stringify(received)}, not ${JSON.stringify(data)}`);
            return ms;
          });
        } finally {
          await unsubscribe();
        }
      });
    }
  } finally {
    await client.close();
  }
  return cells;
}

async function attempt(cells: Map<string, Cell>, name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    cells.set(name, { ok: false, error: error instanceof Error ? error.message : String(error) });
  }
}

function rowsOf({ operations, events }: Contract, columns: ReadonlyMap<string, ReadonlyMap<string, Cell>>): Row[] {
  const row = (name: string, kind: Row['kind']): Row => ({
    name,
    kind,
    cells: Object.fromEntries([...columns].map(([column, cells]) => [column, cells.get(name) ?? null])),
  });
  return [...Object.values(operations).map(({ name, kind }) => row(name, kind)), ...Object.keys(events).map((name) => row(name, 'event'))];
}

function exampleOf(examples: Examples['events'], name: string): (run: number) => unknown {
  const example = examples[name];
  if (!example) throw new Error(`there is no example of ${name}`);
  return example;
}

/** Outputs of two runs differ in the times at which they were made. */
function timeless(value: unknown): unknown {
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? '<time>' : value;
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, timeless(member)]));
}

/** Counts how often an answer followed what was sent. */
class TripCounter {
  count = 0;
  #isWaiting = false;

  readonly onWire: OnWire = ({ direction }) => {
    if (direction === 'in' && this.#isWaiting) this.count++;
    this.#isWaiting = direction === 'out';
  };
}

/** Hands what a listener got to who waits for it. */
class Inbox {
  #take: ((data: unknown) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  put(data: unknown): void {
    this.#take?.(data);
  }

  fail(error: unknown): void {
    this.#reject?.(error);
  }

  take(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no event came within ${EVENT_TIMEOUT_MS} ms`)), EVENT_TIMEOUT_MS);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          settle(value);
        };
      [this.#take, this.#reject] = [settled(resolve), settled(reject)];
    });
  }
}
