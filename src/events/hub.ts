import type { EventDefinition } from '../core/contract.ts';
import { bytes, count, readOptions } from '../core/options.ts';
import type { EventMessage, EventSink, EventRequest } from '../core/transport.ts';
import { onAbort } from '../life/lifetime.ts';
import { commitListener } from '../stores/transaction.ts';
import { History, HistoryPool } from './history.ts';
import { MemoryLeases, type HubLease } from './lease.ts';
import { channelKey, Listeners } from './listeners.ts';

/** One event as a service publishes it. */
export interface HubEvent {
  /** The same if it is published again after a failure that may have been none: a hub takes a key once. */
  readonly key: string;
  /** `true` in the first try, if no other process publishes the key and every later try comes to the same hub. The hub need not look for the key then. */
  readonly isFirstTry?: boolean | undefined;
  /** ISO 8601. */
  readonly time: string;
  /** In wire form, and validated. */
  readonly data: unknown;
  /** The span that publishes it, if the service is traced. A hub gives it to subscribers with the event, so that they can link to it. */
  readonly traceparent?: string | undefined;
}

/** Carries a service's events from publishers to subscribers: in memory, or on a broker that several processes share. */
export interface EventHub {
  /** Takes one event and gives it its id; resolves when the hub has it, rejects if it could not take it. A key that it has seen is taken already. */
  publish(event: EventDefinition, published: HubEvent): Promise<void>;
  /** As `Transport.subscribe`: resolves when events published from now on will reach `sink`. */
  subscribe(request: EventRequest, sink: EventSink): Promise<void>;
  /** Takes an event within a transaction of the hub's database: it is published after the commit, and never after a rollback. A hub without it takes part in none. */
  publishIn?(transaction: unknown, event: EventDefinition, published: HubEvent): Promise<void>;
  /** Takes a task that one of the processes that share the hub does, for `leaseMs` milliseconds; `undefined` if another holds it. */
  lease?(name: string, leaseMs: number): Promise<HubLease | undefined>;
  /** Frees what the hub made. */
  close(): Promise<void>;
}

/** Options of `memoryHub`. */
export interface MemoryHubOptions {
  /** How many of the last events each concrete channel (`rooms/42/messages`) holds for subscribers that resume; `Infinity` for all. @default 1000 */
  readonly history?: number | undefined;
  /** About how many bytes all of them may take together; the oldest go first. @default 67_108_864 (64 MiB) */
  readonly maxHistoryBytes?: number | undefined;
}

/** How many keys a hub remembers: as many as a service keeps for another try. */
const KEYS = 1000;

/**
 * An event hub within this process. Ids are `<epoch>-<n>`, with one counter per event of the contract; a subscriber that resumes from
 * an id after which something is no longer held, or from another instance, gets a gap notice and then live events. Publishing waits
 * only for subscribers that acknowledge, so a slow listener holds up nobody.
 * @throws TypeError if an option has a value that it cannot have.
 */
export function memoryHub(options: MemoryHubOptions = {}): EventHub {
  const readers = { history: count(1000, { zero: true }), maxHistoryBytes: bytes(67_108_864, { zero: true }) };
  const { history, maxHistoryBytes } = readOptions('memoryHub', options, readers, []);
  const pool = new HistoryPool(maxHistoryBytes);
  const logs = new Map<string, EventLog>();
  const keys = new RecentKeys();
  const leases = new MemoryLeases();

  const logOf = (event: EventDefinition): EventLog => {
    let log = logs.get(event.name);
    if (!log) logs.set(event.name, (log = new EventLog(event, new History(pool, history))));
    return log;
  };

  const publish = (event: EventDefinition, { key, time, data, traceparent }: HubEvent): Promise<void> => {
    if (!keys.add(key)) return PUBLISHED;
    const pending: Promise<void>[] = [];
    const isOut = logOf(event).publish({ time, data, ...(traceparent !== undefined && { traceparent }) }, pending);
    return isOut && pending.length === 0 ? PUBLISHED : acknowledged(pending);
  };

  return {
    publish,
    async publishIn(transaction, event, published) {
      commitListener('memoryHub', transaction).afterCommit(() => void publish(event, published));
    },
    lease: async (name, leaseMs) => leases.take(name, leaseMs),
    async subscribe(request, sink) {
      if (!request.signal.aborted) logOf(request.event).subscribe(request, sink);
    },
    async close() {
      for (const log of logs.values()) log.close();
      logs.clear();
    },
  };
}

const PUBLISHED = Promise.resolve();

