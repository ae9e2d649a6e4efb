import type { IPublishPacket } from 'mqtt';
import { ApiError } from '../../core/errors.ts';
import { onAbort } from '../../life/lifetime.ts';
import { makeRequestId, timeoutHeader } from '../../peer/headers.ts';
import { parseJson } from '../../peer/json.ts';
import type { CallRequest, Headers } from '../../core/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { textOf } from '../events/decoder.ts';
import type { Topics } from '../topics.ts';
import { decodeError, isLarger, isObject, JSON_TYPE, userProperties, type Message, type Qos } from '../wire.ts';
import { now } from '../../life/now.ts';

interface Pending {
  readonly request: CallRequest;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: ApiError) => void;
}

/** Bytes of a request: what a service takes. */
const MAX_REQUEST_BYTES = 1_048_576;

/** The calls of one client: requests out, replies in. */
export class Calls {
  readonly #pending = new Map<string, Pending>();
  readonly #replyTopic: string;
  #subscribed: Promise<void> | undefined;

  private readonly connection: Connection;
  private readonly topics: Topics;
  private readonly qos: Qos;
  private readonly mayWait: boolean;
  private readonly maxResponseBytes: number;

  constructor(connection: Connection, topics: Topics, qos: Qos, mayWait: boolean, maxResponseBytes: number) {
    this.maxResponseBytes = maxResponseBytes;
    this.connection = connection;
    this.topics = topics;
    this.qos = qos;
    this.mayWait = mayWait;
    this.#replyTopic = topics.replies(connection.clientId);
  }

  isReply(topic: string): boolean {
    return topic === this.#replyTopic;
  }

