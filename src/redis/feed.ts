import type { EventMessage } from '../core/transport.ts';
import { backoffMs } from '../life/backoff.ts';
import { delay } from '../life/lifetime.ts';
import type { RepeatedReport } from '../life/repeated.ts';
import { parseJson } from '../peer/json.ts';
import { listOf, type SendCommand } from './commands.ts';

/** One entry of a stream. */
export interface Entry {
  readonly place: string;
  /** The place of the entry before it. */
  readonly before: string;
  /** The event's name; none in a channel's own stream. */
  readonly name: string | undefined;
  /** As `bodyOf` makes it. */
  readonly body: string;
}

export interface FeedInit {
  readonly blockingSend: SendCommand;
  readonly stream: string;
  readonly failures: RepeatedReport;
  readonly onEntry: (entry: Entry) => void;
  /** Events between the entry before and the next one are gone: Redis trimmed them before they were read, or lost them. */
  readonly onGap: () => void;
}

const READ = 500;
const BLOCK_MS = 2000;

/** The one read of a process that waits for new events. */
export class Feed {
  readonly #live = new AbortController();
  #cursor: string | undefined;

  private readonly init: FeedInit;

  constructor(init: FeedInit) {
    this.init = init;
  }

  /** Begins to read after a place, unless it reads already. */
  start(place: string): void {
    if (this.#cursor !== undefined) return;
    this.#cursor = place;
    void this.#run();
  }

  close(): void {
    this.#live.abort();
  }

  async #run(): Promise<void> {
    const { blockingSend, stream, failures } = this.init;
    for (let attempt = 0; !this.#live.signal.aborted;) {
      try {
        const command = ['XREAD', 'COUNT', String(READ), 'BLOCK', String(BLOCK_MS), 'STREAMS', stream, this.#cursor ?? '$'];
        const entries = entriesOf(await blockingSend(command));
        attempt = 0;
        if (!this.#live.signal.aborted) for (const entry of entries) this.#take(entry);
      } catch (error) {
        if (this.#live.signal.aborted) return;
        failures.add(error);
        await delay(backoffMs(attempt++, { baseDelayMs: 50, maxDelayMs: 2000 }), this.#live.signal).catch(() => {});
      }
    }
  }

  #take(entry: Entry): void {
    if (entry.before !== this.#cursor) this.init.onGap();
    this.#cursor = entry.place;
    this.init.onEntry(entry);
  }
}

/** The entries in a reply of XREAD for one stream: a list of pairs in RESP2; a map in RESP3, which clients give as a flat list, a Map or an object. */
function entriesOf(reply: unknown): Entry[] {
  if (Array.isArray(reply)) return entryList(Array.isArray(reply[0]) ? listOf(reply[0])[1] : reply[1]);
  if (reply instanceof Map) return entryList([...(reply as ReadonlyMap<unknown, unknown>).values()][0]);
  return typeof reply === 'object' && reply !== null ? entryList(Object.values(reply)[0]) : [];
}

/** Entries as a script or XRANGE gives them. */
export function entryList(reply: unknown): Entry[] {
  return listOf(reply).map((entry) => {
    const [place, flat] = listOf(entry);
    const fields = new Map<unknown, string>();
    const list = listOf(flat);
    for (let at = 0; at < list.length; at += 2) fields.set(list[at], String(list[at + 1]));
    return {
      place: String(place),
      before: fields.get('p') ?? '',
      name: fields.get('e'),
      body: fields.get('d') ?? '',
    };
  });
}

/** An event's data, time and publisher in one field, because each field costs: JSON has no line end of its own. */
export function bodyOf(data: unknown, time: string, traceparent?: string): string {
  return `${JSON.stringify(data)}\n${time}${traceparent === undefined ? '' : `\n${traceparent}`}`;
}

/** The event in an entry. */
export function messageOf({ place, body }: Entry, epoch: string): EventMessage {
  const [data = '', time = '', traceparent] = body.split('\n');
  return { id: `${epoch}-${place}`, time, data: parseJson(data), ...(traceparent !== undefined && { traceparent }) };
}
