import type { IncomingMessage } from 'node:http';
import { ApiError, callerLeft, serverStopping } from '../../core/errors.ts';
import type { Peer } from '../../core/transport.ts';
import { Lifetime, onAbort } from '../../life/lifetime.ts';
import { after, type StopTimer } from '../../life/timers.ts';
import { within } from '../../life/timers.ts';
import { outlineOf } from '../../guard/json-outline.ts';
import { isTextId, parseJson } from '../../peer/json.ts';
import { acceptHeaders, serveStream } from '../../guard/serve-call.ts';
import { CLOSE as CLOSE_SOCKET } from '../../socket/close.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';
import type { SocketSession as Session } from '../../socket/server.ts';
import type { SharedFrame } from '../../socket/shared-frame.ts';
import type { SocketOptionsInForce } from './options.ts';
import { encodingSink } from '../engine/encoding-sink.ts';
import { isSubscription, type Caller, type Engine, type PreparedEvents, type PreparedStream } from '../engine/engine.ts';
import { ResponseHeads, withHeads } from '../engine/heads.ts';
import { RequestError } from '../document/request-error.ts';
import { fellBehind } from '../../events/held-pieces.ts';
import { SocketEvents } from './events.ts';
import { CLOSE } from './protocol.ts';
import { encodeError, isObject, readRequest, subscribed, SUBSCRIBED, type GraphqlRequest } from '../wire.ts';
import { hasMoreItems, tooManyItems } from '../../guard/max-items.ts';
import { isPromiseLike } from '../../life/maybe.ts';

const LEFT = callerLeft();
/** Tells our own clients that this server acknowledges subscriptions, which the protocol itself does not. */
const ACK = JSON.stringify({ type: 'connection_ack', payload: { acks: true } });

type Kind = 'calls' | 'subscriptions';

/** The operations that run under one id. */
class Operation {
  readonly lifetime = new Lifetime();
  /** Absent while its document is being looked for. */
  kind: Kind | undefined = undefined;

  readonly id: string;
  /** With a request id of its own, unless the socket was given one. */
  readonly headers: Record<string, string>;

  constructor(id: string, headers: Record<string, string>) {
    this.id = id;
    this.headers = headers;
  }
}

/** One socket: its headers, and the operations that run on it. */
export class SocketSession implements Session {
  readonly #operations = new Map<string, Operation>();
  readonly #stopWaiting: StopTimer;
  readonly #maxBufferedBytes: number;
  readonly #maxMessageBytes: number;
  readonly #maxItems: number;
  readonly #maxStallMs: number;
  readonly #limits: Readonly<Record<Kind, number>>;
  readonly #counts: Record<Kind, number> = { calls: 0, subscriptions: 0 };
  #isInitialized = false;
  #isStopping = false;
  #headers: Readonly<Record<string, string>> = {};

  private readonly socket: PeerSocket;
  private readonly engine: Engine;
  private readonly request: IncomingMessage;
  private readonly peer: Peer;

