import { ApiError } from '../../core/errors.ts';
import { cancelled, onAbort } from '../../life/lifetime.ts';
import { printable } from '../../peer/text/printable.ts';
import type { Link } from './link.ts';
import { NO_SUBSCRIBERS, refusal } from '../status.ts';
import { isLarger, packetOverhead, type Message } from '../wire.ts';

/** How a message is published. */
export interface PublishOptions {
  /** Waits for a connection if there is none or it is lost. The promise resolves when it waits. @default false */
  readonly isKept?: boolean;
  /** Waits for a first connection, but is not sent again if that is lost. @default false */
  readonly mayWait?: boolean;
  /** Gives up a message that has not been sent. */
  readonly signal?: AbortSignal;
  /** Rejects with UNAVAILABLE if the broker says that nobody has subscribed to the topic. @default false */
  readonly needsSubscriber?: boolean;
}

/** Bytes of payloads that may wait for the broker: more than one message beyond are refused. */
const MAX_WAITING_BYTES = 67_108_864;

const NO_OPTIONS: PublishOptions = {};

/** A message and the code that waits for its result. */
class Entry {
  isSettled = false;
  messageId: number | undefined;
  /** Stops watching the signal. */
  unlink: (() => void) | undefined;

  readonly message: Message;
  readonly options: PublishOptions;
  private readonly resolve: () => void;
  private readonly reject: (error: ApiError) => void;

  constructor(message: Message, options: PublishOptions, resolve: () => void, reject: (error: ApiError) => void) {
    this.message = message;
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
  }

  succeed(): void {
    this.isSettled = true;
    this.resolve();
  }

  fail(error: ApiError): void {
    this.isSettled = true;
    this.reject(error);
  }
}

/** Messages on their way to the broker: those that wait, in order, and those that it has not acknowledged. */
export class Outbox {
  #waiting: Entry[] = [];
  readonly #inFlight = new Set<Entry>();
  #link: Link | undefined;
  #closed: ApiError | undefined;
  #isFlushing = false;

  private readonly maxWaiting: number;
  private readonly onSend: (message: Message) => void;
  private readonly onError: (error: unknown) => void;

  constructor(maxWaiting: number, onSend: (message: Message) => void, onError: (error: unknown) => void) {
    this.maxWaiting = maxWaiting;
    this.onSend = onSend;
    this.onError = onError;
  }

