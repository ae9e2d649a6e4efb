import type { EventDefinition } from '../core/contract.ts';
import type { EventMessage, EventRequest, EventSink } from '../core/transport.ts';
import { Followers, onlyChannel } from '../events/followers.ts';
import { compileMatch, type EventHub, type HubEvent } from '../events/hub.ts';
import type { HubLease } from '../events/lease.ts';
import { channelKey } from '../events/listeners.ts';
import { parseJson } from '../peer/json.ts';
import { Batches } from '../stores/batches.ts';
import { clientOf, rowsOf, type Queryable, type Row } from './database.ts';
import { ADD_COUNTER, ADD_TO_OUTBOX, CATCH_UP, PUBLISH, READ, RENEW_LEASE, STAND, TAKE_LEASE } from './hub-sql.ts';

interface Published {
  readonly channel: string;
  readonly key: string;
  readonly time: string;
  readonly data: string;
  readonly traceparent: string | null;
}

/** Limits of one statement. */
const LIMITS = { maxItems: 500, maxWeight: 1_000_000 };
/** How many events are read at a time, of each event of the contract. */
const PAGE = 500;

/** A hub on tables of Postgres. Events of one kind have numbers in the order of their commits. */
export class PostgresHub implements EventHub {
  readonly #batches = new Map<string, Batches<Published>>();
  readonly #known = new Map<string, Promise<unknown>>();
  readonly #epochs = new Map<string, string>();
  /** Up to which number each event was read that has, or had, subscribers. */
  readonly #cursors = new Map<string, bigint>();
  readonly #followers = new Followers<bigint>(
    ({ id }) => numberOf(id) ?? 0n,
    (name, n) => `${this.#epochs.get(name) ?? ''}-${String(n)}`,
    (place, other) => place > other,
  );
  readonly #newEpoch = crypto.randomUUID().replaceAll('-', '').slice(0, 12);

  private readonly pool: Queryable;
  /** There is something to read. */
  private readonly ring: () => void;

  constructor(pool: Queryable, ring: () => void) {
    this.pool = pool;
    this.ring = ring;
  }

  publish(event: EventDefinition, published: HubEvent): Promise<void> {
    const { name } = event;
    let batches = this.#batches.get(name);
    if (!batches) {
      batches = new Batches(
        LIMITS,
        ({ data }) => data.length,
        (items) => this.#write(name, items),
      );
      this.#batches.set(name, batches);
    }
    return batches.add(written(event, published));
  }

  async publishIn(transaction: unknown, event: EventDefinition, published: HubEvent): Promise<void> {
    const client = clientOf(transaction);
    await this.#know(event.name);
    const { channel, key, time, data, traceparent } = written(event, published);
    await rowsOf(client, ADD_TO_OUTBOX, [event.name, channel, key, time, data, traceparent]);
  }

  async #write(name: string, items: readonly Published[]): Promise<void> {
    await this.#know(name);
    const columns = (['channel', 'key', 'time', 'data', 'traceparent'] as const).map((column) => items.map((item) => item[column]));
    await rowsOf(this.pool, PUBLISH, [name, ...columns]);
    if (this.#followers.has(name)) this.ring();
  }

  subscribe(request: EventRequest, sink: EventSink): Promise<void> {
    const { event, lastEventId } = request;
    return this.#followers.add(request, sink, {
      begin: async () => {
        const { n } = await this.#stand(event.name);
        // Of an event that nobody heard for a while nothing needs to be read up to now.
        if (!this.#cursors.has(event.name)) this.#cursors.set(event.name, n);
        return n;
      },
      catchUp: (give, gap) => this.#catchUp(request, lastEventId ?? '', give, gap),
    });
  }

  async #catchUp(request: EventRequest, lastEventId: string, give: (message: EventMessage) => void, gap: () => void): Promise<bigint> {
    const { event, signal } = request;
    const matches = compileMatch(request);
    const only = onlyChannel(request);
    const channel = only === undefined ? null : columnOf(only);
    const { epoch, n, trimmed } = await this.#stand(event.name);
    let after = lastEventId.startsWith(`${epoch}-`) ? numberOf(lastEventId) : undefined;
    if (after === undefined || after > n || after < trimmed) {
      gap();
      return n;
    }
    for (;;) {
      const rows = await rowsOf(this.pool, CATCH_UP, [event.name, String(after), String(n), channel, PAGE]);
      for (const row of rows) {
        if (signal.aborted) return n;
        const message = this.#messageOf(event.name, row);
        if (matches(message)) give(message);
        after = BigInt(String(row['n']));
      }
      if (rows.length < PAGE) break;
    }
    // A subscription that was deleted meanwhile was not given.
    const later = await this.#stand(event.name);
    if (later.trimmed > after) gap();
    return n;
  }

  /** Reads what is new and tells the subscribers; tells whether there may be more at once. */
  async read(): Promise<boolean> {
    const names = [...this.#cursors.keys()].filter((name) => this.#followers.has(name) || (this.#cursors.delete(name), false));
    if (names.length === 0) return false;
    const rows = await rowsOf(this.pool, READ, [names, names.map((name) => String(this.#cursors.get(name) ?? 0n)), PAGE]);
    for (const row of rows) {
      const name = String(row['event']);
      const n = BigInt(String(row['n']));
      // It left and came back while the statement ran.
      if (n <= (this.#cursors.get(name) ?? 0n)) continue;
      this.#cursors.set(name, n);
      this.#followers.tell(name, this.#messageOf(name, row));
    }
    return rows.length >= PAGE;
  }

  async lease(name: string, leaseMs: number): Promise<HubLease | undefined> {
    const holder = crypto.randomUUID();
    const [taken] = await rowsOf(this.pool, TAKE_LEASE, [name, holder, leaseMs]);
    if (!taken) return undefined;
    const keep = async (ms: number, cursor: string | undefined): Promise<boolean> =>
      (await rowsOf(this.pool, RENEW_LEASE, [name, holder, ms, cursor ?? null])).length > 0;
    return {
      cursor: typeof taken['cursor'] === 'string' ? taken['cursor'] : undefined,
      renew: keep,
      release: async (cursor) => void (await keep(0, cursor)),
    };
  }

  async close(): Promise<void> {
    this.#followers.clear();
    this.#cursors.clear();
  }

  async #stand(name: string): Promise<{ readonly epoch: string; readonly n: bigint; readonly trimmed: bigint }> {
    await this.#know(name);
    const [row] = await rowsOf(this.pool, STAND, [name]);
    if (!row) {
      // Somebody emptied the tables.
      this.#known.delete(name);
      throw new Error(`postgresStores: the counter of the event ${name} is gone`);
    }
    const epoch = String(row['epoch']);
    this.#epochs.set(name, epoch);
    return { epoch, n: BigInt(String(row['n'])), trimmed: BigInt(String(row['trimmed'])) };
  }

  /** Sees to it that an event has a counter. */
  async #know(name: string): Promise<void> {
    let known = this.#known.get(name);
    if (!known) this.#known.set(name, (known = rowsOf(this.pool, ADD_COUNTER, [name, this.#newEpoch])));
    try {
      await known;
    } catch (error) {
      this.#known.delete(name);
      throw error;
    }
  }

  #messageOf(name: string, row: Row): EventMessage {
    const { n, time, data, traceparent } = row;
    return {
      id: `${this.#epochs.get(name) ?? ''}-${String(n)}`,
      time: String(time),
      data: parseJson(String(data), Infinity),
      ...(typeof traceparent === 'string' && { traceparent }),
    };
  }
}

function written(event: EventDefinition, { key, time, data, traceparent }: HubEvent): Published {
  const channel = columnOf(channelKey(event.params, data as Readonly<Record<string, unknown>>));
  return { channel, key, time, data: JSON.stringify(data), traceparent: traceparent ?? null };
}

/** A channel as it can stand in an index: without NUL, and not long. Channels that look the same are told apart by their events. */
function columnOf(channel: string): string {
  return channel.slice(0, 500).replaceAll('\0', '\ufffd');
}

function numberOf(id: string): bigint | undefined {
  const digits = /^[^-]+-(\d{1,18})$/.exec(id)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}
