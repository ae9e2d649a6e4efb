import { now } from '../../life/now.ts';
import { Recent } from '../../life/recent.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import { isObject } from '../../peer/error-body.ts';
import { tryParseJson } from '../../peer/json.ts';
import { JSON_TYPE, type Lineage, type Message } from '../wire.ts';

/** Pairs of publisher and topic that are remembered, the least recent of them are forgotten. */
const MAX_PAIRS = 10_000;
/** Topics in one mark: with ids it stays far below what brokers take. */
const MAX_TOPICS_IN_MARK = 500;
/** How long a publisher is silent before its first mark, and how often it repeats it, each time after twice as long: a queue may still be full. */
const SILENCE_MS = 1000;
const MARKS = 7;

/** The side that publishes: gives each event its predecessor, and repeats the last ids in a mark when nothing follows. */
export class Publications {
  readonly publisher = crypto.randomUUID().replaceAll('-', '').slice(0, 12);
  readonly #last = new Recent<string, string>(MAX_PAIRS);
  /** Topics since the last silence, as many as have a last event here. */
  readonly #unmarked = new Recent<string, true>(MAX_PAIRS);
  #stopTimer: StopTimer | undefined;
  #publishedAt = 0;

  private readonly markTopic: string;
  private readonly publish: (mark: Message) => void;

  constructor(marks: string, publish: (mark: Message) => void) {
    this.markTopic = `${marks}/${this.publisher}`;
    this.publish = publish;
  }

  /** An event that is published now. */
  next(topic: string, id: string): Lineage {
    const before = this.#last.get(topic);
    this.#last.set(topic, id);
    this.#unmarked.set(topic, true);
    this.#publishedAt = now();
    if (this.#stopTimer === undefined) this.#schedule(SILENCE_MS, 0);
    return { publisher: this.publisher, after: before };
  }

  close(): void {
    this.#stopTimer?.();
    this.#unmarked.clear();
  }

  #schedule(waitMs: number, marks: number): void {
    this.#stopTimer = after(waitMs, () => this.#mark(marks), { holds: false });
  }

  #mark(marks: number): void {
    const silentMs = now() - this.#publishedAt;
    // One timer for all events: it looks how long ago the last was.
    if (silentMs < SILENCE_MS) return this.#schedule(SILENCE_MS - silentMs, 0);
    const topics = [...this.#unmarked.keys()].filter((topic) => this.#last.has(topic));
    for (let at = 0; at < topics.length; at += MAX_TOPICS_IN_MARK) {
      const last = Object.fromEntries(topics.slice(at, at + MAX_TOPICS_IN_MARK).map((topic) => [topic, this.#last.get(topic)]));
      const payload = JSON.stringify({ publisher: this.publisher, last });
      this.publish({ topic: this.markTopic, payload, qos: 1, properties: { contentType: JSON_TYPE, payloadFormatIndicator: true } });
    }
    if (marks + 1 < MARKS) return this.#schedule(SILENCE_MS * 2 ** (marks + 1), marks + 1);
    this.#stopTimer = undefined;
    this.#unmarked.clear();
  }
}

/** The side that listens: notices events that are missing between two of one publisher on one topic. */
export class Holes {
  readonly #last = new Recent<string, string>(MAX_PAIRS);

  /** Whether events are missing before this one. The first of a publisher on a topic is not a hole, because nobody can tell. */
  isBefore(topic: string, id: string, { publisher, after: before }: Lineage): boolean {
    const key = `${publisher}\n${topic}`;
    const last = this.#last.get(key);
    this.#last.set(key, id);
    return last !== undefined && last !== before && last !== id;
  }

  /** Takes an event that is known by its id: another publisher may have brought it first, or the broker brings it again. */
  repeat(topic: string, id: string, { publisher, after: before }: Lineage): void {
    const key = `${publisher}\n${topic}`;
    const last = this.#last.get(key);
    // An old one that the broker brings again moves nothing back.
    if (last === undefined || last === before) this.#last.set(key, id);
  }

  /** The topics on which events are missing at the end, by a publisher's mark. */
  read(payload: string): readonly string[] {
    const mark = tryParseJson(payload);
    if (!isObject(mark) || typeof mark['publisher'] !== 'string' || !isObject(mark['last'])) return [];
    const { publisher, last } = mark;
    return Object.entries(last).flatMap(([topic, id]) => {
      const key = `${publisher}\n${topic}`;
      const known = this.#last.get(key);
      if (typeof id !== 'string' || known === undefined || known === id) return [];
      this.#last.set(key, id);
      return [topic];
    });
  }

  /** After a gap that was told. */
  clear(): void {
    this.#last.clear();
  }
}