  /** Whether something waits for a connection. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  publish(message: Message, options: PublishOptions = NO_OPTIONS): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = new Entry(message, options, resolve, reject);
      if (this.#closed) return entry.fail(this.#closed.with({ sent: false }));
      if (this.#link && this.#waiting.length === 0 && this.#hasRoom(message, this.#link)) return this.#send(entry, this.#link);
      if (!this.#link && options.isKept !== true && options.mayWait !== true) return entry.fail(away());
      if (this.#waiting.length >= this.maxWaiting || (message.payload.length > 1024 && sizeOf(this.#waiting) > MAX_WAITING_BYTES)) {
        return entry.fail(new ApiError('RESOURCE_EXHAUSTED', 'too many messages wait', { sent: false }));
      }
      this.#wait(entry);
    });
  }

  onUp(link: Link): void {
    this.#link = link;
    this.#flush();
  }

  /** Unacknowledged messages are sent again before those that wait, or fail. */
  onDown(error: ApiError): void {
    this.#link = undefined;
    const again: Entry[] = [];
    for (const entry of this.#inFlight) {
      entry.messageId = undefined;
      if (entry.options.isKept === true) again.push(entry);
      else entry.fail(new ApiError('UNAVAILABLE', error.text, { cause: error }));
    }
    this.#inFlight.clear();
    const left = [...again, ...this.#waiting];
    this.#waiting = [];
    for (const entry of left) {
      entry.unlink?.();
      if (entry.options.isKept !== true && entry.options.mayWait !== true) entry.fail(away());
      else this.#wait(entry);
    }
  }

  onNobody(messageId: number | undefined): void {
    for (const entry of this.#inFlight) {
      if (entry.messageId !== messageId || entry.options.needsSubscriber !== true) continue;
      const { topic } = entry.message;
      const reason = { details: { reasonCode: NO_SUBSCRIBERS }, sent: false };
      return entry.fail(
        new ApiError('UNAVAILABLE', `no service has subscribed to ${printable(topic)} at this broker: is it running?`, reason),
      );
    }
  }

  close(error: ApiError): void {
    this.#closed = error;
    const lost = [...this.#inFlight, ...this.#waiting].filter((entry) => entry.isSettled).length;
    for (const entry of this.#inFlight) entry.fail(error);
    for (const entry of this.#waiting) {
      entry.unlink?.();
      entry.fail(error.with({ sent: false }));
    }
    if (lost > 0)
      this.onError(new Error(`${lost} messages were never published: the broker did not take them before the connection was closed`));
    this.#inFlight.clear();
    this.#waiting = [];
  }

  /** Messages of QoS 0 that the connection cannot take wait here, counted, until the earlier ones have gone. */
  #hasRoom({ qos }: Message, { receiveMaximum, client }: Link): boolean {
    return qos === 0 ? !client.stream.writableNeedDrain || this.#inFlight.size === 0 : this.#inFlight.size < receiveMaximum;
  }

  #wait(entry: Entry): void {
    this.#waiting.push(entry);
    const { isKept, signal } = entry.options;
    if (!this.#link && isKept === true) entry.succeed();
    if (!signal) return;
    entry.unlink = onAbort(signal, () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
      entry.fail(cancelled(signal, false));
    });
  }

  #flush(): void {
    // A message of QoS 0 is done at once: the next goes in this loop, or a long queue would be as deep a stack.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    for (let next = this.#waiting[0]; next && this.#link && this.#hasRoom(next.message, this.#link); next = this.#waiting[0]) {
      this.#waiting.shift();
      next.unlink?.();
      this.#send(next, this.#link);
    }
    this.#isFlushing = false;
  }

  #send(entry: Entry, link: Link): void {
    const message = inVersion(entry.message, link);
    const { topic, payload, qos, retain = false, properties } = message;
    if (isTooLarge(message, link)) {
      const size = `packets to the broker have ${link.maximumPacketSize} bytes at most`;
      return this.#giveUp(entry, new ApiError('INVALID_ARGUMENT', `the message is too large: ${size}`, { sent: false }));
    }
    this.onSend(message);
    this.#inFlight.add(entry);
    const options = link.version === 5 && properties ? { qos, retain, properties } : { qos, retain };
    link.client.publish(topic, payload as string | Buffer, options, (error) => {
      if (!this.#inFlight.delete(entry)) return;
      if (!error) entry.succeed();
      else this.#giveUp(entry, failure(topic, error));
      if (this.#waiting.length > 0) this.#flush();
    });
    if (entry.options.needsSubscriber === true) entry.messageId = link.client.getLastMessageId();
  }

  #giveUp(entry: Entry, error: ApiError): void {
    if (entry.isSettled) this.onError(error);
    else entry.fail(error);
  }
}

/** Not asked for small messages, which are never so many. */
function sizeOf(waiting: readonly Entry[]): number {
  return waiting.reduce((sum, { message }) => sum + message.payload.length, 0);
}

function failure(topic: string, error: Error): ApiError {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === 'number') return refusal(`a message to ${printable(topic)}`, code, true);
  return new ApiError('UNAVAILABLE', `publishing to ${printable(topic)} failed: ${error.message}`, { cause: error });
}

/** The message as the version of MQTT has it. */
function inVersion(message: Message, { version }: Link): Message {
  return version === 4 && message.plain ? { ...message, payload: message.plain() } : message;
}

/** The room that nearly every packet has beside its payload. It is counted only if a payload comes that near to the limit. */
const USUAL_OVERHEAD = 4096;

function isTooLarge(message: Message, { maximumPacketSize, version }: Link): boolean {
  if (!isLarger(message.payload, maximumPacketSize - USUAL_OVERHEAD)) return false;
  return isLarger(message.payload, maximumPacketSize - packetOverhead(message, version));
}

function away(): ApiError {
  return new ApiError('UNAVAILABLE', 'there is no connection to the broker', { sent: false });
}
