import { ApiError } from '../errors.js';
import type { Link } from './link.js';
import { NO_SUBSCRIBERS, refusal } from './status.js';
import type { Message } from './wire.js';

/** How a message is published. */
export interface PublishOptions {
  /** Waits for a connection, where there is none or it is lost: the promise resolves once it waits. @default false */
  readonly isKept?: boolean;
  /** Waits for a first connection, but is not sent again where that is lost. @default false */
  readonly mayWait?: boolean;
  /** Gives up a message that has not been sent. */
  readonly signal?: AbortSignal;
  /** Rejects with UNAVAILABLE where the broker says that nobody has subscribed to the topic. @default false */
  readonly needsSubscriber?: boolean;
}

interface Entry {
  readonly message: Message;
  readonly options: PublishOptions;
  readonly resolve: () => void;
  readonly reject: (error: ApiError) => void;
  isSettled: boolean;
  messageId: number | undefined;
}

/** Messages on their way to the broker: those that wait, in order, and those that it has not acknowledged. */
export class Outbox {
  #waiting: Entry[] = [];
  readonly #inFlight = new Set<Entry>();
  #link: Link | undefined;
  #closed: ApiError | undefined;

  constructor(
    private readonly maxWaiting: number,
    private readonly onSend: (message: Message) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Whether something waits for a connection. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  publish(message: Message, options: PublishOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry: Entry = { message, options, resolve, reject, isSettled: false, messageId: undefined };
      if (this.#closed) return fail(entry, this.#closed.with({ sent: false }));
      if (this.#link && this.#waiting.length === 0 && this.#hasRoom(message)) return this.#send(entry, this.#link);
      if (!this.#link && options.isKept !== true && options.mayWait !== true) return fail(entry, away());
      if (this.#waiting.length >= this.maxWaiting) {
        return fail(entry, new ApiError('RESOURCE_EXHAUSTED', `${this.maxWaiting} messages wait for the broker already`, { sent: false }));
      }
      this.#waiting.push(entry);
      if (!this.#link && options.isKept === true) succeed(entry);
    });
  }

  onUp(link: Link): void {
    this.#link = link;
    this.#flush();
  }

  /** What was not acknowledged is sent again before what waits, or fails. */
  onDown(error: ApiError): void {
    this.#link = undefined;
    const again: Entry[] = [];
    for (const entry of this.#inFlight) {
      entry.messageId = undefined;
      if (entry.options.isKept === true) again.push(entry);
      else fail(entry, new ApiError('UNAVAILABLE', error.reason, { cause: error }));
    }
    this.#inFlight.clear();
    const left = [...again, ...this.#waiting];
    this.#waiting = [];
    for (const entry of left) {
      if (entry.options.isKept !== true && entry.options.mayWait !== true) fail(entry, away());
      else {
        this.#waiting.push(entry);
        if (entry.options.isKept === true) succeed(entry);
      }
    }
  }

  onNobody(messageId: number | undefined): void {
    for (const entry of this.#inFlight) {
      if (entry.messageId !== messageId || entry.options.needsSubscriber !== true) continue;
      const { topic } = entry.message;
      const reason = { details: { reasonCode: NO_SUBSCRIBERS }, sent: false };
      return fail(entry, new ApiError('UNAVAILABLE', `no service has subscribed to ${topic} at this broker: is it running?`, reason));
    }
  }

  close(error: ApiError): void {
    this.#closed = error;
    const lost = [...this.#inFlight, ...this.#waiting].filter((entry) => entry.isSettled).length;
    for (const entry of this.#inFlight) fail(entry, error);
    for (const entry of this.#waiting) fail(entry, error.with({ sent: false }));
    if (lost > 0)
      this.onError(new Error(`${lost} messages were never published: the broker did not take them before the connection was closed`));
    this.#inFlight.clear();
    this.#waiting = [];
  }

  #hasRoom({ qos }: Message): boolean {
    return qos === 0 || this.#inFlight.size < (this.#link?.receiveMaximum ?? 0);
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next && this.#link && this.#hasRoom(next.message); next = this.#waiting[0]) {
      this.#waiting.shift();
      if (!next.options.signal?.aborted) this.#send(next, this.#link);
    }
  }

  #send(entry: Entry, link: Link): void {
    const { message } = entry;
    const { topic, payload, qos, retain = false, properties } = message;
    if (!fits(payload, link.maximumPacketSize)) {
      const size = `packets to the broker have ${link.maximumPacketSize} bytes at most`;
      return this.#giveUp(entry, new ApiError('INVALID_ARGUMENT', `the message is too large: ${size}`, { sent: false }));
    }
    this.onSend(message);
    this.#inFlight.add(entry);
    const isNew = link.version === 5 && properties !== undefined;
    link.batch();
    link.client.publish(topic, payload, { qos, retain, ...(isNew && { properties }) }, (error) => {
      if (!this.#inFlight.delete(entry)) return;
      const code = (error as { readonly code?: unknown } | null | undefined)?.code;
      if (!error) succeed(entry);
      else if (typeof code === 'number') this.#giveUp(entry, refusal(`a message to ${topic}`, code, true));
      else this.#giveUp(entry, new ApiError('UNAVAILABLE', `publishing to ${topic} failed: ${error.message}`, { cause: error }));
      this.#flush();
    });
    if (entry.options.needsSubscriber === true) entry.messageId = link.client.getLastMessageId();
  }

  #giveUp(entry: Entry, error: ApiError): void {
    if (entry.isSettled) this.onError(error);
    else fail(entry, error);
  }
}

const HEADER_BYTES = 4096;

/** Only what may be too large is counted: a character of a string has 3 bytes at most. */
function fits(payload: string, maxPacketBytes: number): boolean {
  if (payload.length * 3 + HEADER_BYTES <= maxPacketBytes) return true;
  return new TextEncoder().encode(payload).length + HEADER_BYTES <= maxPacketBytes;
}

function succeed(entry: Entry): void {
  entry.isSettled = true;
  entry.resolve();
}

function fail(entry: Entry, error: ApiError): void {
  entry.isSettled = true;
  entry.reject(error);
}

function away(): ApiError {
  return new ApiError('UNAVAILABLE', 'there is no connection to the broker', { sent: false });
}
