import type { EventMessage } from '../core/transport.ts';
import type { HubEvent } from '../events/hub.ts';
import { backoffMs } from '../life/backoff.ts';
import { delay } from '../life/lifetime.ts';
import type { RepeatedReport } from '../life/repeated.ts';
import { parseJson } from '../peer/json.ts';
import { ALWAYS_HELD } from './archive.ts';
import { listOf, type SendCommand } from './commands.ts';
import { isAfter, NO_PLACE } from './place.ts';

/** One entry of a stream. */
export interface Entry {
  readonly place: string;
  /** The event's name. */
  readonly name: string;
  /** As `bodyOf` makes it. */
  readonly body: string;
}

export interface FeedInit {
  readonly blockingSend: SendCommand;
  readonly send: SendCommand;
  readonly stream: string;
  /** The key that holds the place up to which the stream was trimmed. */
  readonly trimmed: string;
  readonly failures: RepeatedReport;
  readonly onEntry: (entry: Entry) => void;
  /** Events between the entry before and the next one are gone: Redis trimmed them before they were read, or lost them. */
  readonly onGap: () => void;
}

const READ = 500;
/** How long a read waits for new entries, in milliseconds. */
export const BLOCK_MS = 2000;

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
        const cursor = this.#cursor ?? NO_PLACE;
        const entries = entriesOf(
          await blockingSend(['XREAD', 'COUNT', String(READ), 'BLOCK', String(BLOCK_MS), 'STREAMS', stream, cursor]),
        );
        const isWhole = this.#live.signal.aborted || (await this.#follows(cursor, entries));
        attempt = 0;
        if (this.#live.signal.aborted) return;
        if (!isWhole) this.init.onGap();
        for (const entry of entries) this.init.onEntry(entry);
        this.#cursor = entries.at(-1)?.place ?? (isWhole ? cursor : await this.#head());
      } catch (error) {
        if (this.#live.signal.aborted) return;
        failures.add(error);
        await delay(backoffMs(attempt++, { baseDelayMs: 50, maxDelayMs: 2000 }), this.#live.signal).catch(() => {});
      }
    }
  }

  /** Tells whether nothing is missing between an entry and those that were read after it: it is held still, or it was trimmed and they are not many. */
  async #follows(cursor: string, entries: readonly Entry[]): Promise<boolean> {
    const { send, stream, trimmed } = this.init;
    if (listOf(await send(['XRANGE', stream, cursor, cursor])).length > 0) return true;
    const held = await send(['GET', trimmed]);
    const upTo = typeof held === 'string' ? held : NO_PLACE;
    return upTo === cursor || (isAfter(upTo, cursor) && entries.length < ALWAYS_HELD);
  }

  async #head(): Promise<string> {
    const [newest] = entryList(await this.init.send(['XREVRANGE', this.init.stream, '+', '-', 'COUNT', '1']));
    return newest?.place ?? NO_PLACE;
  }
}

/** The entries in a reply of XREAD for one stream: a list of pairs in RESP2; a map in RESP3, which clients give as a flat list, a Map or an object. */
function entriesOf(reply: unknown): Entry[] {
  if (Array.isArray(reply)) return entryList(Array.isArray(reply[0]) ? listOf(reply[0])[1] : reply[1]);
  if (reply instanceof Map) return entryList([...(reply as ReadonlyMap<unknown, unknown>).values()][0]);
  return typeof reply === 'object' && reply !== null ? entryList(Object.values(reply)[0]) : [];
}

/** Entries as a script or XRANGE gives them. Each has one field, because each field costs: it is named by the event and its channel. */
export function entryList(reply: unknown): Entry[] {
  return listOf(reply).map((entry) => {
    const [place, fields] = listOf(entry);
    const [channel, body] = listOf(fields).map(String);
    return { place: String(place), name: channel?.split(':', 1)[0] ?? '', body: body ?? '' };
  });
}

/** An event's data, time, publisher and key in one text: JSON has no line end of its own. */
export function bodyOf({ data, time, key, traceparent }: HubEvent): string {
  return `${JSON.stringify(data)}\n${time}\n${traceparent ?? ''}\n${key}`;
}

/** The event in an entry. */
export function messageOf({ place, body }: Entry, epoch: string): EventMessage {
  const [data = '', time = '', traceparent = ''] = body.split('\n', 3);
  return { id: `${epoch}-${place}`, time, data: parseJson(data, Infinity), ...(traceparent !== '' && { traceparent }) };
}
