import type { EventDefinition } from '../core/contract.ts';
import type { EventMessage, EventRequest, EventSink } from '../core/transport.ts';
import { Followers, onlyChannel } from '../events/followers.ts';
import { compileMatch, type EventHub, type HubEvent } from '../events/hub.ts';
import type { HubLease } from '../events/lease.ts';
import { channelKey } from '../events/listeners.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { Batches } from '../stores/batches.ts';
import { listOf, type Scripts, type SendCommand } from './commands.ts';
import { bodyOf, entryList, Feed, messageOf, type Entry } from './feed.ts';
import { PUBLISH, RENEW_LEASE, RESUME, TAKE_LEASE } from './hub-scripts.ts';
import { isAfter, placeOf } from './place.ts';

export interface RedisHubInit {
  readonly scripts: Scripts;
  readonly blockingSend: SendCommand;
  /** Begins every key. */
  readonly prefix: string;
  readonly history: number;
  readonly maxEvents: number;
  readonly historyTtlMs: number;
  readonly keyTtlMs: number;
  readonly report: (error: unknown) => void;
}

/** One event as the script takes it. */
interface Published {
  readonly key: string;
  /** The key of its channel's stream. */
  readonly channel: string;
  readonly name: string;
  readonly body: string;
}

/** Limits of one call of the script. */
const LIMITS = { maxItems: 200, maxWeight: 1_000_000 };
/** How many missed entries are asked for at a time. */
const PAGE = 500;
const NO_PLACE = '0-0';

interface Standing {
  readonly head: string;
  readonly source: 'live' | 'gap' | 'stream' | 'channel';
  readonly entries: readonly Entry[];
}

/** A hub on one stream of Redis, with a stream beside it for each concrete channel, so that a busy one does not push out the past of a quiet one. */
export class RedisHub implements EventHub {
  readonly #followers = new Followers<string>(
    ({ id }) => placeOf(id, this.#epoch) ?? NO_PLACE,
    (_, place) => `${this.#epoch}-${place}`,
    isAfter,
  );
  readonly #batches: Batches<Published>;
  readonly #feed: Feed;
  readonly #stream: string;
  readonly #newEpoch = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
  #epoch = '';

  private readonly init: RedisHubInit;

  constructor(init: RedisHubInit) {
    this.init = init;
    const { prefix, history, maxEvents, historyTtlMs, keyTtlMs, scripts, blockingSend, report } = init;
    this.#stream = `${prefix}events`;
    const args = [history, maxEvents, historyTtlMs, keyTtlMs].map(String);
    this.#batches = new Batches(
      LIMITS,
      ({ body }) => body.length,
      async (events) => {
        const keys = events.flatMap(({ key, channel }) => [key, channel]);
        const values = events.flatMap(({ name, body }) => [name, body]);
        const count = await scripts.run(PUBLISH, [String(keys.length + 1), this.#stream, ...keys, ...args, ...values]);
        if (count !== events.length) throw new Error(`Redis took ${String(count)} of ${events.length} events`);
      },
    );
    this.#feed = new Feed({
      blockingSend,
      stream: this.#stream,
      failures: new RepeatedReport(report),
      onEntry: (entry) => this.#take(entry),
      onGap: () => this.#followers.gap(),
    });
  }

  publish(event: EventDefinition, { key, time, data, traceparent }: HubEvent): Promise<void> {
    const { name, params } = event;
    const { prefix } = this.init;
    const channel = `${prefix}channel:${name}:${channelKey(params, data as Readonly<Record<string, unknown>>)}`;
    return this.#batches.add({ key: `${prefix}key:${key}`, channel, name, body: bodyOf(data, time, traceparent) });
  }

  subscribe(request: EventRequest, sink: EventSink): Promise<void> {
    return this.#followers.add(request, sink, {
      begin: async () => {
        const { head } = await this.#stand(undefined, '');
        this.#feed.start(head);
        return head;
      },
      catchUp: (give, gap) => this.#catchUp(request, give, gap),
    });
  }

  async #catchUp(request: EventRequest, give: (message: EventMessage) => void, gap: () => void): Promise<string> {
    const { event, signal, lastEventId = '' } = request;
    const only = onlyChannel(request);
    const channel = only === undefined ? '' : `${event.name}:${only}`;
    const matches = compileMatch(request);
    for (let place = placeOf(lastEventId, this.#epoch); ;) {
      const { head, source, entries } = await this.#stand(place, channel);
      if (place === undefined || source === 'gap') {
        gap();
        return head;
      }
      for (const entry of entries) {
        if (signal.aborted) return head;
        if (entry.name !== undefined && entry.name !== event.name) continue;
        const message = messageOf(entry, this.#epoch);
        if (matches(message)) give(message);
      }
      if (source === 'live' || entries.length < PAGE) return head;
      place = entries.at(-1)?.place;
    }
  }

  async #stand(after: string | undefined, channel: string): Promise<Standing> {
    const { scripts, prefix } = this.init;
    const [epoch, head, source, entries] = listOf(
      await scripts.run(RESUME, [this.#stream, prefix, this.#newEpoch, after ?? '', channel, String(PAGE)]),
    );
    this.#epoch = String(epoch);
    return { head: String(head), source: source as Standing['source'], entries: entryList(entries) };
  }

  async lease(name: string, leaseMs: number): Promise<HubLease | undefined> {
    const { scripts, prefix } = this.init;
    const keys = [`${prefix}lease:${name}`, `${prefix}cursor:${name}`];
    const holder = crypto.randomUUID();
    const [isOurs, cursor] = listOf(await scripts.run(TAKE_LEASE, [...keys, holder, String(leaseMs)]));
    if (isOurs !== 1) return undefined;
    const keep = async (ms: number, place: string | undefined): Promise<boolean> =>
      (await scripts.run(RENEW_LEASE, [...keys, holder, String(ms), ...(place === undefined ? [] : [place])])) === 1;
    return {
      cursor: typeof cursor === 'string' ? cursor : undefined,
      renew: keep,
      release: async (place) => void (await keep(0, place)),
    };
  }

  async close(): Promise<void> {
    this.#feed.close();
    this.#followers.clear();
  }

  #take(entry: Entry): void {
    const { name } = entry;
    if (name === undefined || !this.#followers.has(name)) return;
    try {
      this.#followers.tell(name, messageOf(entry, this.#epoch));
    } catch (error) {
      this.init.report(error);
    }
  }
}
