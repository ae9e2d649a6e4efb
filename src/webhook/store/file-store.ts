import { bytes, readOptions, type OptionsInForce } from '../../core/options.ts';
import { after } from '../../life/timers.ts';
import { reporter } from '../../life/report.ts';
import { parseJson } from '../../peer/json.ts';
import { lock } from './file-lock.ts';
import { LineFile } from './line-file.ts';
import type { WebhookSharing } from './store.ts';
import { StoreState } from './store-state.ts';
import {
  RETENTION,
  type RetentionOptions,
  type StoredDelivery,
  type StoredMessage,
  type StoredSubscription,
  type WebhookStore,
} from './store.ts';

/** Options of `fileWebhookStore`. */
export interface FileStoreOptions extends RetentionOptions {
  /** The file is written anew without what is done with once it is so large, in bytes, and has grown fourfold. @default 16_777_216 */
  readonly compactBytes?: number;
  /** Told of a record that cannot be read: it is left out, the others are read. @default console.error */
  readonly onError?: (error: unknown) => void;
}

const READERS = { ...RETENTION, compactBytes: bytes(16_777_216) };

/** One line of the file. A message stands in it once, and is named by its number. */
type Line =
  | readonly ['subscription', StoredSubscription]
  | readonly ['deleted', string]
  | readonly ['message', number, StoredMessage]
  | readonly ['delivery', Omit<StoredDelivery, 'message'> & { readonly message: number }];

/** How long the outcome of an attempt may wait for others to share an fsync with, in milliseconds. */
const LINGER_MS = 50;

/**
 * A store in one file, for one process: lines of JSON that are only appended to, and on disk (fsync) before an event is
 * acknowledged. Deliveries that come together share one fsync. A line that a crash cut short is dropped. The file holds secrets: only its owner may read it.
 */
export function fileWebhookStore(path: string, options: FileStoreOptions = {}): WebhookStore {
  return new FileStore(path, readOptions('fileWebhookStore', options, READERS, ['onError']));
}

class FileStore implements WebhookStore {
  #state: StoreState;
  readonly #options: OptionsInForce<FileStoreOptions, typeof READERS>;
  readonly #report: (error: unknown) => void;
  readonly #file: LineFile;
  readonly #compactBytes: number;
  /** The numbers of the messages that stand in the file. */
  #messages = new WeakMap<StoredMessage, number>();
  #counter = 0;
  /** Not yet written. */
  #lines: string[] = [];
  #compactedBytes = 0;
  /** The write under way, which never rejects, and the one that takes what comes meanwhile. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  /** The write that waits for company, and what ends its wait. */
  #soon: { readonly written: Promise<void>; readonly hurry: () => void } | undefined;
  #opening: Promise<void> | undefined;
  #unlock: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  private readonly path: string;

  constructor(path: string, options: OptionsInForce<FileStoreOptions, typeof READERS>) {
    this.path = path;
    this.#file = new LineFile(path);
    this.#options = options;
    this.#report = reporter(options.onError);
    this.#state = new StoreState(options);
    this.#compactBytes = options.compactBytes;
  }

  async load() {
    await this.#opened();
    return this.#state.load();
  }

  async saveSubscription({ version: _, ...subscription }: StoredSubscription, worker?: string): Promise<void> {
    this.#checkOpen();
    this.#state.saveSubscription(subscription, worker);
    this.#lines.push(encode(['subscription', subscription]));
    return this.#flush();
  }

  async deleteSubscription(id: string): Promise<void> {
    this.#checkOpen();
    this.#state.deleteSubscription(id);
    this.#lines.push(encode(['deleted', id]));
    return this.#flush();
  }

  async addDeliveries(deliveries: readonly StoredDelivery[], worker?: string): Promise<void> {
    this.#checkOpen();
    let isWritten = false;
    for (const delivery of deliveries) {
      this.#state.addDelivery(delivery, worker);
      isWritten = this.#write(delivery) || isWritten;
    }
    if (isWritten) return this.#flush();
  }

  async saveDelivery(delivery: StoredDelivery, worker?: string): Promise<void> {
    this.#checkOpen();
    this.#state.saveDelivery(delivery, worker);
    if (this.#write(delivery)) return this.#flushSoon();
  }

  async deliveries(subscriptionId: string, limit: number) {
    return this.#state.deliveries(subscriptionId, limit);
  }

  async delivery(subscriptionId: string, id: string) {
    return this.#state.delivery(subscriptionId, id);
  }

  /** Among dispatchers of this process: no other one opens the file. */
  get sharing(): WebhookSharing {
    const state = () => this.#state.sharing();
    return {
      claim: async (worker, leaseMs, known) => {
        await this.#opened();
        return state().claim(worker, leaseMs, known);
      },
      release: (worker, ids) => state().release(worker, ids),
      subscription: (id) => state().subscription(id),
      replace: async (subscription) => {
        const isCurrent = this.#state.isCurrent(subscription);
        if (isCurrent) await this.saveSubscription(subscription);
        return isCurrent;
      },
      subscriptions: (owner) => state().subscriptions(owner),
      count: (owner) => state().count(owner),
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#soon?.hurry();
    if (this.#lines.length > 0) await this.#flush().catch(() => {});
    await this.#opening?.catch(() => {});
    await this.#writing;
    try {
      await this.#file.close();
    } finally {
      await this.#unlock?.();
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new Error(`${this.path}: the webhook store was closed`);
  }

  async #opened(): Promise<void> {
    this.#checkOpen();
    await this.#open();
  }

  #open(): Promise<void> {
    // A failed attempt is tried again by the next one.
    return (this.#opening ??= this.#read().catch((error: unknown) => {
      this.#opening = undefined;
      this.#state = new StoreState(this.#options);
      throw error;
    }));
  }