  constructor(socket: PeerSocket, engine: Engine, request: IncomingMessage, peer: Peer, options: SocketOptionsInForce) {
    this.socket = socket;
    this.engine = engine;
    this.request = request;
    this.peer = peer;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxItems = options.maxItems;
    this.#maxStallMs = options.maxStallMs;
    this.#maxBufferedBytes = options.maxBufferedBytes;
    this.#limits = { calls: options.maxCalls, subscriptions: options.maxSubscriptions };
    this.#stopWaiting = after(options.initializeTimeoutMs, () =>
      socket.close(CLOSE.INITIALISATION_TIMEOUT, 'Connection initialisation timeout'),
    );
  }

  /** Takes one message; `undefined` stands for one that is not text. */
  receive(text: string | undefined): void {
    if (text !== undefined && hasMoreItems(text, this.#maxItems)) return this.#refuse(text, tooManyItems(this.#maxItems));
    const message = parse(text);
    switch (message?.['type']) {
      case 'connection_init':
        return this.#initialize(message['payload']);
      case 'ping':
        return this.socket.send(JSON.stringify({ type: 'pong', ...(message['payload'] !== undefined && { payload: message['payload'] }) }));
      case 'pong':
        return;
      case 'subscribe':
        if (isTextId(message['id']) && message['id'] !== '' && isObject(message['payload']))
          return this.#start(message['id'], message['payload']);
        break;
      case 'complete':
        if (typeof message['id'] === 'string') return this.#operations.get(message['id'])?.lifetime.abort(LEFT);
    }
    this.#close(CLOSE.BAD_REQUEST, 'Invalid message received');
  }

  /** Answers a message over the limit by its id; one that starts nothing is a mistake of the protocol. */
  refuse(text: string | undefined): void {
    this.#refuse(text, new ApiError('INVALID_ARGUMENT', `a message holds ${this.#maxMessageBytes} bytes at most`));
  }

  #refuse(text: string | undefined, why: ApiError): void {
    const { type, id } = outlineOf(text ?? '', ['type', 'id']);
    if (type !== 'subscribe' || !isTextId(id) || id === '') return this.#close(CLOSE.BAD_REQUEST, 'Invalid message received');
    if (!this.#isInitialized) return this.#close(CLOSE.UNAUTHORIZED, 'Unauthorized');
    if (!this.#operations.has(id)) this.#fail(new Operation(id, acceptHeaders(this.#headers)), why);
  }

  /** Lets calls finish, then closes with 1001, after which subscribers connect again. */
  stop(): void {
    this.#isStopping = true;
    this.#closeIfIdle();
  }

  /** The socket has closed. */
  leave(): void {
    this.#stopWaiting();
    for (const { lifetime } of [...this.#operations.values()]) lifetime.abort(LEFT);
  }

  #initialize(payload: unknown): void {
    if (this.#isInitialized) return this.#close(CLOSE.TOO_MANY_INITIALISATION_REQUESTS, 'Too many initialisation requests');
    if (payload !== undefined && payload !== null && !isObject(payload)) return this.#close(CLOSE.BAD_REQUEST, 'Invalid message received');
    this.#stopWaiting();
    this.#isInitialized = true;
    // Browsers cannot set headers on a socket, so the members of the payload count as headers.
    const given = Object.entries(payload ?? {}).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
    );
    const raw = { ...this.request.headers, ...Object.fromEntries(given) };
    const headers = acceptHeaders(raw);
    if (headers['x-request-id'] !== raw['x-request-id']) delete headers['x-request-id'];
    this.#headers = headers;
    this.socket.send(ACK);
  }

  #start(id: string, payload: unknown): void {
    if (!this.#isInitialized) return this.#close(CLOSE.UNAUTHORIZED, 'Unauthorized');
    if (this.#operations.has(id)) return this.#close(CLOSE.SUBSCRIBER_ALREADY_EXISTS, `Subscriber for ${id} already exists`);
    const operation = new Operation(id, acceptHeaders(this.#headers));
    if (this.#isStopping) return this.#fail(operation, serverStopping());
    // A document that its caller registers takes a moment.
    const undecided = this.#operations.size - this.#counts.calls - this.#counts.subscriptions;
    if (undecided >= this.#limits.calls)
      return this.#fail(operation, new ApiError('RESOURCE_EXHAUSTED', 'too many operations begin on this socket at once'));
    this.#operations.set(id, operation);
    operation.lifetime.listen(() => this.#forget(operation));
    void this.#run(operation, payload).catch((error: unknown) => this.#fail(operation, error));
  }

  /** Throws if as many run as may; it counts until it is forgotten all the same. */
  #enter(operation: Operation, kind: Kind): void {
    operation.kind = kind;
    const max = this.#limits[kind];
    if (++this.#counts[kind] > max) throw new ApiError('RESOURCE_EXHAUSTED', `${max} ${kind} run on this socket, which is the limit`);
  }

  async #run(operation: Operation, payload: unknown): Promise<void> {
    const { id, lifetime, headers } = operation;
    const found = this.engine.persisted.resolve(readRequest(payload));
    const body = isPromiseLike(found) ? await found : found;
    if (lifetime.reason) return;
    const prepared = this.engine.prepare(body);
    const caller: Caller = {
      headers,
      deadline: undefined,
      peer: this.peer,
      onLeave: (listener) => void lifetime.listen(listener),
    };
    if (isSubscription(prepared)) {
      const subscription = this.engine.subscription(prepared, body, caller);
      if ('event' in subscription) return this.#subscribe(operation, body, subscription, caller);
      return this.#stream(operation, body, subscription, caller);
    }
    this.#enter(operation, 'calls');
    const heads = new ResponseHeads();
    const response = withHeads(await this.engine.execute(prepared, body, { ...caller, heads }), heads);
    if (lifetime.reason) return;
    this.socket.send(encodeNext(id, JSON.stringify(response)));
    this.#complete(operation);
  }

  async #subscribe(
    operation: Operation,
    body: GraphqlRequest,
    { event, params, encode, release }: PreparedEvents,
    { headers, peer }: Caller,
  ): Promise<void> {
    const { id, lifetime } = operation;
    // Over before the operation is, if more comes than may be held: the messages that came are sent then.
    const source = new Lifetime();
    const { signal } = source;
    lifetime.listen((reason) => source.abort(reason));
    onAbort(signal, release);
    this.#enter(operation, 'subscriptions');
    const { lastEventId, ack } = body.extensions ?? {};
    if (lastEventId !== undefined && lastEventId !== null && typeof lastEventId !== 'string')
      throw new ApiError('INVALID_ARGUMENT', 'lastEventId must be text');
    const events = new SocketEvents(id, this.#maxBufferedBytes, {
      write: (frame) => this.#write(operation, frame),
      end: (error) => this.#endEvents(operation, error),
      cut: () => source.abort(LEFT),
    });
    const place = lastEventId ?? undefined;
    const request = { event, params, signal, headers, lastEventId: place, peer };
    const sink = encodingSink(encode, (error) => this.engine.present(error), events, place);
    await events.subscribe(source, () => this.engine.transport.subscribe(request, sink));
    events.begin(ack === true ? subscribed(place ?? '') : undefined);
  }

  /** The protocol has no word for how much its reader takes, so that the handler waits while the socket is full. */
  async #stream(running: Operation, body: GraphqlRequest, { operation, input, encode }: PreparedStream, caller: Caller): Promise<void> {
    const { id, lifetime } = running;
    this.#enter(running, 'subscriptions');
    const send = (payload: string): void | Promise<void> => {
      if (lifetime.reason) return;
      const drained = this.socket.sendItem(encodeNext(id, payload));
      if (drained) return this.#await(running, drained);
    };
    await serveStream(
      this.engine.transport,
      { ...caller, operation, input },
      {
        next: (message) => {
          const payload = encode(message);
          return typeof payload === 'string' ? send(payload) : payload.then(send);
        },
        gap: () => {},
        end: (error) => (error ? this.#fail(running, error) : lifetime.reason ? undefined : this.#complete(running)),
      },
    );
    if (body.extensions?.['ack'] === true) void send(SUBSCRIBED);
  }

  async #await(running: Operation, drained: Promise<void>): Promise<void> {
    if (await within(this.#maxStallMs, drained)) return;
    this.#fail(running, new ApiError('RESOURCE_EXHAUSTED', `the reader took nothing for ${this.#maxStallMs} ms`));
  }

  #write(operation: Operation, frame: SharedFrame): void {
    if (operation.lifetime.reason) return;
    if (!this.socket.sendEvent(frame)) this.#fail(operation, fellBehind());
  }

  #endEvents(operation: Operation, error: ApiError | undefined): void {
    if (operation.lifetime.reason) return;
    if (!error) return this.#complete(operation);
    // Credentials belong to the socket.
    if (error.code === 'UNAUTHENTICATED') return this.#close(CLOSE.FORBIDDEN, error.text);
    this.#fail(operation, error);
  }

  #complete({ id, lifetime }: Operation): void {
    this.socket.send(JSON.stringify({ id, type: 'complete' }));
    lifetime.abort(LEFT);
  }

  #fail({ id, lifetime, headers }: Operation, error: unknown): void {
    if (lifetime.reason) return;
    const requestId = headers['x-request-id'];
    const errors = error instanceof RequestError ? error.encode(requestId) : [this.#encode(error, requestId)];
    this.socket.send(JSON.stringify({ id, type: 'error', payload: errors }));
    lifetime.abort(LEFT);
  }

  #encode(error: unknown, requestId: string | undefined) {
    const shown = this.engine.present(error);
    return encodeError(shown.with({ requestId: shown.requestId ?? requestId }).toJSON());
  }

  /** The id is free for another operation from now on. */
  #forget(operation: Operation): void {
    this.#operations.delete(operation.id);
    if (operation.kind) this.#counts[operation.kind]--;
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (!this.#isStopping || this.#operations.size > this.#counts.subscriptions) return;
    this.#close(CLOSE_SOCKET.GOING_AWAY, 'the server is stopping');
  }

  #close(code: number, reason: string): void {
    this.socket.close(code, reason);
    this.leave();
  }
}

function encodeNext(id: string, payload: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":${payload}}`;
}

function parse(text: string | undefined, maxDepth?: number): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const message = parseJson(text, maxDepth);
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