  async call(request: CallRequest, headers: Headers): Promise<unknown> {
    // Again where the last connection's was lost.
    await (this.#subscribed ??= this.#subscribe());
    const { signal } = request;
    if (signal.aborted) throw ApiError.from(signal.reason, 'CANCELLED', 'the caller cancelled the call', { sent: false });
    const version = this.connection.link?.version ?? 5;
    // Never used before, by another process of the same client neither: the broker may hold replies to that one's calls.
    const id = makeRequestId();
    const message = this.#encode(request, headers, id, version);
    return new Promise((resolve, reject) => {
      const unlink = onAbort(signal, () => {
        if (!this.#pending.delete(id)) return;
        reject(ApiError.from(signal.reason, 'CANCELLED', 'the caller cancelled the call'));
        this.#cancel(id, version);
      });
      const settle = (): boolean => {
        unlink();
        return this.#pending.delete(id);
      };
      this.#pending.set(id, {
        request,
        resolve: (output) => void (settle() && resolve(output)),
        reject: (error) => void (settle() && reject(error)),
      });
      this.connection
        .publish(message, { needsSubscriber: true, mayWait: this.mayWait, signal })
        .catch((error: ApiError) => this.#pending.get(id)?.reject(error));
    });
  }

  /** Replies that nobody waits for, because they come twice or too late, are dropped. */
  take(payload: Uint8Array, packet: IPublishPacket): void {
    const { correlationData } = packet.properties ?? {};
    if (correlationData !== undefined) {
      const pending = this.#pending.get(textOf(correlationData));
      if (!pending) return;
      const { code } = userProperties(packet.properties);
      return this.#settle(pending, () => {
        this.#checkSize(payload, pending);
        const body = payload.length === 0 ? undefined : parseReply(payload, pending);
        if (code !== undefined) throw decodeError(body, code);
        return body;
      });
    }
    const reply = parseReply(payload, undefined);
    if (!isObject(reply)) return;
    const pending = this.#pending.get(String(reply['id']));
    if (!pending) return;
    this.#settle(pending, () => {
      this.#checkSize(payload, pending);
      if (reply['error'] !== undefined) throw decodeError(reply['error']);
      return pending.request.operation.output ? reply['output'] : undefined;
    });
  }

  /** What was sent may have run: the policy decides whether it is tried again. */
  onDown(error: ApiError): void {
    this.#subscribed = undefined;
    for (const pending of [...this.#pending.values()]) {
      pending.reject(
        new ApiError('UNAVAILABLE', `the connection to the broker was lost before the reply came: ${error.text}`, { cause: error }),
      );
    }
  }

  close(): void {
    for (const [id, { reject }] of [...this.#pending]) {
      this.#cancel(id, this.connection.link?.version ?? 5);
      reject(new ApiError('CANCELLED', 'the client is closed'));
    }
  }

  async #subscribe(): Promise<void> {
    try {
      await this.connection.subscribe(this.#replyTopic, this.qos);
    } catch (error) {
      this.#subscribed = undefined;
      // Nothing of the call has been sent.
      throw ApiError.from(error, 'UNAVAILABLE', 'the broker did not take the subscription for replies').with({ sent: false });
    }
  }

  #encode({ operation, input, deadline }: CallRequest, headers: Headers, id: string, version: 4 | 5): Message {
    const topic = this.topics.request(operation.name);
    const sent: Record<string, string> = { ...headers };
    if (deadline !== undefined) sent['x-timeout-ms'] = timeoutHeader(deadline);
    const payload =
      version === 5
        ? input === undefined
          ? ''
          : JSON.stringify(input)
        : JSON.stringify({ replyTo: this.#replyTopic, id, ...(input !== undefined && { input }), headers: sent });
    if (isLarger(payload, MAX_REQUEST_BYTES)) {
      throw new ApiError('INVALID_ARGUMENT', `${operation.name}: the input is too large: ${MAX_REQUEST_BYTES} bytes at most`, {
        sent: false,
      });
    }
    return {
      topic,
      payload,
      qos: this.qos,
      properties: {
        responseTopic: this.#replyTopic,
        correlationData: correlation(id),
        payloadFormatIndicator: true,
        contentType: JSON_TYPE,
        ...(deadline !== undefined && { messageExpiryInterval: expirySeconds(deadline) }),
        ...(Object.keys(sent).length > 0 && { userProperties: sent }),
      },
    };
  }

  #cancel(id: string, version: 4 | 5): void {
    const properties = { responseTopic: this.#replyTopic, correlationData: correlation(id) };
    const payload = version === 5 ? '' : JSON.stringify({ replyTo: this.#replyTopic, id });
    // Where it cannot be sent, the service runs to its deadline.
    this.connection.publish({ topic: this.topics.cancel, payload, qos: this.qos, properties }).catch(() => {});
  }

  /** A reply over the limit fails its call, and no other. */
  #checkSize({ length }: Uint8Array, { request }: Pending): void {
    if (length <= this.maxResponseBytes) return;
    throw new ApiError(
      'DATA_LOSS',
      `${request.operation.name}: the reply is too large: a larger maxResponseBytes than ${this.maxResponseBytes} takes it`,
    );
  }

  #settle({ resolve, reject }: Pending, read: () => unknown): void {
    try {
      resolve(read());
    } catch (error) {
      reject(error as ApiError);
    }
  }
}

/** At least one, and no more than fits four bytes. */
function expirySeconds(deadline: number): number {
  return Math.min(Math.max(1, Math.ceil((deadline - now()) / 1000)), 0xffff_ffff);
}

/** Texts will do, which browsers can make without a `Buffer`: the types do not say so. */
function correlation(id: string): Buffer {
  return id as unknown as Buffer;
}

function parseReply(payload: Uint8Array, pending: Pending | undefined): unknown {
  try {
    return parseJson(textOf(payload), 66);
  } catch (cause) {
    if (!pending) return undefined;
    throw new ApiError('DATA_LOSS', `${pending.request.operation.name}: the reply cannot be read: ${(cause as ApiError).text}`, {
      remote: true,
      cause,
    });
  }
}
