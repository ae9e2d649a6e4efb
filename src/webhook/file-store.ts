import { open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { parseJson } from '../internal/json.js';
import {
  StoreState,
  type RetentionOptions,
  type StoredDelivery,
  type StoredMessage,
  type StoredSubscription,
  type WebhookStore,
} from './store.js';

/** Options of `fileWebhookStore`. */
export interface FileStoreOptions extends RetentionOptions {
  /** The file is written anew without what is done with once it is so large, in bytes, and has grown fourfold. @default 16_777_216 */
  readonly compactBytes?: number;
}

/** One line of the file. */
type Line =
  | readonly ['subscription', StoredSubscription]
  | readonly ['deleted', string]
  | readonly ['message', number, StoredMessage]
  | readonly ['delivery', Omit<StoredDelivery, 'message'> & { readonly message: number }];

/**
 * A store in one file, for one process: lines of JSON that are only appended to, and on disk (fsync) before an event is
 * acknowledged. Deliveries that come together share one fsync. A line that a crash cut short is dropped. The file holds secrets: only its owner may read it.
 */
export function fileWebhookStore(path: string, options: FileStoreOptions = {}): WebhookStore {
  return new FileStore(path, options);
}

class FileStore implements WebhookStore {
  readonly #state: StoreState;
  readonly #compactBytes: number;
  #file: FileHandle | undefined;
  /** Written since the file was made anew: a message stands in it once. */
  #messages = new WeakMap<StoredMessage, number>();
  #counter = 0;
  #lines: string[] = [];
  #bytes = 0;
  #compactedBytes = 0;
  #isTorn = false;
  /** The write under way, which never rejects, and the one that takes what comes meanwhile. */
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  constructor(
    private readonly path: string,
    options: FileStoreOptions,
  ) {
    this.#state = new StoreState(options);
    this.#compactBytes = options.compactBytes ?? 16 * 1024 * 1024;
  }

  async load() {
    await (this.#opening ??= this.#open());
    return this.#state.load();
  }

  saveSubscription(subscription: StoredSubscription): Promise<void> {
    this.#state.saveSubscription(subscription);
    return this.#append(['subscription', subscription]);
  }

  deleteSubscription(id: string): Promise<void> {
    this.#state.deleteSubscription(id);
    return this.#append(['deleted', id]);
  }

  addDelivery(delivery: StoredDelivery): Promise<void> {
    this.#state.addDelivery(delivery);
    return this.#appendDelivery(delivery);
  }

  saveDelivery(delivery: StoredDelivery): Promise<void> {
    this.#state.saveDelivery(delivery);
    return this.#appendDelivery(delivery);
  }

  async deliveries(subscriptionId: string, limit: number) {
    return this.#state.deliveries(subscriptionId, limit);
  }

  async delivery(subscriptionId: string, id: string) {
    return this.#state.delivery(subscriptionId, id);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.#next?.catch(() => {});
    await this.#writing;
    if (!this.#file) return;
    await this.#file.close();
    await unlock(`${this.path}.lock`);
  }

  async #open(): Promise<void> {
    await lock(`${this.path}.lock`);
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const messages = new Map<number, StoredMessage>();
    // What stands behind the last line end is a line that was being written when the process died.
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    for (const [index, line] of lines.entries()) {
      if (line === '') continue;
      try {
        this.#replay(parseJson(line) as Line, messages);
      } catch (cause) {
        throw new Error(`${this.path}: line ${index + 1} is broken: repair or remove it`, { cause });
      }
    }
    await this.#compact();
  }

  #replay(line: Line, messages: Map<number, StoredMessage>): void {
    switch (line[0]) {
      case 'subscription':
        return this.#state.saveSubscription(line[1]);
      case 'deleted':
        return this.#state.deleteSubscription(line[1]);
      case 'message':
        return void messages.set(line[1], line[2]);
      case 'delivery': {
        const message = messages.get(line[1].message);
        if (!message) throw new Error(`there is no message ${line[1].message}`);
        const delivery = { ...line[1], message };
        if (this.#state.delivery(delivery.subscriptionId, delivery.id)) this.#state.saveDelivery(delivery);
        else this.#state.addDelivery(delivery);
        return;
      }
      default:
        throw new Error(`a newer version wrote '${String(line[0])}'`);
    }
  }

  /** Writes what is held to a new file and puts it in the place of the old one. */
  async #compact(): Promise<void> {
    this.#messages = new WeakMap();
    // What they say is held, and so it is in the new file.
    this.#lines = [];
    const { subscriptions } = this.#state.load();
    const lines = subscriptions.map((subscription) => encode(['subscription', subscription]));
    for (const delivery of this.#state.all()) lines.push(...this.#encodeDelivery(delivery));
    const text = lines.join('');
    const next = `${this.path}.next`;
    const file = await open(next, 'w', 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(next, this.path);
    await syncFolder(dirname(this.path));
    await this.#file?.close();
    this.#file = file;
    this.#isTorn = false;
    this.#bytes = this.#compactedBytes = Buffer.byteLength(text);
  }

  #appendDelivery(delivery: StoredDelivery): Promise<void> {
    // Of a subscription that was deleted meanwhile.
    if (!this.#state.delivery(delivery.subscriptionId, delivery.id) && delivery.state === 'pending') return Promise.resolve();
    this.#lines.push(...this.#encodeDelivery(delivery));
    return this.#flush();
  }

  #append(line: Line): Promise<void> {
    this.#lines.push(encode(line));
    return this.#flush();
  }

  #encodeDelivery(delivery: StoredDelivery): string[] {
    const { message, ...rest } = delivery;
    const known = this.#messages.get(message);
    if (known !== undefined) return [encode(['delivery', { ...rest, message: known }])];
    const number = ++this.#counter;
    this.#messages.set(message, number);
    return [encode(['message', number, message]), encode(['delivery', { ...rest, message: number }])];
  }

  /** Resolves once all lines so far are on disk. Those that come while a write is under way share the next one. */
  #flush(): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('the webhook store was closed'));
    return (this.#next ??= this.#writeNext());
  }

  async #writeNext(): Promise<void> {
    await this.load();
    await this.#writing;
    this.#next = undefined;
    const writing = this.#write();
    this.#writing = writing.catch(() => {});
    await writing;
  }

  async #write(): Promise<void> {
    // After a write that failed the file may end in half a line.
    if (this.#isTorn || (this.#bytes > this.#compactBytes && this.#bytes > 4 * this.#compactedBytes)) return this.#compact();
    const text = this.#lines.join('');
    this.#lines = [];
    this.#isTorn = true;
    await this.#file?.appendFile(text);
    await this.#file?.datasync();
    this.#isTorn = false;
    this.#bytes += Buffer.byteLength(text);
  }
}

function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The locks of this process. */
const held = new Set<string>();

/** Two dispatchers on one file would deliver twice and destroy each other's lines. */
async function lock(path: string): Promise<void> {
  if (held.has(path)) throw new Error(`${path}: this process uses the webhook store already`);
  held.add(path);
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        return await writeFile(path, String(process.pid), { flag: 'wx', mode: 0o600 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (holder !== process.pid && isAlive(holder)) {
        throw new Error(`${path}: the process ${holder} uses this webhook store: give each process a file of its own`);
      }
      // Left by a process that crashed.
      await rm(path, { force: true });
    }
    throw new Error(`${path}: the webhook store could not be locked`);
  } catch (error) {
    held.delete(path);
    throw error;
  }
}

async function unlock(path: string): Promise<void> {
  await rm(path, { force: true });
  held.delete(path);
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
