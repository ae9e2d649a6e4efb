import type { IPublishPacket } from 'mqtt';
import type { Operation } from '../../core/contract.ts';
import { ApiError, isApiError, serverStopping } from '../../core/errors.ts';
import { Latch } from '../../life/latch.ts';
import { within } from '../../life/timers.ts';
import { tryParseJson } from '../../peer/json.ts';
import { parseMessage } from '../../guard/max-items.ts';
import { printable } from '../../peer/text/printable.ts';
import { acceptHeaders, deadlineOf, serveCall, serveStream, type RawHeaders, type ServedCall } from '../../guard/serve-call.ts';
import type { Headers, ResponseHead, Transport } from '../../core/transport.ts';
import type { PublishOptions } from '../connection/outbox.ts';
import { textOf } from '../events/decoder.ts';
import { checkHeaderSize, encodeReply, userProperties, type Message, type Outcome } from '../wire.ts';
import { now } from '../../life/now.ts';
import { decodeEnvelope, encodeEnvelopeReply, inputOf } from './envelope.ts';
import { encodeEnvelopePiece, encodePiece, grantOf, type Grant, type Piece } from './pieces.ts';
import { Redeliveries } from './redeliveries.ts';
import { ServedStream, type ServedStreamInit } from './served-stream.ts';
import { toldError } from '../../guard/told-error.ts';

export interface RequestHandlerInit {
  readonly publish: (message: Message, options?: Pick<PublishOptions, 'needsSubscriber'>) => Promise<void>;
  readonly mayReply: (topic: string) => boolean;
  /** The known facts about the caller that is answered there, beside the request: whose share of the calls in flight it is, and credentials. */
  readonly callerOf: (replyTo: string) => { readonly share: string; readonly headers?: RawHeaders | undefined };
  readonly maxMessageBytes: number;
  /** Items of lists and members of objects in one request. */
  readonly maxItems: number;
  /** Requests that run at a time, and of them those of one share. */
  readonly maxCalls: number;
  readonly maxCallsPerCaller: number;
  /** How often an idle reader of a stream is asked for a sign of life. */
  readonly heartbeatMs: number;
  readonly onError: (error: unknown) => void;
}

/** A request as it came: the way of its answer, and its content. */
interface Request {
  readonly replyTo: string;
  /** One caller's name for the call: its response topic and correlation data, or its `id`. */
  readonly key: string;
  readonly headers: RawHeaders;
  readonly readInput: () => unknown;
  readonly encode: (outcome: Outcome, requestId: string) => Omit<Message, 'topic' | 'qos'>;
  readonly encodePiece: (piece: Piece, requestId: string) => Omit<Message, 'topic' | 'qos'>;
}

/** A request that runs. */
interface Running {
  readonly share: string;
  /** The caller wants no answer. */
  leave(): void;
  /** The server stops. */
  stop(): void;
  /** A stream's reader takes more. */
  more?(grant: Grant): void;
}

/** Envelopes are read to find the caller, even if their content is too large. */
const MAX_ENVELOPE_FACTOR = 16;

/** Runs requests and answers them. */
export class RequestHandler {
  readonly #running = new Map<string, Running>();
  readonly #runningFor = new Map<string, number>();
  /** Replies that the broker has not acknowledged. */
  #replying = 0;
  readonly #idle = new Latch();
  readonly #redeliveries = new Redeliveries();

  private readonly transport: Transport;
  private readonly init: RequestHandlerInit;

  constructor(transport: Transport, init: RequestHandlerInit) {
    this.transport = transport;
    this.init = init;
  }

