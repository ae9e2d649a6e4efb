import type { IPublishPacket } from 'mqtt';
import type { Operation } from '../../core/contract.ts';
import { ApiError, clientClosed, type JsonObject } from '../../core/errors.ts';
import { backoffMs } from '../../life/backoff.ts';
import { cancelled, onAbort, throwIfCancelled } from '../../life/lifetime.ts';
import { makeRequestId, timeoutHeader } from '../../peer/headers.ts';
import { parseJson, tryParseJson } from '../../peer/json.ts';
import { responseHeaders } from '../../peer/response-headers.ts';
import type { CallRequest, EventSink, Headers, StreamRequest } from '../../core/transport.ts';
import type { Connection } from '../connection/connection.ts';
import { textOf } from '../events/decoder.ts';
import type { Topics } from '../topics.ts';
import { decodeError, isLarger, isObject, JSON_TYPE, userProperties, type Message, type Qos } from '../wire.ts';
import { now } from '../../life/now.ts';
import type { Grant, Reply } from './pieces.ts';

/** A request that waits for its replies. */
interface Pending {
  readonly operation: Operation;
  /** Takes what one reply says. */
  readonly take: (reply: Reply) => void;
  readonly fail: (error: ApiError) => void;
}

/** Bytes of a request that a service takes. */
const MAX_REQUEST_BYTES = 1_048_576;

