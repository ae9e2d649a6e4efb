import type { EventDefinition } from '../core/contract.ts';
import type { EventMessage, EventRequest, EventSink } from '../core/transport.ts';
import { Followers, onlyChannel } from '../events/followers.ts';
import { compileMatch, type EventHub, type HubEvent } from '../events/hub.ts';
import type { HubLease } from '../events/lease.ts';
import { channelKey } from '../events/listeners.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { Batches } from '../stores/batches.ts';
import { listOf, type Scripts, type SendCommand } from './commands.ts';
import { Archive } from './archive.ts';
import { bodyOf, entryList, Feed, messageOf, type Entry } from './feed.ts';
import { PUBLISH, RENEW_LEASE, RESUME, TAKE_LEASE } from './hub-scripts.ts';
import { Ids, isAfter, NO_PLACE, placeOf, Tries } from './place.ts';

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

/** One event as Redis takes it. */
interface Published {
  readonly given: HubEvent;
  /** The event's name, a colon and the concrete channel. */
  readonly channel: string;
  readonly body: string;
}

/** Limits of one call of the script. */
const LIMITS = { maxItems: 200, maxWeight: 1_000_000 };
/** How many missed entries are asked for at a time, and how many are moved to the streams of their channels. */
const PAGE = 500;
/** How many calls go by the script after an id was refused: another process publishes too, with a clock that is ahead. */
const CONTENDED = 100;

interface Standing {
  readonly head: string;
  readonly source: 'live' | 'gap' | 'entries';
  readonly entries: readonly Entry[];
}

/**
 * A hub on one stream of Redis. Its oldest entries move to a stream for each concrete channel, so that a busy one does not push out the past of a quiet one.
 * An event that waits for no other is one bare `XADD` with an id of its own: Redis takes an id once, so a client may send the command again.
 */
export class RedisHub implements EventHub {
  readonly #followers = new Followers<string>(
    ({ id }) => placeOf(id, this.#epoch) ?? NO_PLACE,
    (_, place) => `${this.#epoch}-${place}`,
    isAfter,
  );
  readonly #batches: Batches<Published>;
  readonly #feed: Feed;
  readonly #stream: string;
  readonly #ids = new Ids();
  /** The ids that keys were tried with: an event that comes again is looked up before it is added. */
  readonly #tried = new Tries();
  #contended = 0;
  readonly #archive: Archive;
  readonly #newEpoch = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
  #epoch = '';

  private readonly init: RedisHubInit;

  constructor(init: RedisHubInit) {
    this.init = init;
    const { prefix, scripts, blockingSend, report } = init;
    this.#stream = `${prefix}events`;
    this.#archive = new Archive({ ...init, stream: this.#stream, page: PAGE });
    this.#batches = new Batches(
      LIMITS,
      ({ body }) => body.length,
      async (events) => {
        const [first] = events;
        await (first && events.length === 1 ? this.#publishOne(first) : this.#publishAll(events));
        this.#archive.count(events.length);
      },
    );
    this.#feed = new Feed({
      blockingSend,
      send: (command) => scripts.send(command),
      stream: this.#stream,
      trimmed: `${prefix}trimmed`,
      failures: new RepeatedReport(report),
      onEntry: (entry) => this.#take(entry),
      onGap: () => this.#followers.gap(),
    });
  }

  publish(event: EventDefinition, given: HubEvent): Promise<void> {
    const channel = `${event.name}:${channelKey(event.params, given.data as Readonly<Record<string, unknown>>)}`;
    return this.#batches.add({ given, channel, body: bodyOf(given) });
  }

  async #publishOne(event: Published): Promise<void> {
    const { given, channel, body } = event;
    if (given.isFirstTry !== true || this.#contended-- > 0) return this.#publishAll([event]);
    this.#contended = 0;
    const id = this.#ids.next();
    this.#tried.add(given.key, id);
    try {
      await this.init.scripts.send(['XADD', this.#stream, id, channel, body]);
    } catch (error) {
      // Another process took a later id, or a client sent this one again after a lost answer.
      if (!String(error).includes('equal or smaller')) throw error;
      this.#contended = CONTENDED;
      await this.#publishAll([event], id);
    }
  }

  async #publishAll(events: readonly Published[], triedId?: string): Promise<void> {
    const { prefix, keyTtlMs, scripts } = this.init;
    const keys = events.map(({ given }) => `${prefix}key:${given.key}`);
    const values = events.flatMap(({ given, channel, body }) => {
      const tried = triedId ?? (given.isFirstTry === true ? undefined : this.#tried.find(given.key));
      return [tried ?? '', channel, body, given.key];
    });
    const args = [String(keys.length + 1), this.#stream, ...keys, String(keyTtlMs), prefix, ...values];
    const [count, last] = listOf(await scripts.run(PUBLISH, args));
    if (count !== events.length) throw new Error(`Redis took ${String(count)} of ${events.length} events`);
    this.#ids.saw(String(last));
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
        if (entry.name !== event.name) continue;
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
    this.#archive.close();
    this.#followers.clear();
  }

  #take(entry: Entry): void {
    const { name } = entry;
    if (!this.#followers.has(name)) return;
    try {
      this.#followers.tell(name, messageOf(entry, this.#epoch));
    } catch (error) {
      this.init.report(error);
    }
  }
}
