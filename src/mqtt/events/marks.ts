import type { EventDefinition } from '../../core/contract.ts';
import type { Connection } from '../connection/connection.ts';
import type { Link } from '../connection/link.ts';
import type { Topics } from '../topics.ts';
import { textOf } from './decoder.ts';
import type { Feed } from './feed.ts';
import { Holes } from './lineage.ts';

/** Listens to the marks of publishers, which tell of events that are missing with nothing after them. MQTT 5 only: before, events have no ids. */
export class Marks {
  readonly holes = new Holes();
  #link: Link | undefined;

  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Subscribes to them, when a connection. A broker that refuses leaves its listeners without. */
  listen(topics: Topics): void {
    const { link } = this.connection;
    if (!link || link === this.#link || !this.connection.hasMarks) return;
    this.#link = link;
    this.connection.subscribe(`${topics.marks}/+`, 1).catch(() => {});
  }

  /** A new connection: without its session, the gap is told anyway. */
  onUp({ sessionPresent }: Link): void {
    if (!sessionPresent) this.holes.clear();
  }

  /** A message on a topic that nobody asked for: it may be a spoiled one. Over MQTT 5 the next event says whether one is missing, before nothing does. */
  stray(feeds: ReadonlyMap<EventDefinition, Feed>): void {
    if (this.connection.link?.version === 4) feeds.forEach((feed) => feed.tellGap());
  }

  /** Whether a message was a mark. */
  take(topics: Topics, feeds: ReadonlyMap<EventDefinition, Feed>, topic: string, payload: Uint8Array): boolean {
    if (!topic.startsWith(`${topics.marks}/`)) return false;
    for (const missed of this.holes.read(textOf(payload))) {
      const event = topics.eventOf(missed);
      if (event) feeds.get(event)?.tellGap(missed);
    }
    return true;
  }
}