  take(name: string, payload: Uint8Array, packet: IPublishPacket): void {
    // The broker counts down what is left to live of a message that it holds.
    if (packet.properties?.messageExpiryInterval === 0) return;
    // A broker gives what it retains to each subscription that begins: it would run again at each reconnect.
    if (packet.retain)
      return this.init.onError(new ApiError('INVALID_ARGUMENT', `a request on ${printable(packet.topic)} was dropped: it was retained`));
    const request = this.#read(payload, packet);
    // A message of QoS 1 may come twice, and its caller gets one answer.
    if (!request || this.#running.has(request.key) || this.#redeliveries.isRepeated(packet, payload, request.key)) return;
    void this.#run(name, request, packet).catch(this.init.onError);
  }

  /** A new connection, with the session of the one before or without. */
  onUp(isSessionPresent: boolean): void {
    if (!isSessionPresent) this.#redeliveries.clear();
  }

  cancel(payload: Uint8Array, packet: IPublishPacket): void {
    const request = this.#read(payload, packet);
    if (request) this.#running.get(request.key)?.leave();
  }

  /** Takes word of a stream's reader. */
  more(payload: Uint8Array, packet: IPublishPacket): void {
    const request = this.#read(payload, packet);
    const running = request && this.#running.get(request.key);
    if (!running?.more) return;
    const grant = grantOf(tryParseJson(textOf(payload)));
    if (grant) running.more(grant);
  }

  /** Waits until every request that was taken is answered and the broker has the answers, but no longer than `graceMs`; the rest is aborted. */
  async drain(graceMs: number): Promise<void> {
    if (this.#isIdle) return;
    await within(graceMs, this.#idle.wait());
    for (const running of [...this.#running.values()]) running.stop();
  }

  #count(share: string, change: 1 | -1): void {
    const count = (this.#runningFor.get(share) ?? 0) + change;
    if (count > 0) this.#runningFor.set(share, count);
    else this.#runningFor.delete(share);
  }

  #checkRoom(share: string): void {
    const { maxCalls, maxCallsPerCaller } = this.init;
    if (this.#running.size <= maxCalls && (this.#runningFor.get(share) ?? 0) <= maxCallsPerCaller) return;
    throw new ApiError('RESOURCE_EXHAUSTED', 'there are too many calls in flight', { retryAfterMs: 1000 });
  }

  get #isIdle(): boolean {
    return this.#running.size === 0 && this.#replying === 0;
  }

  #read(payload: Uint8Array, packet: IPublishPacket): Request | undefined {
    const { responseTopic } = packet.properties ?? {};
    try {
      const request = responseTopic === undefined ? this.#readEnvelope(payload) : this.#readRequest(responseTopic, payload, packet);
      if (this.init.mayReply(request.replyTo)) return request;
      throw new ApiError(
        'INVALID_ARGUMENT',
        `a request on ${printable(packet.topic)} was dropped: no reply may go to '${printable(request.replyTo)}'`,
      );
    } catch (error) {
      this.init.onError(ApiError.from(error, 'INVALID_ARGUMENT', `a request on ${printable(packet.topic)} was dropped`));
      return undefined;
    }
  }

  #readRequest(replyTo: string, payload: Uint8Array, { properties }: IPublishPacket): Request {
    const correlation = properties?.correlationData;
    return {
      replyTo,
      key: `${replyTo}\n${correlation?.toString('latin1') ?? ''}`,
      headers: userProperties(properties),
      readInput: () => {
        this.#checkSize(payload.length);
        return payload.length === 0 ? undefined : parseMessage(textOf(payload), this.init.maxItems);
      },
      encode: (outcome, requestId) => encodeReply(outcome, correlation, requestId),
      encodePiece: (piece, requestId) => encodePiece(piece, correlation, requestId),
    };
  }

  #readEnvelope(payload: Uint8Array): Request {
    if (payload.length > this.init.maxMessageBytes * MAX_ENVELOPE_FACTOR) this.#checkSize(payload.length);
    const text = textOf(payload);
    const { replyTo, id, headers } = decodeEnvelope(text);
    return {
      replyTo,
      key: `${replyTo}\n${typeof id} ${id}`,
      headers,
      readInput: () => {
        this.#checkSize(payload.length);
        return inputOf(text, this.init.maxItems);
      },
      encode: (outcome) => ({ payload: encodeEnvelopeReply(outcome, id) }),
      encodePiece: (piece) => ({ payload: encodeEnvelopePiece(piece, id) }),
    };
  }

  #checkSize(bytes: number): void {
    const { maxMessageBytes } = this.init;
    if (bytes > maxMessageBytes) throw new ApiError('INVALID_ARGUMENT', `the message is too large: ${maxMessageBytes} bytes at most`);
  }

