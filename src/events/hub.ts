import { EventEmitter } from 'eventemitter3';
import type { EventDefinition } from '../core/contract.ts';
import { count, readOptions } from '../core/options.ts';
import { onAbort } from '../life/lifetime.ts';
import { isoNow } from '../life/now.ts';
import type { EventMessage, EventSink, SubscribeRequest } from '../core/transport.ts';

/** Where a service's events go and come from: memory, or a broker that several processes share. */
export interface EventHub {
  /** Takes one event; resolves once the hub has it, rejects where it could not take it. `data` is validated. */
  publish(event: EventDefinition, data: unknown): Promise<void>;
  /** As `Transport.subscribe`: resolves once events published from now on will reach `sink`. */
  subscribe(request: SubscribeRequest, sink: EventSink): Promise<void>;
  /** Frees what the hub made. */
  close(): Promise<void>;
}

/** Options of `memoryHub`. */
export interface MemoryHubOptions {
  /** How many of the last events each channel holds for subscribers that resume; `Infinity` for all. @default 1000 */
  readonly history?: number | undefined;
}

/**
 * An event hub within this process. Ids are `<instance>-<counter>`; a subscriber that resumes from an id
 * that is no longer held, or from another instance, gets a gap notice and then live events. Publishing waits
 * for the subscribers that acknowledge, and for no others: a slow listener holds up nobody.
 */
export function memoryHub(options: MemoryHubOptions = {}): EventHub {
  const { history } = readOptions('memoryHub', options, { history: count(1000, { zero: true }) }, []);
  const instance = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
  const channels = new Map<string, Channel>();
  let counter = 0;

  const channelOf = (event: EventDefinition): Channel => {
    let channel = channels.get(event.name);
    if (!channel) channels.set(event.name, (channel = new Channel(history)));
    return channel;
  };

  return {
    publish(event, data) {
      const message = { id: `${instance}-${++counter}`, time: isoNow(), data };
      const pending: Promise<void>[] = [];
      const isOut = channelOf(event).publish(counter, message, pending);
      return isOut && pending.length === 0 ? PUBLISHED : acknowledged(pending);
    },
    async subscribe(request, sink) {
      if (request.signal.aborted) return;
      const channel = channelOf(request.event);
      const matches = compileMatch(request);
      const after = request.lastEventId === undefined ? undefined : positionOf(request.lastEventId, instance, counter);
      if (request.lastEventId !== undefined) channel.replay(after, matches, request.signal, sink);
      const listener = (message: EventMessage, pending: Promise<void>[]) => {
        if (!matches(message)) return;
        const done = sink.next(message);
        if (request.acknowledges && done) pending.push(done);
      };
      channel.on('event', listener);
      onAbort(request.signal, () => channel.off('event', listener));
    },
    async close() {
      for (const channel of channels.values()) channel.removeAllListeners();
      channels.clear();
    },
  };
}

const PUBLISHED = Promise.resolve();

async function acknowledged(pending: readonly Promise<void>[]): Promise<void> {
  // Published by a listener, it goes out behind the event that was heard.
  await PUBLISHED;
  // A subscriber that failed has been told, and the others have the event.
  await Promise.allSettled(pending);
}

/** One event's subscribers and its last messages, as a ring. */
class Channel extends EventEmitter<{ event: [EventMessage, Promise<void>[]] }> {
  readonly #held: { readonly position: number; readonly message: EventMessage }[] = [];
  /** How many there ever were: the next one's place in the ring follows from it. */
  #count = 0;
  readonly #waiting: [EventMessage, Promise<void>[]][] = [];
  /** Everything after this position is held. A channel is made at its first use, so nothing came before. */
  #lostUpTo = 0;

  private readonly size: number;

  constructor(size: number) {
    super();
    this.size = size;
  }

  /** Tells whether it is out already: where a listener publishes in turn, the event waits until all have heard the one before. */
  publish(position: number, message: EventMessage, pending: Promise<void>[]): boolean {
    const entry = { position, message };
    if (this.size > 0) {
      const place = this.#count++ % this.size;
      this.#lostUpTo = this.#held[place]?.position ?? this.#lostUpTo;
      this.#held[place] = entry;
    } else this.#lostUpTo = position;
    this.#waiting.push([message, pending]);
    if (this.#waiting.length > 1) return false;
    try {
      for (let next = this.#waiting[0]; next; this.#waiting.shift(), next = this.#waiting[0]) this.emit('event', ...next);
    } finally {
      this.#waiting.length = 0;
    }
    return true;
  }

  replay(after: number | undefined, matches: (message: EventMessage) => boolean, signal: AbortSignal, sink: EventSink): void {
    if (after === undefined || after < this.#lostUpTo) {
      sink.gap();
      return;
    }
    // Counted from the first of all, because the subscriber may publish on hearing, which moves the oldest.
    for (let at = this.#count - this.#held.length; at < this.#count && !signal.aborted; at++) {
      const entry = this.#held[at % this.size];
      if (entry && entry.position > after && matches(entry.message)) void sink.next(entry.message);
    }
  }
}

/** The counter in an id that this instance gave, else `undefined`. */
function positionOf(id: string, instance: string, counter: number): number | undefined {
  const match = /^([^-]+)-(\d{1,15})$/.exec(id);
  const position = Number(match?.[2]);
  return match?.[1] === instance && position <= counter ? position : undefined;
}

/** Whether a message has the values that the subscriber fixed for channel parameters. */
export function compileMatch(request: SubscribeRequest): (message: EventMessage) => boolean {
  const fixed = request.event.params.filter((param) => request.params[param] !== undefined);
  if (fixed.length === 0) return () => true;
  const wanted = fixed.map((param) => [param, String(request.params[param])] as const);
  return ({ data }) => wanted.every(([param, value]) => String((data as Record<string, unknown>)[param]) === value);
}
