import type { IPublishPacket } from 'mqtt';
import { ApiError, clientClosed, isApiError } from '../../core/errors.ts';
import type { CallRequest } from '../../core/transport.ts';
import { cancelled, onAbort, throwIfCancelled } from '../../life/lifetime.ts';
import { parseJson } from '../../peer/json.ts';
import { isObject } from '../../peer/error-body.ts';
import { printable } from '../../peer/text/printable.ts';
import type { Connection } from '../connection/connection.ts';
import type { Message, Qos } from '../wire.ts';
import type { MappedOperation } from './mapping.ts';
import { plainText } from '../../peer/text/plain-text.ts';
import { ReceivedMessage } from './message.ts';

interface Waiter {
  readonly operation: MappedOperation;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** What `input` of the mapping made. */
  readonly sent: unknown;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: ApiError) => void;
}

/** Calls that are messages to foreign devices, and their answers. */
export class ForeignCalls {
  readonly #waiting = new Set<Waiter>();
  /** Reply filters that are subscribed to on this connection, and how many calls want each. */
  readonly #filters = new Map<string, { count: number; readonly subscribed: Promise<void> }>();

  private readonly connection: Connection;
  private readonly qos: Qos;
  private readonly mayWait: boolean;
  private readonly maxMessageBytes: number;

  constructor(connection: Connection, qos: Qos, mayWait: boolean, maxMessageBytes: number) {
    this.connection = connection;
    this.qos = qos;
    this.mayWait = mayWait;
    this.maxMessageBytes = maxMessageBytes;
  }

  async call(request: CallRequest, operation: MappedOperation): Promise<unknown> {
    const { name } = request.operation;
    const { signal } = request;
    const input = isObject(request.input) ? request.input : {};
    const { pattern, mapping } = operation;
    const topic = pattern.fill(input);
    const sent = contentOf(name, input, pattern.params, mapping);
    const message: Message = { topic, payload: payloadOf(sent), qos: mapping.qos ?? this.qos, retain: mapping.retain ?? false };
    const publish = () => this.connection.publish(message, { mayWait: this.mayWait, signal });
    await this.connection.open();
    if (operation.replies.length === 0) return publish();
    const filters = operation.replies.map((pattern) => pattern.filter(input));
    try {
      await Promise.all(filters.map((filter) => this.#subscribe(filter, operation.mapping.qos ?? this.qos)));
      throwIfCancelled(signal, false);
      return await new Promise((resolve, reject) => {
        const settle =
          <T>(next: (value: T) => void) =>
          (value: T) => {
            unlink();
            if (this.#waiting.delete(waiter)) next(value);
          };
        const waiter: Waiter = { operation, name, input, sent, resolve: settle(resolve), reject: settle(reject) };
        this.#waiting.add(waiter);
        const unlink = onAbort(signal, () => waiter.reject(cancelled(signal)));
        publish().catch((error: ApiError) => waiter.reject(error));
      });
    } finally {
      for (const filter of filters) this.#leave(filter);
    }
  }

  /** Gives a message to the call that it answers, if there is one. */
  take(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    // A message that a broker kept from before answers nothing that is asked now.
    if (packet.retain) return;
    for (const waiter of this.#waiting) {
      const params = waiter.operation.replies.map((pattern) => pattern.match(topic)).find((found) => found !== undefined);
      if (!params || !isFor(params, waiter.input)) continue;
      try {
        if (payload.length > this.maxMessageBytes)
          throw new ApiError('DATA_LOSS', `${waiter.name}: the reply is too large: ${this.maxMessageBytes} bytes at most`);
        const message = new ReceivedMessage(topic, params, payload, packet);
        const { output } = waiter.operation.mapping;
        const value = output
          ? waiter.operation.mapping.output?.(message, waiter.input, waiter.sent)
          : payload.length === 0
            ? null
            : parseJson(message.text);
        if (value === undefined) continue;
        return waiter.resolve(value ?? undefined);
      } catch (error) {
        if (isApiError(error) && waiter.operation.mapping.output) return waiter.reject(error);
        const text = isApiError(error) ? error.text : ((error as Error | undefined)?.message ?? 'it failed');
        return waiter.reject(
          new ApiError('DATA_LOSS', `${waiter.name}: the reply cannot be read: ${printable(text)}`, { remote: true, cause: error }),
        );
      }
    }
  }

  onDown(error: ApiError): void {
    this.#filters.clear();
    for (const waiter of [...this.#waiting]) {
      waiter.reject(
        new ApiError('UNAVAILABLE', `the connection to the broker was lost before the reply came: ${error.text}`, { cause: error }),
      );
    }
  }

  close(): void {
    for (const waiter of [...this.#waiting]) waiter.reject(clientClosed());
  }

  async #subscribe(filter: string, qos: Qos): Promise<void> {
    let entry = this.#filters.get(filter);
    if (!entry) {
      const subscribed = this.connection.subscribe(filter, qos).catch((error: unknown) => {
        // Nothing of the call has been sent.
        throw ApiError.from(error, 'UNAVAILABLE', 'the broker did not take the subscription for replies').with({ sent: false });
      });
      this.#filters.set(filter, (entry = { count: 0, subscribed }));
    }
    entry.count++;
    await entry.subscribed;
  }

  #leave(filter: string): void {
    const entry = this.#filters.get(filter);
    if (!entry || --entry.count > 0) return;
    this.#filters.delete(filter);
    void this.connection.unsubscribe(filter);
  }
}

/** Whether the parameters of an answer's topic are those of the call. */
function isFor(params: Readonly<Record<string, string>>, input: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(params).every(([name, value]) => input[name] === undefined || plainText(input[name]) === value);
}

/** The value that the payload is made of. */
function contentOf(
  name: string,
  input: Readonly<Record<string, unknown>>,
  inTopic: readonly string[],
  mapping: MappedOperation['mapping'],
): unknown {
  if (!mapping.input) {
    const rest = Object.entries(input).filter(([key]) => !inTopic.includes(key));
    return rest.length === 0 ? undefined : Object.fromEntries(rest);
  }
  try {
    return mapping.input(input);
  } catch (error) {
    if (isApiError(error)) throw error;
    throw new ApiError('INVALID_ARGUMENT', `${name}: 'input' of the mapping failed: ${(error as Error).message}`, {
      sent: false,
      cause: error,
    });
  }
}

function payloadOf(content: unknown): string | Uint8Array {
  if (content === undefined) return '';
  return typeof content === 'string' || content instanceof Uint8Array ? content : (JSON.stringify(content) ?? '');
}
