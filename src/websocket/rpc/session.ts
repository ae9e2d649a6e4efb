import type { EventDefinition, Operation } from '../../core/contract.ts';
import { ApiError, callerCancelled, callerLeft, serverStopping } from '../../core/errors.ts';
import { Lifetime } from '../../life/lifetime.ts';
import { nearest } from '../../core/nearest.ts';
import { acceptHeaders, deadlineOf, serveCall, serveStream } from '../../guard/serve-call.ts';
import type { Headers, Peer, ResponseHead, Transport } from '../../core/transport.ts';
import type { PeerSocket } from '../../socket/peer-socket.ts';
import type { SocketSession } from '../../socket/server.ts';
import { RpcSubscription, type EventEncoder } from './events.ts';
import { RpcStream } from './stream.ts';
import { CLOSE } from '../../socket/close.ts';
import { PARSE_ERROR } from '../../peer/json-rpc.ts';
import {
  connectionHeaders,
  encodeError,
  encodeFault,
  encodeResult,
  readFrame,
  readTooLarge,
  requestIdOf,
  RpcFault,
  wrongHeaders,
  type RpcFrame,
  type RpcId,
  type RpcRequest,
} from '../wire.ts';
import { toldError } from '../../guard/told-error.ts';
import { isPromiseLike } from '../../life/maybe.ts';

/** The common state of all sessions of a handler. */
export interface RpcService {
  readonly transport: Transport;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly events: ReadonlyMap<string, readonly [EventDefinition, EventEncoder]>;
  readonly maxBatch: number;
  readonly maxCalls: number;
  readonly maxSubscriptions: number;
  readonly maxBufferedBytes: number;
  readonly maxMessageBytes: number;
  readonly maxItems: number;
  readonly onError: (error: unknown) => void;
}

/** Ends what runs. */
type Cancel = (reason: ApiError) => void;

/** An answer, and the subscription that begins once it has been sent. */
type Answer = string | { readonly text: string; readonly begin: { acknowledged(): void } };

/** One JSON-RPC connection. Source: https://www.jsonrpc.org/specification */
export class RpcSession implements SocketSession {
  /** How to cancel what runs, by the id of its request. */
  readonly #running = new Map<RpcId, Cancel>();
  /** The requests that run without an id, or with one that is taken. */
  readonly #nameless = new Set<Cancel>();
  readonly #subscriptions = new Map<number, RpcSubscription>();
  /** Streams that run, and how to end them. */
  readonly #streams = new Map<number, { readonly stream: RpcStream; readonly cancel: Cancel }>();
  #calls = 0;
  /** Frames whose answer has not been sent: the last of them may go before the connection is closed. */
  #unanswered = 0;
  #lastSubscription = 0;
  #isStopping = false;

  private readonly service: RpcService;
  private readonly socket: PeerSocket;
  /** Of the upgrade request, until `initialize` puts others in their place. */
  private headers: Headers;
  private readonly peer: Peer;
  private isInitialized: boolean;

  constructor(service: RpcService, socket: PeerSocket, headers: Headers, peer: Peer, isInitialized: boolean) {
    this.service = service;
    this.socket = socket;
    this.headers = headers;
    this.peer = peer;
    this.isInitialized = isInitialized;
  }

  get mayStay(): boolean {
    return this.isInitialized;
  }

  /** Takes one frame; its requests are answered when they are done. */
  receive(text: string | undefined): void {
    if (text === undefined) this.socket.send(encodeFault(new RpcFault(null, PARSE_ERROR, 'this is a binary frame: send JSON as text')));
    else this.#take(readFrame(text, this.service.maxBatch, this.service.maxItems));
  }

  /** Answers a message over the limit by its id. */
  refuse(text: string | undefined): void {
    this.#take(readTooLarge(text ?? '', this.service.maxBatch, this.service.maxMessageBytes));
  }