/** The last keys, `KEYS` of them at least. Two sets take turns, because finding the oldest of one set costs more the more was deleted from it. */
class RecentKeys {
  #newer = new Set<string>();
  #older = new Set<string>();

  /** False for a key that is known. */
  add(key: string): boolean {
    if (this.#newer.has(key) || this.#older.has(key)) return false;
    if (this.#newer.size === KEYS) {
      this.#older = this.#newer;
      this.#newer = new Set();
    }
    this.#newer.add(key);
    return true;
  }
}

async function acknowledged(pending: readonly Promise<void>[]): Promise<void> {
  // Published by a listener, it goes out after the event that was heard.
  await PUBLISHED;
  // A subscriber that failed has been told, and the others have the event.
  await Promise.allSettled(pending);
}

/** One event of the contract: its counter, its past and its subscribers. */
class EventLog {
  #made: string | undefined;
  readonly #listeners = new Listeners();
  #n = 0;
  readonly #waiting: { readonly n: number; readonly message: EventMessage; readonly pending: Promise<void>[] }[] = [];

  private readonly event: EventDefinition;
  private readonly history: History;

  constructor(event: EventDefinition, history: History) {
    this.event = event;
    this.history = history;
  }

  /** Tells this counter from all others. Made on first use: workers allow nothing random while a module is loaded. */
  get #epoch(): string {
    return (this.#made ??= crypto.randomUUID().replaceAll('-', '').slice(0, 12));
  }

  /** Tells whether it is out already: if a listener publishes in turn, the event waits until all have heard the one before. */
  publish(published: Omit<EventMessage, 'id'>, pending: Promise<void>[]): boolean {
    const n = ++this.#n;
    const message = { id: `${this.#epoch}-${n}`, ...published };
    this.history.add(n, channelKey(this.event.params, published.data as Record<string, unknown>), message);
    this.#waiting.push({ n, message, pending });
    if (this.#waiting.length > 1) return false;
    try {
      for (let next = this.#waiting[0]; next; this.#waiting.shift(), next = this.#waiting[0])
        this.#listeners.tell(next.n, next.message, next.pending);
    } finally {
      this.#waiting.length = 0;
    }
    return true;
  }

  subscribe(request: EventRequest, sink: EventSink): void {
    const { params, signal, lastEventId, acknowledges } = request;
    const fixed = fixedParams(request);
    if (lastEventId !== undefined) this.#replay(lastEventId, fixed, request, sink);
    else sink.place?.(`${this.#epoch}-${this.#waiting[0]?.n ?? this.#n}`);
    if (signal.aborted) return;
    const leave = this.#listeners.add(fixed, params, {
      // The one that is on its way was replayed, or is older.
      since: this.#waiting[0] && lastEventId === undefined ? this.#waiting[0].n : this.#n,
      hear: (message, pending) => {
        const done = sink.next(message);
        if (acknowledges && done) pending.push(done);
      },
    });
    onAbort(signal, leave);
  }

  #replay(lastEventId: string, fixed: readonly string[], request: EventRequest, sink: EventSink): void {
    const key = fixed.length === this.event.params.length ? channelKey(fixed, request.params) : undefined;
    const matches = compileMatch(request);
    // Again, because the subscriber may publish on hearing.
    for (let after = this.#numberOf(lastEventId); ;) {
      const missed = after === undefined ? undefined : this.history.after(after, key, matches);
      if (!missed) return sink.gap();
      if (missed.length === 0) return;
      for (const { n, message } of missed) {
        if (request.signal.aborted) return;
        void sink.next(message);
        after = n;
      }
    }
  }

  /** The number in an id that this log gave, else `undefined`. */
  #numberOf(id: string): number | undefined {
    const match = /^([^-]+)-(\d{1,15})$/.exec(id);
    const n = Number(match?.[2]);
    return match?.[1] === this.#epoch && n <= this.#n ? n : undefined;
  }

  close(): void {
    this.#listeners.clear();
  }
}

function fixedParams({ event, params }: EventRequest): string[] {
  return event.params.filter((param) => params[param] !== undefined);
}

/** Whether a message has the values that the subscriber fixed for channel parameters. */
export function compileMatch(request: EventRequest): (message: EventMessage) => boolean {
  const fixed = fixedParams(request);
  if (fixed.length === 0) return () => true;
  const wanted = fixed.map((param) => [param, String(request.params[param])] as const);
  return ({ data }) => wanted.every(([param, value]) => String((data as Record<string, unknown>)[param]) === value);
}
