import { isApiError } from '../../src/index.ts';
import { retry } from '../../src/compose/index.ts';
import { until } from '../support/until.ts';
import { CALL_PROTOCOLS, clientAt, EVENT_PROTOCOLS, Hearing, type NotesClient } from './callers.ts';
import type { Address } from './fleet.ts';

/** A longer run, with figures: `PROCESSES=full npx vitest run test/processes`. */
export const isFull = process.env['PROCESSES'] === 'full';

/** Prints what a full run has measured. */
export function tell(what: string, figures: Readonly<Record<string, unknown>>): void {
  if (isFull) console.log(what, figures);
}

export interface LoadOptions {
  readonly room: string;
  /** Each writer writes so many notes at least, and goes on until `meanwhile` is over. */
  readonly notes: number;
  /** Writers by each protocol. */
  readonly inFlight: number;
  /** Whether calls that fail are tried again with a key. */
  readonly isRetried: boolean;
}

/** What a load has led to. */
export interface LoadResult {
  readonly acknowledged: readonly number[];
  /** Calls that failed, by the code of their error. */
  readonly failed: Readonly<Record<string, number>>;
  readonly lost: number;
  readonly twice: number;
  readonly gaps: number;
  /** What each subscriber that missed something says. */
  readonly complaints: readonly string[];
}

/** Writes notes by all protocols and has them heard by all, all through the proxy, while something happens. */
export async function underLoad(proxy: Address, options: LoadOptions, meanwhile: () => Promise<void>): Promise<LoadResult> {
  const { room, notes, inFlight, isRetried } = options;
  const clients: NotesClient[] = [];
  const open = (name: (typeof CALL_PROTOCOLS)[number], wrap?: Parameters<typeof clientAt>[2]) => {
    const client = clientAt(proxy, name, wrap);
    clients.push(client);
    return client;
  };
  try {
    const hearings = await Promise.all(EVENT_PROTOCOLS.map((name) => Hearing.begin(name, open(name), room)));
    const acknowledged: number[] = [];
    const failed: Record<string, number> = {};
    let next = 0;
    let isOver = false;
    const write = async (client: NotesClient, n: number) => {
      try {
        await client.addNote({ room, n }, { timeoutMs: isRetried ? 20_000 : isFull ? 5000 : 1500 });
        acknowledged.push(n);
      } catch (error) {
        const code = isApiError(error) ? error.code : String(error);
        failed[code] = (failed[code] ?? 0) + 1;
      }
    };
    const writing = CALL_PROTOCOLS.flatMap((name) => {
      const client = open(
        name,
        isRetried ? (adapter) => retry(adapter, { attempts: 8, idempotencyKeys: true, budget: Infinity }) : undefined,
      );
      return Array.from({ length: inFlight }, async () => {
        for (let written = 0; written < notes || !isOver; written++) {
          await write(client, next++);
          // The machine is not what is tested.
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
    });
    await meanwhile();
    isOver = true;
    await Promise.all(writing);
    const wrong = () => hearings.map((hearing) => ({ ...hearing.wrong(acknowledged), hearing }));
    const isLost = () => wrong().some(({ lost }) => lost.length > 0);
    await until(() => !isLost()).catch(() => {});
    await lastHeard(hearings, clients, room);
    const found = wrong();
    return {
      acknowledged,
      failed,
      lost: found.reduce((sum, { lost }) => sum + lost.length, 0),
      twice: found.reduce((sum, { twice }) => sum + twice.length, 0),
      gaps: hearings.reduce((sum, { gaps }) => sum + gaps, 0),
      complaints: found
        .filter(({ lost, twice, hearing }) => lost.length + twice.length + hearing.gaps + hearing.failures.length > 0)
        .map(
          ({ lost, twice, hearing }) =>
            `${hearing.name}: lost ${lost.slice(0, 5).join()} twice ${twice.slice(0, 5).join()} gaps ${hearing.gaps} ${hearing.failures.join()}`,
        ),
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Has one more note heard by all: what was to come before it has come. */
async function lastHeard(hearings: readonly Hearing[], [client]: readonly NotesClient[], room: string): Promise<void> {
  const last = 1_000_000_000;
  await until(async () => {
    try {
      await client?.addNote({ room, n: last });
      return true;
    } catch {
      return false;
    }
  }, 'the last note is written');
  await until(() => hearings.every(({ times }) => times.has(last)), 'the last note is heard');
}
