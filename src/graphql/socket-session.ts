import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { ApiError } from '../errors.js';
import { SharedFrame } from '../http/shared-frame.js';
import { Lifetime, onAbort } from '../internal/deadline.js';
import { parseJson } from '../internal/json.js';
import { acceptHeaders } from '../internal/serve-call.js';
import type { SocketOptions } from './attach.js';
import { encodingSink, isSubscription, type Caller, type Engine, type PayloadSink } from './engine.js';
import { RequestError } from './request-error.js';
import { encodeError, GAP, isObject, readRequest, SUBSCRIBED, type GraphqlRequest } from './wire.js';

const LEFT = new ApiError('CANCELLED', 'the caller has left');
/** Tells our own clients that this server acknowledges subscriptions, which the protocol itself does not. */
const ACK = JSON.stringify({ type: 'connection_ack', payload: { acks: true } });

/** One socket: its headers, and the operations that run on it. */
export class SocketSession {
  readonly #operations = new Map<string, Lifetime>();
  readonly #initTimer: ReturnType<typeof setTimeout>;
  readonly #maxBufferedBytes: number;
  #initialized = false;
  #headers: Record<string, string> = {};

  constructor(
    private readonly socket: WebSocket,
    /** What is below it: frames that were built once go straight there, which nothing of `ws` stands in the way of without compression. */
    private readonly stream: Duplex,
    private readonly engine: Engine,
    private readonly request: IncomingMessage,
    private readonly options: SocketOptions,
  ) {
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 1_048_576;
    this.#initTimer = setTimeout(
      () => socket.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
      options.initializeTimeoutMs ?? 10_000,
    );
  }

  /** Takes one message; `undefined` stands for one that is no text. */
  receive(text: string | undefined): void {
    // What comes behind a mistake that closes the socket is not run.
    if (this.socket.readyState !== this.socket.OPEN) return;
    const message = parse(text);
    switch (message?.['type']) {
      case 'connection_init':
        return this.#initialize(message['payload']);
      case 'ping':
        return this.#send(JSON.stringify({ type: 'pong', ...(message['payload'] !== undefined && { payload: message['payload'] }) }));
      case 'pong':
        return;
      case 'subscribe':
        if (typeof message['id'] === 'string' && message['id'] !== '' && isObject(message['payload']))
          return this.#start(message['id'], message['payload']);
        break;
      case 'complete':
        if (typeof message['id'] === 'string') return this.#operations.get(message['id'])?.abort(LEFT);
    }
    this.#close(CloseCode.BadRequest, 'Invalid message received');
  }

  /** The socket has closed. */
  end(): void {
    clearTimeout(this.#initTimer);
    for (const lifetime of [...this.#operations.values()]) lifetime.abort(LEFT);
    this.#operations.clear();
  }

  #initialize(payload: unknown): void {
    if (this.#initialized) return this.#close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
    if (payload !== undefined && payload !== null && !isObject(payload))
      return this.#close(CloseCode.BadRequest, 'Invalid message received');
    clearTimeout(this.#initTimer);
    this.#initialized = true;
    // Browsers cannot set headers on a socket: what the payload says counts as such.
    const given = Object.entries(payload ?? {}).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value]] : [],
    );
    this.#headers = acceptHeaders({ ...this.request.headers, ...(Object.fromEntries(given) as Record<string, string>) });
    this.#send(ACK);
  }

  #start(id: string, payload: unknown): void {
    if (!this.#initialized) return this.#close(CloseCode.Unauthorized, 'Unauthorized');
    if (this.#operations.has(id))
      return this.#close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`.slice(0, 120));
    const lifetime = new Lifetime();
    if (this.#operations.size >= (this.options.maxSubscriptions ?? 1000))
      return this.#fail(id, lifetime, new ApiError('RESOURCE_EXHAUSTED', 'too many operations run on this socket'));
    this.#operations.set(id, lifetime);
    void this.#run(id, lifetime, payload).catch((error: unknown) => this.#fail(id, lifetime, error));
  }

  async #run(id: string, lifetime: Lifetime, payload: unknown): Promise<void> {
    lifetime.whenEnded(() => this.#forget(id, lifetime));
    const found = this.engine.persisted.resolve(readRequest(payload));
    const body = found instanceof Promise ? await found : found;
    if (lifetime.reason) return;
    const prepared = this.engine.prepare(body);
    const caller: Caller = {
      headers: { ...this.#headers },
      deadline: undefined,
      peer: { protocol: 'graphql', address: this.request.socket.remoteAddress },
      onLeave: (listener) => void lifetime.listen(listener),
    };
    if (isSubscription(prepared)) return this.#subscribe(id, lifetime, body, this.engine.subscription(prepared, body, caller), caller);
    const response = await this.engine.execute(prepared, body, caller);
    if (lifetime.reason) return;
    this.#send(`{"id":${JSON.stringify(id)},"type":"next","payload":${JSON.stringify(response)}}`);
    this.#complete(id, lifetime);
  }

  async #subscribe(
    id: string,
    lifetime: Lifetime,
    body: GraphqlRequest,
    subscription: ReturnType<Engine['subscription']>,
    caller: Caller,
  ): Promise<void> {
    const { event, params, encode, release } = subscription;
    const { lastEventId, ack } = body.extensions ?? {};
    let isStarted = false;
    const quoted = JSON.stringify(id);
    const waiting: (() => void)[] = [];
    const whenStarted = (run: () => void): void => void (isStarted ? run() : waiting.push(run));
    const write = (frame: SharedFrame): void => {
      if (lifetime.reason) return;
      if (this.socket.bufferedAmount > this.#maxBufferedBytes)
        this.#fail(id, lifetime, new ApiError('RESOURCE_EXHAUSTED', 'the reader fell behind: resume from the last event'));
      else if (this.socket.readyState === this.socket.OPEN) this.stream.write(frame.bytes);
    };
    const sink: PayloadSink = {
      next: (payload) => (isStarted ? write(encodeNext(quoted, payload)) : whenStarted(() => write(encodeNext(quoted, payload)))),
      gap: () => whenStarted(() => write(encodeNext(quoted, GAP))),
      end: (error) =>
        whenStarted(() => {
          if (lifetime.reason) return;
          if (!error) return this.#complete(id, lifetime);
          // Credentials belong to the socket.
          if (error.code === 'UNAUTHENTICATED') return this.#close(CloseCode.Forbidden, error.reason);
          this.#fail(id, lifetime, error);
        }),
    };
    onAbort(lifetime.signal, release);
    if (lastEventId !== undefined && lastEventId !== null && typeof lastEventId !== 'string')
      throw new ApiError('INVALID_ARGUMENT', 'lastEventId must be text');
    await this.engine.transport.subscribe(
      { event, params, signal: lifetime.signal, headers: caller.headers, lastEventId: lastEventId ?? undefined, peer: caller.peer },
      encodingSink(encode, (error) => this.engine.present(error), sink),
    );
    if (ack === true && !lifetime.reason) write(encodeNext(quoted, SUBSCRIBED));
    isStarted = true;
    for (const run of waiting) run();
  }

  #complete(id: string, lifetime: Lifetime): void {
    this.#send(JSON.stringify({ id, type: 'complete' }));
    this.#forget(id, lifetime);
    lifetime.abort(LEFT);
  }

  #fail(id: string, lifetime: Lifetime, error: unknown): void {
    if (lifetime.reason) return;
    const requestId = this.#headers['x-request-id'];
    const errors = error instanceof RequestError ? error.encode(requestId) : [this.#encode(error, requestId)];
    this.#send(JSON.stringify({ id, type: 'error', payload: errors }));
    this.#forget(id, lifetime);
    lifetime.abort(LEFT);
  }

  #encode(error: unknown, requestId: string | undefined) {
    const shown = this.engine.present(error);
    return encodeError(shown.with({ requestId: shown.requestId ?? requestId }).toJSON());
  }

  /** The id is free for another operation from now on. */
  #forget(id: string, lifetime: Lifetime): void {
    if (this.#operations.get(id) === lifetime) this.#operations.delete(id);
  }

  /** A peer that does not take its answers is not read from until it has: its own requests are what fills the buffer. */
  #send(text: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    this.socket.send(text);
    if (this.socket.isPaused || !this.stream.writableNeedDrain || this.socket.bufferedAmount <= this.#maxBufferedBytes) return;
    this.socket.pause();
    this.stream.once('drain', () => this.socket.resume());
  }

  #close(code: number, reason: string): void {
    // A close frame holds 123 bytes of reason: https://www.rfc-editor.org/rfc/rfc6455#section-5.5
    this.socket.close(code, Buffer.byteLength(reason) > 123 ? '' : reason);
    // Or its answer to the closing would not be read.
    this.socket.resume();
    this.end();
  }
}

let lastId = '';
let lastPayload: string | undefined;
let lastFrame = new SharedFrame('');

/** Sockets of like clients have like ids, so that the message of an event is often the same for all of them: its frame is built once. */
function encodeNext(quotedId: string, payload: string): SharedFrame {
  if (payload !== lastPayload || quotedId !== lastId) {
    lastPayload = payload;
    lastId = quotedId;
    lastFrame = new SharedFrame(`{"id":${quotedId},"type":"next","payload":${payload}}`);
  }
  return lastFrame;
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const message = parseJson(text);
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