  async #read(): Promise<void> {
    const unlock = await lock(`${this.path}.lock`);
    try {
      // Reading needs no writing: the first write makes the file anew, without what is done with.
      await this.#replay();
      this.#unlock = unlock;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  async #replay(): Promise<void> {
    const messages = new Map<number, StoredMessage>();
    let number = 0;
    let hasHole = false;
    for await (const text of this.#file.read()) {
      number++;
      // JSON has no such character: a power failure left zeros instead of text that was never acknowledged.
      if (text.includes('\0')) hasHole = true;
      else
        try {
          this.#replayLine(parseJson(text, Infinity) as Line, messages, hasHole);
        } catch (cause) {
          if (cause instanceof NewerVersion) throw cause;
          this.#report(new Error(`${this.path}: line ${number} is damaged and was left out`, { cause }));
          hasHole = true;
        }
    }
  }

  #replayLine(line: Line, messages: Map<number, StoredMessage>, hasHole: boolean): void {
    switch (line[0]) {
      case 'subscription':
        return this.#state.saveSubscription(line[1]);
      case 'deleted':
        return this.#state.deleteSubscription(line[1]);
      case 'message':
        return void messages.set(line[1], line[2]);
      case 'delivery': {
        const message = messages.get(line[1].message);
        if (!message && hasHole) return;
        if (!message) throw new Error(`there is no message ${line[1].message}`);
        const delivery = { ...line[1], message };
        if (this.#state.delivery(delivery.subscriptionId, delivery.id)) this.#state.saveDelivery(delivery);
        else this.#state.addDelivery(delivery);
        return;
      }
      default:
        throw new NewerVersion(`${this.path}: a newer version of this library wrote '${String(line[0])}'`);
    }
  }

  /** Writes what is held to a new file. */
  async #compact(): Promise<void> {
    // Their content is held, and so it is in the new file.
    this.#lines = [];
    const { subscriptions } = this.#state.load();
    const deliveries = [...this.#state.all()];
    const messages = new Map(deliveries.map(({ message }) => [message, 0]));
    for (const message of messages.keys()) messages.set(message, ++this.#counter);
    // Before it is written: lines that come meanwhile go behind it.
    this.#messages = new WeakMap(messages);
    await this.#file.replace(encodeAll(subscriptions, messages, deliveries));
    this.#compactedBytes = this.#file.bytes;
  }

  /** Whether there is something to write: a subscription may be deleted meanwhile, and its deliveries with it. */
  #write(delivery: StoredDelivery): boolean {
    const { message, state } = delivery;
    if (state === 'pending' && !this.#state.delivery(delivery.subscriptionId, delivery.id)) return false;
    let number = this.#messages.get(message);
    if (number === undefined) {
      this.#messages.set(message, (number = ++this.#counter));
      this.#lines.push(encode(['message', number, message]));
    }
    this.#lines.push(encode(['delivery', { ...delivery, message: number }]));
    return true;
  }

  /** Resolves when all lines so far are on disk. Those that come while a write is under way share the next one. */
  #flush(): Promise<void> {
    return (this.#next ??= this.#writeNext());
  }

  /** As `#flush`, but waits a moment, because its lines can be lost without harm. */
  #flushSoon(): Promise<void> {
    this.#soon ??= this.#linger();
    return this.#soon.written;
  }

  #linger(): { readonly written: Promise<void>; readonly hurry: () => void } {
    let hurry = () => {};
    const waited = new Promise<void>((resolve) => {
      const stop = after(LINGER_MS, resolve);
      hurry = () => {
        stop();
        resolve();
      };
    });
    const written = waited.then(() => {
      this.#soon = undefined;
      // An event that came meanwhile has taken them along.
      return this.#lines.length > 0 ? this.#flush() : (this.#next ?? this.#writing);
    });
    return { written, hurry };
  }

  async #writeNext(): Promise<void> {
    await this.#open();
    await this.#writing;
    this.#next = undefined;
    const writing = this.#writeLines();
    this.#writing = writing.catch(() => {});
    await writing;
  }

  async #writeLines(): Promise<void> {
    const { bytes, isTorn } = this.#file;
    if (isTorn || (bytes > this.#compactBytes && bytes > 4 * this.#compactedBytes)) return this.#compact();
    const text = this.#lines.join('');
    this.#lines = [];
    await this.#file.append(text);
  }
}

/** Leaving such a record out could lose what the newer version keeps in it. */
class NewerVersion extends Error {}

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

function* encodeAll(
  subscriptions: readonly StoredSubscription[],
  messages: ReadonlyMap<StoredMessage, number>,
  deliveries: readonly StoredDelivery[],
): Iterable<string> {
  for (const subscription of subscriptions) yield encode(['subscription', subscription]);
  for (const [message, number] of messages) yield encode(['message', number, message]);
  for (const delivery of deliveries) yield encode(['delivery', { ...delivery, message: messages.get(delivery.message) ?? 0 }]);
}
