import type { Scripts } from './commands.ts';
import { listOf } from './commands.ts';
import { PUBLISH } from './hub-scripts.ts';

/** One event as the script takes it: its name, channel, key, time and data. */
export type PublishedEvent = readonly [name: string, channel: string, key: string, time: string, data: string];

/** Limits of one call of the script. */
const MAX_EVENTS = 200;
const MAX_CHARACTERS = 1_000_000;

interface Waiting {
  readonly event: PublishedEvent;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Brings events to Redis in their order: those that wait while a call is under way go in one call. */
export class Batcher {
  readonly #waiting: Waiting[] = [];
  #isSending = false;

  private readonly scripts: Scripts;
  private readonly args: readonly string[];

  constructor(scripts: Scripts, args: readonly string[]) {
    this.scripts = scripts;
    this.args = args;
  }

  add(event: PublishedEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject });
      if (!this.#isSending) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const ids = listOf(await this.scripts.run(PUBLISH, [...this.args, ...batch.flatMap(({ event }) => event)]));
        if (ids.length !== batch.length) throw new Error(`Redis took ${ids.length} of ${batch.length} events`);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isSending = false;
  }

  #take(): Waiting[] {
    let characters = 0;
    let count = 0;
    for (const { event } of this.#waiting) {
      characters += event[4].length;
      if (count > 0 && (count >= MAX_EVENTS || characters > MAX_CHARACTERS)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}