/** The calls of one client: requests out, replies in. */
export class Calls {
  readonly #pending = new Map<string, Pending>();
  readonly #replyTopic: string;
  #subscribed: Promise<void> | undefined;
  /** Why the broker refused the reply topic, how often in a row, and when it is asked again. */
  #refusal: ApiError | undefined;
  #refusals = 0;
  #mayAskAt = 0;

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
    const { operation } = request;
    const sent = await this.#prepare(request, headers);
    return new Promise((resolve, reject) => {
      const release = this.#send(sent, request, {
        operation,
        take: (reply) => {
          release();
          tell(request, reply);
          const error = errorOf(reply);
          if (error) reject(error);
          else resolve(operation.output && ('envelope' in reply ? reply.envelope['output'] : reply.body));
        },
        fail: (error) => {
          release();
          reject(error);
        },
      });
    });
  }

  /** Runs a streamed operation; resolves when it has begun. */
  async open(request: StreamRequest, sink: EventSink, headers: Headers): Promise<void> {
    const { operation } = request;
    // A program that only calls does not load it.
    const { openStream } = await import('./stream-reader.ts');
    const sent = await this.#prepare(request, headers);
    await openStream(request, sink, {
      send: (taking) => this.#send(sent, request, { operation, ...taking }),
      cancel: () => this.#cancel(sent),
      grant: (grant) => this.#grant(sent, grant),
      tell: (reply) => tell(request, reply),
      errorOf,
    });
  }

  /** Replies that nobody waits for, because they come twice or too late, are dropped. */
  take(payload: Uint8Array, packet: IPublishPacket): void {
    const { correlationData } = packet.properties ?? {};
    const isEnvelope = correlationData === undefined;
    // Whatever its depth: the caller of a reply that nests too deeply is told.
    const envelope = isEnvelope && tryParseJson(textOf(payload), Infinity);
    const id = isEnvelope ? isObject(envelope) && String(envelope['id']) : textOf(correlationData);
    const pending = id === false ? undefined : this.#pending.get(id);
    if (!pending) return;
    try {
      this.#checkSize(payload, pending);
      const body = payload.length === 0 ? undefined : parseReply(payload, pending);
      pending.take(isEnvelope ? { envelope: body as JsonObject } : { told: userProperties(packet.properties), body });
    } catch (error) {
      pending.fail(error as ApiError);
    }
  }

  /** A request that was sent may have run: the policy decides whether it is tried again. */
  onDown(error: ApiError): void {
    this.#subscribed = undefined;
    for (const pending of [...this.#pending.values()]) {
      const what = pending.operation.item ? 'in the middle of the stream' : 'before the reply came';
      pending.fail(new ApiError('UNAVAILABLE', `the connection to the broker was lost ${what}: ${error.text}`, { cause: error }));
    }
  }

  close(): void {
    const version = this.connection.link?.version ?? 5;
    for (const [id, { fail }] of [...this.#pending]) {
      this.#cancel({ id, version });
      fail(clientClosed());
    }
  }

  async #subscribe(): Promise<void> {
    try {
      await this.connection.subscribe(this.#replyTopic, this.qos);
      this.#refusal = undefined;
      this.#refusals = 0;
    } catch (error) {
      this.#subscribed = undefined;
      // Nothing of the call has been sent.
      const failure = ApiError.from(error, 'UNAVAILABLE', 'the broker did not take the subscription for replies').with({ sent: false });
      // A refusal has its reason code; one for now, like a lost connection, is UNAVAILABLE.
      throw failure.details && failure.code !== 'UNAVAILABLE' ? this.#refused(failure) : failure;
    }
  }

  /**
   * The broker refused the reply topic. Perhaps it got another name for this client than was sent: a new connection tells. If that is refused too,
   * the broker is asked again later and later, and until then calls fail at once.
   */
  #refused(error: ApiError): ApiError {
    const advice = 'each client must be allowed to subscribe to its own reply topic by the access rules (ACL) of the broker';
    this.#refusal = new ApiError(error.code, `${error.text}: ${advice}`, {
      remote: true,
      sent: false,
      details: error.details,
      cause: error,
    });
    if (++this.#refusals === 1) this.connection.drop(this.#refusal);
    else this.#mayAskAt = now() + backoffMs(this.#refusals, { baseDelayMs: 500, maxDelayMs: 30_000 });
    return this.#refusal;
  }

  /** Waits for what a request needs. Rejects if it has been cancelled by then. */
  async #prepare(request: CallRequest | StreamRequest, headers: Headers): Promise<Sent & { readonly message: Message }> {
    if (this.#refusal && now() < this.#mayAskAt) throw this.#refusal;
    // Again if the last connection's was lost.
    await (this.#subscribed ??= this.#subscribe());
    const { signal } = request;
    throwIfCancelled(signal, false);
    const version = this.connection.link?.version ?? 5;
    // Never used before, by another process of the same client neither: the broker may hold replies to that one's calls.
    const id = makeRequestId();
    return { id, version, message: this.#encode(request, headers, id, version) };
  }

  /** Publishes a request, and cancels it if its caller does. Returns what ends the wait for replies. */
  #send(sent: Sent & { readonly message: Message }, { signal }: CallRequest | StreamRequest, pending: Pending): () => void {
    const { id, message } = sent;
    const unlink = onAbort(signal, () => {
      if (!this.#pending.has(id)) return;
      this.#cancel(sent);
      pending.fail(cancelled(signal));
    });
    this.#pending.set(id, pending);
    this.connection
      .publish(message, { needsSubscriber: true, mayWait: this.mayWait, signal })
      .catch((error: ApiError) => this.#pending.get(id)?.fail(error));
    return () => {
      unlink();
      this.#pending.delete(id);
    };
  }

  #encode({ operation, input, deadline }: CallRequest | StreamRequest, headers: Headers, id: string, version: 4 | 5): Message {
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

  #cancel(sent: Sent): void {
    this.#tell(this.topics.cancel, sent, {});
  }

  #grant(sent: Sent, grant: Grant): void {
    if (this.topics.more !== undefined) this.#tell(this.topics.more, sent, grant);
  }

  /** Says something of a request that runs. */
  #tell(topic: string, { id, version }: Sent, more: object): void {
    const properties = { responseTopic: this.#replyTopic, correlationData: correlation(id) };
    const isEmpty = version === 5 && Object.keys(more).length === 0;
    const payload = isEmpty ? '' : JSON.stringify(version === 5 ? more : { replyTo: this.#replyTopic, id, ...more });
    // If it cannot be sent, the service runs to its deadline, or until its reader gives no sign of life.
    this.connection.publish({ topic, payload, qos: this.qos, properties }).catch(() => {});
  }

  /** A reply over the limit fails its call, and no other. */
  #checkSize({ length }: Uint8Array, { operation }: Pending): void {
    if (length <= this.maxResponseBytes) return;
    throw new ApiError(
      'DATA_LOSS',
      `${operation.name}: the reply is too large: a larger maxResponseBytes than ${this.maxResponseBytes} takes it`,
    );
  }
}

/** The requests that were sent under one id. */
interface Sent {
  readonly id: string;
  readonly version: 4 | 5;
}

/** Tells the caller the headers of an answer. */
function tell({ onResponse }: CallRequest | StreamRequest, reply: Reply): void {
  const said = 'envelope' in reply ? reply.envelope['headers'] : reply.told;
  if (isObject(said)) onResponse?.({ headers: responseHeaders(Object.entries(said)) });
}

function errorOf(reply: Reply): ApiError | undefined {
  if ('envelope' in reply) return reply.envelope['error'] === undefined ? undefined : decodeError(reply.envelope['error']);
  const { code } = reply.told;
  return code === undefined ? undefined : decodeError(reply.body, code);
}

/** At least one, and no more than fits four bytes. */
function expirySeconds(deadline: number): number {
  return Math.min(Math.max(1, Math.ceil((deadline - now()) / 1000)), 0xffff_ffff);
}

/** Texts will do, which browsers can make without a `Buffer`: the types do not say so. */
function correlation(id: string): Buffer {
  return id as unknown as Buffer;
}

function parseReply(payload: Uint8Array, { operation }: Pending): unknown {
  try {
    return parseJson(textOf(payload), 66);
  } catch (cause) {
    throw new ApiError('DATA_LOSS', `${operation.name}: the reply cannot be read: ${(cause as ApiError).text}`, { remote: true, cause });
  }
}