  #take(frame: RpcFrame): void {
    if (!Array.isArray(frame)) {
      const answer = this.#answer(frame as RpcRequest | RpcFault);
      if (!isPromiseLike(answer)) return this.#send(answer);
      this.#unanswered++;
      void answer.then((settled) => {
        this.#unanswered--;
        this.#send(settled);
      });
      return;
    }
    this.#unanswered++;
    const answers = (frame as readonly (RpcRequest | RpcFault)[]).map(async (each) => this.#answer(each));
    void Promise.all(answers).then((settled) => {
      this.#unanswered--;
      this.#sendBatch(settled);
    });
  }

  /** The connection is gone: aborts what it asked for. */
  leave(): void {
    for (const cancel of [...this.#running.values(), ...this.#nameless]) cancel(LEFT);
    for (const { lifetime } of [...this.#subscriptions.values()]) lifetime.abort(LEFT);
    this.#subscriptions.clear();
    for (const { cancel } of [...this.#streams.values()]) cancel(LEFT);
    this.#streams.clear();
  }

  /** Ends subscriptions, lets calls finish, then closes with 1001. */
  stop(): void {
    this.#isStopping = true;
    for (const subscription of [...this.#subscriptions.values()]) {
      subscription.end(STOPPING);
      subscription.lifetime.abort(STOPPING);
    }
    this.#closeIfIdle();
  }

  #closeIfIdle(): void {
    if (this.#isStopping && this.#unanswered + this.#streams.size === 0) this.socket.close(CLOSE.GOING_AWAY, 'the server is stopping');
  }

  #send(answer: Answer | undefined): void {
    if (typeof answer === 'string') this.socket.send(answer);
    else if (answer) {
      this.socket.send(answer.text);
      answer.begin.acknowledged();
    }
    if (this.#isStopping) this.#closeIfIdle();
  }

  #sendBatch(answers: readonly (Answer | undefined)[]): void {
    const given = answers.filter((answer) => answer !== undefined);
    // A batch of notifications is not answered at all.
    if (given.length > 0) this.socket.send(`[${given.map((answer) => (typeof answer === 'string' ? answer : answer.text)).join(',')}]`);
    for (const answer of given) if (typeof answer === 'object') answer.begin.acknowledged();
    this.#closeIfIdle();
  }

  #answer(request: RpcRequest | RpcFault): Answer | undefined | Promise<Answer | undefined> {
    // A notification is never answered: https://www.jsonrpc.org/specification#notification
    if (request instanceof RpcFault) return request.id === undefined ? undefined : encodeFault(request);
    const { id, method } = request;
    try {
      const operation = this.service.operations.get(method);
      if (operation) return operation.item ? this.#stream(operation, request) : this.#call(operation, request);
      switch (method) {
        case 'subscribe':
          return this.#subscribe(request);
        case 'more':
          return this.#reply(id, this.#more(request));
        case 'unsubscribe':
          return this.#reply(id, this.#unsubscribe(request));
        case 'cancel':
          if (!Object.hasOwn(request.params, 'id'))
            throw new ApiError('INVALID_ARGUMENT', "cancel: 'id' is the id of the request to cancel");
          this.#running.get(request.params['id'] as RpcId)?.(CANCELLED);
          return this.#reply(id, null);
        case 'initialize':
          return this.#reply(id, this.#initialize(request));
        case 'ping':
          return this.#reply(id, null);
        default:
          throw this.#unknown(method);
      }
    } catch (error) {
      return this.#fail(request, error);
    }
  }

  #reply(id: RpcId, result: unknown, said?: Headers): string | undefined {
    return id === undefined ? undefined : encodeResult(id, result, said);
  }

  /** The error has the request's id as its sender gave it, or the one that was made for a call. */
  #fail({ id, headers }: RpcRequest, error: unknown, madeId?: string, said?: Headers): string | undefined {
    const told = toldError(error, this.service.onError, madeId ?? requestIdOf(headers));
    return id === undefined ? undefined : encodeError(id, told.toJSON(), said);
  }

  #call(operation: Operation, asked: RpcRequest): Promise<string | undefined> {
    const { id, params, headers: own } = asked;
    this.#checkEntry();
    if (this.#calls >= this.service.maxCalls)
      throw new ApiError('RESOURCE_EXHAUSTED', `${this.service.maxCalls} calls are in flight on this connection`);
    const headers = this.#headersOf(own);
    let cancel: Cancel = () => {};
    let said: Headers | undefined;
    const call = {
      operation,
      input: operation.input || Object.keys(params).length > 0 ? params : undefined,
      headers,
      deadline: deadlineOf(own),
      peer: this.peer,
      canCancel: true,
      onLeave: (listener: Cancel) => (cancel = listener),
      onResponse: ({ headers: set }: ResponseHead) => (said = set),
    };
    this.#calls++;
    const done = serveCall(this.service.transport, call).then(
      (output) => {
        this.#calls--;
        this.#forget(id, cancel);
        return this.#encode(asked, output, headers['x-request-id'], said);
      },
      (error: unknown) => {
        this.#calls--;
        this.#forget(id, cancel);
        return this.#fail(asked, error, headers['x-request-id'], said);
      },
    );
    this.#remember(id, cancel);
    return done;
  }

  #remember(id: RpcId, cancel: Cancel): void {
    if (id === undefined || this.#running.has(id)) this.#nameless.add(cancel);
    else this.#running.set(id, cancel);
  }

  #forget(id: RpcId, cancel: Cancel): void {
    if (this.#running.get(id) === cancel) this.#running.delete(id);
    else this.#nameless.delete(cancel);
  }

  #encode(asked: RpcRequest, output: unknown, requestId: string | undefined, said: Headers | undefined): string | undefined {
    try {
      return this.#reply(asked.id, output, said);
    } catch (error) {
      return this.#fail(asked, error, requestId);
    }
  }

  async #subscribe(asked: RpcRequest): Promise<Answer | undefined> {
    const { id, params, headers: own } = asked;
    try {
      this.#checkEntry();
      const { event: name, lastEventId, params: fixed = {} } = params;
      const [event, encoder] = (typeof name === 'string' ? this.service.events.get(name) : undefined) ?? this.#noEvent(name);
      if (lastEventId !== undefined && typeof lastEventId !== 'string')
        throw new ApiError('INVALID_ARGUMENT', 'subscribe: lastEventId is a string');
      if (typeof fixed !== 'object' || fixed === null || Array.isArray(fixed))
        throw new ApiError('INVALID_ARGUMENT', 'subscribe: params is an object');
      if (id === undefined) throw new ApiError('INVALID_ARGUMENT', 'subscribe: without an id, nobody learns which subscription it is');
      if (this.#subscriptions.size >= this.service.maxSubscriptions)
        throw new ApiError('RESOURCE_EXHAUSTED', `${this.service.maxSubscriptions} subscriptions are open on this connection`);
      const lifetime = new Lifetime();
      const number = ++this.#lastSubscription;
      const after = lastEventId ?? '';
      const subscription = new RpcSubscription({ id: number, after }, this.socket, encoder, lifetime, this.service.maxBufferedBytes, () =>
        this.#subscriptions.delete(number),
      );
      const cancel = (reason: ApiError) => lifetime.abort(reason);
      this.#subscriptions.set(number, subscription);
      this.#remember(id, cancel);
      try {
        const { signal } = lifetime;
        const headers = this.#headersOf(own);
        const request = { event, params: fixed as Readonly<Record<string, unknown>>, signal, headers, lastEventId, peer: this.peer };
        await subscription.subscribe(() => this.service.transport.subscribe(request, subscription));
        return { text: encodeResult(id, { subscription: number, after }), begin: subscription };
      } catch (error) {
        this.#subscriptions.delete(number);
        lifetime.abort(CANCELLED);
        throw error;
      } finally {
        this.#forget(id, cancel);
      }
    } catch (error) {
      return this.#fail(asked, error);
    }
  }

  /** Answers with the stream's number, as `subscribe` does; its items follow as notifications. */
  async #stream(operation: Operation, asked: RpcRequest): Promise<Answer | undefined> {
    const { id, params, headers: own } = asked;
    const headers = this.#headersOf(own);
    try {
      this.#checkEntry();
      if (id === undefined) throw new ApiError('INVALID_ARGUMENT', `${operation.name}: without an id, nobody learns which stream it is`);
      if (this.#streams.size >= this.service.maxSubscriptions)
        throw new ApiError('RESOURCE_EXHAUSTED', `${this.service.maxSubscriptions} streams are open on this connection`);
      const number = ++this.#lastSubscription;
      const stream = new RpcStream(number, this.socket, () => {
        this.#streams.delete(number);
        this.#closeIfIdle();
      });
      let leave: Cancel = () => {};
      let said: Headers | undefined;
      const cancel: Cancel = (reason) => leave(reason);
      this.#streams.set(number, { stream, cancel });
      this.#remember(id, cancel);
      try {
        await serveStream(
          this.service.transport,
          {
            operation,
            input: operation.input || Object.keys(params).length > 0 ? params : undefined,
            headers,
            deadline: deadlineOf(own),
            peer: this.peer,
            onLeave: (listener: Cancel) => (leave = listener),
            onResponse: ({ headers: set }: ResponseHead) => (said = set),
          },
          stream,
        );
        return { text: encodeResult(id, { subscription: number }, said), begin: stream };
      } catch (error) {
        this.#streams.delete(number);
        throw error;
      } finally {
        this.#forget(id, cancel);
      }
    } catch (error) {
      return this.#fail(asked, error, headers['x-request-id']);
    }
  }

  #more({ params: { subscription, count } }: RpcRequest): null {
    if (typeof count !== 'number' || !Number.isInteger(count) || count < 1)
      throw new ApiError('INVALID_ARGUMENT', "more: 'count' is how many more items may come");
    // A stream that has ended in the meantime needs none.
    this.#streams.get(subscription as number)?.stream.more(count);
    return null;
  }

  #unsubscribe({ params }: RpcRequest): null {
    const running = this.#streams.get(params['subscription'] as number);
    if (running) {
      this.#streams.delete(running.stream.id);
      running.cancel(LEFT);
      this.#closeIfIdle();
      return null;
    }
    const subscription = this.#subscriptions.get(params['subscription'] as number);
    if (!subscription) throw new ApiError('NOT_FOUND', 'unsubscribe: this connection has no such subscription');
    this.#subscriptions.delete(subscription.id);
    subscription.lifetime.abort(LEFT);
    return null;
  }

