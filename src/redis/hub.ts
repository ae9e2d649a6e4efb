import type { EventDefinition } from '../core/contract.ts';
import type { EventMessage, EventRequest, EventSink } from '../core/transport.ts';
import { compileMatch, type EventHub, type HubEvent } from '../events/hub.ts';
import type { HubLease } from '../events/lease.ts';
import { channelKey, Listeners } from '../events/listeners.ts';
import { onAbort } from '../life/lifetime.ts';
import { RepeatedReport } from '../life/repeated.ts';
import { Batcher } from './batcher.ts';
import { listOf, type Scripts, type SendCommand } from './commands.ts';
import { entryList, Feed, messageOf, type Entry } from './feed.ts';
import { RENEW_LEASE, RESUME, TAKE_LEASE } from './hub-scripts.ts';
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
  readonly #listeners = new Map<string, Listeners>();
  readonly #gaps = new Set<() => void>();
  readonly #batcher: Batcher;
  readonly #feed: Feed;
  readonly #stream: string;
  readonly #newEpoch = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
  #epoch = '';
  #read = 0;

  private readonly init: RedisHubInit;

  constructor(init: RedisHubInit) {
    this.init = init;
    const { prefix, history, maxEvents, historyTtlMs, keyTtlMs, scripts, blockingSend, report } = init;
    this.#stream = `${prefix}events`;
    this.#batcher = new Batcher(scripts, [
      this.#stream,
      prefix,
      ...[history, maxEvents, historyTtlMs, keyTtlMs].map(String),
      this.#newEpoch,
    ]);
    this.#feed = new Feed({
      blockingSend,
      stream: this.#stream,
      failures: new RepeatedReport(report),
      onEntry: (entry) => this.#take(entry),
      onGap: () => {
        for (const gap of [...this.#gaps]) gap();
      },
    });
  }

  publish(event: EventDefinition, { key, time, data }: HubEvent): Promise<void> {
    const channel = channelKey(event.params, data as Record<string, unknown>);
    return this.#batcher.add([event.name, channel, key, time, JSON.stringify(data)]);
  }

  async subscribe(request: EventRequest, sink: EventSink): Promise<void> {
    const { event, params, signal, lastEventId } = request;
    const fixed = event.params.filter((param) => params[param] !== undefined);
    let head = NO_PLACE;
    // What comes while it catches up.
    let held: (EventMessage | 'gap')[] | undefined = [];
    const give = (message: EventMessage): void => {
      const place = placeOf(message.id, this.#epoch) ?? NO_PLACE;
      if (!isAfter(place, head)) return;
      head = place;
      void sink.next(message);
    };
    const gap = () => (held ? held.push('gap') : sink.gap());
    const hear = (message: EventMessage) => (held ? held.push(message) : give(message));
    const leaveListeners = this.#listenersOf(event.name).add(fixed, params, { since: -1, hear });
    this.#gaps.add(gap);
    const leave = () => {
      leaveListeners();
      this.#gaps.delete(gap);
    };
    onAbort(signal, leave);
    try {
      ({ head } = await this.#stand(NO_PLACE, ''));
      this.#feed.start(head);
      if (lastEventId !== undefined) head = await this.#catchUp(request, fixed, sink);
    } catch (error) {
      leave();
      throw error;
    }
    const waited = held;
    held = undefined;
    for (const message of waited) {
      if (signal.aborted) return;
      if (message === 'gap') sink.gap();
      else give(message);
    }
  }

  /** Gives what was missed; resolves with the place up to which that is all. */
  async #catchUp(request: EventRequest, fixed: readonly string[], sink: EventSink): Promise<string> {
    const { event, params, signal, lastEventId = '' } = request;
    const isOne = fixed.length === event.params.length;
    const channel = isOne ? `${event.name}:${channelKey(fixed, params)}` : '';
    const matches = compileMatch(request);
    for (let place = placeOf(lastEventId, this.#epoch); ;) {
      const { head, source, entries } = await this.#stand(place ?? NO_PLACE, channel);
      if (place === undefined || source === 'gap') {
        sink.gap();
        return head;
      }
      for (const entry of entries) {
        if (signal.aborted) return head;
        if (entry.name !== undefined && entry.name !== event.name) continue;
        const message = messageOf(entry, this.#epoch);
        if (matches(message)) void sink.next(message);
      }
      if (source === 'live' || entries.length < PAGE) return head;
      place = entries.at(-1)?.place;
    }
  }

  async #stand(place: string, channel: string): Promise<Standing> {
    const { scripts, prefix } = this.init;
    const after = place === NO_PLACE ? '' : place;
    const [epoch, head, source, entries] = listOf(
      await scripts.run(RESUME, [this.#stream, prefix, this.#newEpoch, after, channel, String(PAGE)]),
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
    this.#listeners.clear();
    this.#gaps.clear();
  }

  #take(entry: Entry): void {
    const listeners = this.#listeners.get(entry.name ?? '');
    if (!listeners) return;
    try {
      listeners.tell(++this.#read, messageOf(entry, this.#epoch), []);
    } catch (error) {
      this.init.report(error);
    }
  }

  #listenersOf(name: string): Listeners {
    let listeners = this.#listeners.get(name);
    if (!listeners) this.#listeners.set(name, (listeners = new Listeners()));
    return listeners;
  }
}
