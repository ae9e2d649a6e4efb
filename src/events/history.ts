import { weightOf } from '../peer/weight.ts';
import type { EventMessage } from '../core/transport.ts';

/** One past event, in the order of all that are held and in that of its channel. */
export interface Held {
  readonly n: number;
  readonly message: EventMessage;
  readonly weight: number;
  readonly channel: Channel;
  older: Held | undefined;
  newer: Held | undefined;
  next: Held | undefined;
}

/** The past of one concrete channel. */
interface Channel {
  readonly owner: History;
  readonly key: string;
  first: Held | undefined;
  last: Held | undefined;
  size: number;
  /** Everything after this number is held. */
  lostUpTo: number;
}

/** The common part of a hub's histories: their events from the oldest to the newest, and a bound in bytes. */
export class HistoryPool {
  #oldest: Held | undefined;
  #newest: Held | undefined;
  #weight = 0;

  private readonly maxBytes: number;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  add(held: Held): void {
    held.older = this.#newest;
    if (this.#newest) this.#newest.newer = held;
    else this.#oldest = held;
    this.#newest = held;
    this.#weight += held.weight;
    while (this.#weight > this.maxBytes && this.#oldest) this.#oldest.channel.owner.forgetFirst(this.#oldest.channel);
  }

  remove({ older, newer, weight }: Held): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    this.#weight -= weight;
  }
}

/** The past events of one event of a contract, by concrete channel, so that a busy room does not push out those of a quiet one. */
export class History {
  readonly #channels = new Map<string, Channel>();
  /** The losses of channels of which no event is held. */
  #forgottenUpTo = 0;

  private readonly pool: HistoryPool;
  private readonly perChannel: number;

  constructor(pool: HistoryPool, perChannel: number) {
    this.pool = pool;
    this.perChannel = perChannel;
  }

  add(n: number, key: string, message: EventMessage): void {
    if (this.perChannel === 0) {
      this.#forgottenUpTo = n;
      return;
    }
    let channel = this.#channels.get(key);
    if (!channel) {
      channel = { owner: this, key, first: undefined, last: undefined, size: 0, lostUpTo: this.#forgottenUpTo };
      this.#channels.set(key, channel);
    }
    const held: Held = {
      n,
      message,
      weight: 200 + weightOf(message.data),
      channel,
      older: undefined,
      newer: undefined,
      next: undefined,
    };
    if (channel.last) channel.last.next = held;
    else channel.first = held;
    channel.last = held;
    channel.size++;
    if (channel.size > this.perChannel) this.forgetFirst(channel);
    this.pool.add(held);
  }

  /** Lets the oldest event of a channel go. */
  forgetFirst(channel: Channel): void {
    const { first } = channel;
    if (!first) return;
    this.pool.remove(first);
    channel.lostUpTo = first.n;
    channel.first = first.next;
    if (--channel.size > 0) return;
    channel.last = undefined;
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, first.n);
    this.#channels.delete(channel.key);
  }

  /**
   * The matching events after a number, in order; `undefined` if some of them may be lost. `key` names the only channel that can match, if
   * it is known.
   */
  after(n: number, key: string | undefined, matches: (message: EventMessage) => boolean): readonly Held[] | undefined {
    if (key !== undefined) {
      const channel = this.#channels.get(key);
      if (n < (channel ? channel.lostUpTo : this.#forgottenUpTo)) return undefined;
      return channel ? [...since(channel, n)] : [];
    }
    if (n < this.#forgottenUpTo) return undefined;
    const found: Held[] = [];
    for (const channel of this.#channels.values()) {
      // All of a channel match or none does.
      if (!channel.last || !matches(channel.last.message)) continue;
      if (n < channel.lostUpTo) return undefined;
      found.push(...since(channel, n));
    }
    return found.sort((a, b) => a.n - b.n);
  }
}

function* since({ first }: Channel, n: number): Generator<Held> {
  for (let held = first; held; held = held.next) if (held.n > n) yield held;
}