  async #run(name: string, request: Request, packet: IPublishPacket): Promise<void> {
    const listeners: (() => void)[] = [];
    const leave = () => listeners.forEach((listener) => listener());
    const { share, headers: known } = this.init.callerOf(request.replyTo);
    this.#count(share, 1);
    this.#running.set(request.key, { share, leave, stop: leave });
    const headers = acceptHeaders({ ...known, ...request.headers });
    const requestId = headers['x-request-id'] ?? '';
    const address = { topic: request.replyTo, qos: packet.qos };
    const send = (message: Omit<Message, 'topic' | 'qos'>) => this.init.publish({ ...message, ...address });
    let outcome: Outcome;
    let said: Headers | undefined;
    try {
      this.#checkRoom(share);
      checkHeaderSize(request.headers);
      const operation = this.#operation(name);
      const deadline = this.#deadline(request.headers, packet);
      const call = { operation, input: request.readInput(), headers, deadline, peer: { protocol: 'mqtt' } };
      if (operation.item)
        return await this.#stream(request, share, call, (piece) => {
          const message = request.encodePiece(piece, requestId);
          // A caller that is gone has nobody at its topic.
          const done = this.#track(this.init.publish({ ...message, ...address }, { needsSubscriber: true }));
          return { bytes: message.payload.length, done };
        });
      const output = await serveCall(this.transport, {
        ...call,
        onLeave: (listener) => listeners.push(listener),
        onResponse: (head) => (said = head.headers),
      });
      outcome = { output: operation.output ? output : undefined, headers: said };
    } catch (error) {
      outcome = { error: this.#present(error, requestId), headers: said };
    }
    const reply = send(this.#encode(request, outcome, requestId)).catch((error: unknown) => {
      if (!isApiError(error) || error.code !== 'INVALID_ARGUMENT') throw error;
      // Larger than the broker takes: the caller is told, and does not wait for its deadline.
      this.init.onError(error);
      const tooLarge = new ApiError('RESOURCE_EXHAUSTED', 'the reply is too large for the broker', { requestId });
      return send(request.encode({ error: tooLarge.toJSON() }, requestId));
    });
    const tracked = this.#track(reply);
    this.#forget(request);
    await tracked;
  }

  /** An output that JSON cannot hold, of a transport that nothing checks, is told as an error: its caller would wait. */
  #encode(request: Request, outcome: Outcome, requestId: string): Omit<Message, 'topic' | 'qos'> {
    try {
      return request.encode(outcome, requestId);
    } catch (error) {
      return request.encode({ error: this.#present(error, requestId) }, requestId);
    }
  }

  /** Resolves when the stream has begun, which goes on until it has ended or is left. */
  async #stream(request: Request, share: string, call: Omit<ServedCall, 'onLeave'>, send: ServedStreamInit['send']): Promise<void> {
    const requestId = call.headers['x-request-id'] ?? '';
    const stream = new ServedStream({
      send,
      heartbeatMs: this.init.heartbeatMs,
      onEnd: () => this.#forget(request),
      present: (error) => this.#present(error, requestId),
    });
    this.#running.set(request.key, {
      share,
      leave: () => stream.leave(),
      stop: () => stream.stop(serverStopping()),
      more: (grant) => stream.more(grant),
    });
    let said: Headers | undefined;
    const onResponse = ({ headers }: ResponseHead) => void (said = headers);
    await serveStream(this.transport, { ...call, onResponse, onLeave: (listener) => stream.onLeave(listener) }, stream);
    stream.begin(said);
  }

  /** Until the broker has a reply, this is not idle. */
  #track(reply: Promise<void>): Promise<void> {
    this.#replying++;
    return reply.finally(() => {
      this.#replying--;
      if (this.#isIdle) this.#idle.release();
    });
  }

  #forget({ key }: Request): void {
    const running = this.#running.get(key);
    if (!running) return;
    this.#running.delete(key);
    this.#count(running.share, -1);
    if (this.#isIdle) this.#idle.release();
  }

  #operation(name: string): Operation {
    const { operations } = this.transport.contract;
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (!operation) throw new ApiError('UNIMPLEMENTED', `this service has no operation '${printable(name)}'`);
    return operation;
  }

  #deadline(headers: RawHeaders, { properties }: IPublishPacket): number | undefined {
    const deadline = deadlineOf(headers);
    const expiry = properties?.messageExpiryInterval;
    return expiry === undefined ? deadline : Math.min(deadline ?? Infinity, now() + expiry * 1000);
  }

  #present(error: unknown, requestId: string) {
    return toldError(error, this.init.onError, requestId).toJSON();
  }
}