  #initialize({ params: { headers = {} } }: RpcRequest): null {
    const wrong = wrongHeaders(headers);
    if (wrong !== undefined) throw new ApiError('INVALID_ARGUMENT', `initialize: ${wrong}`);
    this.headers = connectionHeaders(acceptHeaders(headers as Headers));
    this.isInitialized = true;
    return null;
  }

  #checkEntry(): void {
    if (this.#isStopping) throw STOPPING;
    if (!this.isInitialized) throw new ApiError('UNAUTHENTICATED', "send 'initialize' with the headers that say who you are first");
  }

  /** A request's own headers over the connection's. */
  #headersOf(own: Headers): Record<string, string> {
    const headers = acceptHeaders(own);
    for (const name in this.headers) headers[name] ??= this.headers[name] ?? '';
    return headers;
  }

  #unknown(method: string): ApiError {
    const like = nearest(method.slice(0, 100), this.service.operations.keys());
    return new ApiError(
      'UNIMPLEMENTED',
      `this service has no method '${method.slice(0, 100)}'${like === undefined ? '' : `: do you mean ${like}?`}`,
    );
  }

  #noEvent(name: unknown): never {
    throw typeof name === 'string'
      ? new ApiError('UNIMPLEMENTED', `this service has no event '${name.slice(0, 100)}'`)
      : new ApiError('INVALID_ARGUMENT', "subscribe: 'event' is the name of an event");
  }
}

const LEFT = callerLeft();
const CANCELLED = callerCancelled();
const STOPPING = serverStopping();
