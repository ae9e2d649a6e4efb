import { ApiError, clientClosed } from '../../core/errors.ts';
import { after } from '../../life/timers.ts';
import type { Ending } from '../../life/lifetime.ts';
import { timeoutHeader } from '../../peer/headers.ts';
import { MAX_LEVELS, parseJson } from '../../peer/json.ts';
import { responseHeaders } from '../../peer/response-headers.ts';
import type { EventSink, Headers, EventRequest, OnResponse } from '../../core/transport.ts';
import type { ForeignEvents, ForeignPeer } from './foreign.ts';
import type { AskedStream, RpcSubscriptions, Waiter } from './subscriptions.ts';
import type { SocketEnd } from '../dialogue.ts';
import { byteLength, isLonger } from '../../socket/limits.ts';
import { connectionHeaders, decodeError, encodeRequest, isObject } from '../wire.ts';

/** The callers that wait for the output of a call. */
class CallWaiter implements Waiter {
  unlink: (() => void) | undefined = undefined;

  private readonly settle: (result: unknown) => void;
  private readonly fail: (error: ApiError) => void;

  readonly onResponse: OnResponse | undefined;

  constructor(settle: (result: unknown) => void, fail: (error: ApiError) => void, onResponse: OnResponse | undefined) {
    this.settle = settle;
    this.fail = fail;
    this.onResponse = onResponse;
  }

  resolve(result: unknown): void {
    this.unlink?.();
    this.settle(result);
  }

  reject(error: ApiError): void {
    this.unlink?.();
    this.fail(error);
  }
}

/** The messages of the connection. */
export interface RpcConnectionHooks {
  onSend(method: string, text: string): void;
  onReceive(kind: string, text: string): void;
}

/** Knowledge of the peer, kept from one connection to the next. */
export interface KnownPeer {
  /** Whether it has shown that it is a server of this library. */
  isOurs: boolean;
}

/** The calls and subscriptions that share one JSON-RPC connection. */
export class RpcConnection {
  readonly #waiters = new Map<unknown, Waiter>();
  /** Made by the first subscription. */
  #subscriptions: RpcSubscriptions | undefined;
  #lastId = 0;
  /** Why the connection is gone. */
  #lost: ApiError | undefined;

  private readonly socket: SocketEnd;
  /** The headers that the server has for all requests of this connection. */
  private base: Headers;
  private readonly maxRequestBytes: number;
  private readonly hooks: RpcConnectionHooks | undefined;
  /** If the peer is not of this library. */
  readonly foreign: ForeignPeer | undefined;
  private readonly peer: KnownPeer;
  readonly #foreign: ForeignEvents | undefined;

  constructor(
    socket: SocketEnd,
    base: Headers,
    maxRequestBytes: number,
    hooks: RpcConnectionHooks | undefined,
    foreign: ForeignPeer | undefined,
    peer: KnownPeer,
  ) {
    this.socket = socket;
    this.base = base;
    this.maxRequestBytes = maxRequestBytes;
    this.hooks = hooks;
    this.foreign = foreign;
    this.peer = peer;
    this.#foreign = foreign?.events({
      request: (method, params) => this.#ask(method, params),
      notify: (method, params) => this.notify(method, params),
      rest: () => this.#rest(),
      soon: (run) => void after(0, run, { holds: false }),
    });
  }

  get isOpen(): boolean {
    return this.socket.isOpen;
  }

  call(method: string, input: unknown, headers: Headers | undefined, ending: Ending, onResponse?: OnResponse): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiter = new CallWaiter(resolve, reject, onResponse);
      const id = this.#request(method, input, headers, waiter);
      waiter.unlink = ending.listen((reason) => {
        // Its answer, which comes all the same, finds nobody.
        this.#waiters.delete(id);
        this.#cancel(id);
        this.#rest();
        reject(reason);
      });
    });
  }

  /** Subscribes at a peer that is not of this library. */
  subscribeForeign(request: EventRequest, sink: EventSink): Promise<void> {
    if (!this.#foreign) throw new TypeError('the peer has no mapping');
    const events = this.#foreign;
    this.socket.need(true);
    const subscribed = events.subscribe(request, sink).then(() => {
      // Notifications that came by themselves were for it, although the connection ended before.
      if (this.#lost) events.lost(this.#lost);
    });
    return subscribed.finally(() => this.#rest());
  }

  /** Sends what a subscription answers: `subscribe`, or the name of a streamed operation, whose items the sink grants one by one. */
  subscribe(
    { RpcSubscriptions: Made }: { readonly RpcSubscriptions: typeof RpcSubscriptions },
    params: unknown,
    headers: Headers | undefined,
    signal: AbortSignal,
    sink: EventSink,
    stream?: AskedStream,
  ): Promise<void> {
    this.#subscriptions ??= new Made({
      request: (method, given, own, waiter) => this.#request(method, given, own, waiter),
      notify: (method, given) => this.notify(method, given),
      rest: () => this.#rest(),
      isOurs: () => void (this.peer.isOurs = true),
    });
    return this.#subscriptions.subscribe(params, headers, signal, sink, stream);
  }

  /**
   * The members of a request that give the server the headers of the adapter's option and, over them, the request's own. The server keeps
   * the connection's, so only the differences are sent. If one of those must go, the server is given new ones for the connection.
   */
  headersFor(option: Headers, own: Headers, deadline?: number): Headers | undefined {
    // Others' requests have no place for them.
    if (this.foreign) return undefined;
    for (const name in this.base) {
      if (name in option || name in own) continue;
      this.initialize(option);
      break;
    }
    let differing: Record<string, string> | undefined;
    for (const headers of option === this.base ? [own] : [option, own]) {
      for (const name in headers) {
        const value = own[name] ?? headers[name] ?? '';
        if (this.base[name] !== value) (differing ??= {})[name] = value;
      }
    }
    if (deadline !== undefined) (differing ??= {})['x-timeout-ms'] = timeoutHeader(deadline);
    return differing;
  }

  /** Gives the server headers for all requests of this connection, instead of those it has. */
  initialize(headers: Headers): void {
    if (this.foreign) return;
    const base = connectionHeaders(headers);
    if (Object.keys(base).length === 0 && Object.keys(this.base).length === 0) return;
    this.base = base;
    this.notify('initialize', { headers: base });
  }

  /** Nobody waits for the answer: it is a sign of life like any other frame. */
  ping(): void {
    this.#send(++this.#lastId, this.foreign?.mapping.ping ?? 'ping', undefined, undefined);
  }

  /** Sends a message that needs no answer. If it cannot be sent, the connection is ending, and so is the subject of the message. */
  notify(method: string, params: unknown): void {
    try {
      this.tell(method, params);
    } catch {
      // As said.
    }
  }

  /** Sends a message that has no answer. Throws if it cannot be sent. */
  tell(method: string, params: unknown): void {
    this.#send(undefined, method, params, undefined);
  }

  receive(text: string): void {
    let value: unknown;
    try {
      value = parseJson(text, MAX_LEVELS);
    } catch (error) {
      return this.refuse(text, new ApiError('DATA_LOSS', (error as ApiError).text));
    }
    if (Array.isArray(value)) for (const each of value as unknown[]) this.#take(each, text);
    else this.#take(value, text);
  }

  /** Takes a message that is too large or too deep: the call or subscription that it is for fails, the others go on. */
  refuse(text: string, error: ApiError): void {
    let value: unknown;
    try {
      value = parseJson(text, Infinity);
    } catch {
      this.hooks?.onReceive('what is not JSON', text.slice(0, 1000));
      return this.#refuse();
    }
    for (const message of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (!isObject(message)) continue;
      const { id, method, params } = message;
      this.hooks?.onReceive('a message over the limit', text.slice(0, 1000));
      const subscription = isObject(params) ? params['subscription'] : undefined;
      const waiter = typeof method === 'string' ? undefined : this.#waiters.get(id);
      if (waiter) {
        this.#waiters.delete(id);
        waiter.reject(error);
      } else if (subscription !== undefined) this.#subscriptions?.refuse(subscription, error);
      if (typeof method === 'string') this.#foreign?.lost(error, method);
    }
    this.#rest();
  }

  /** The connection is gone. */
  lost(error: ApiError): void {
    this.#lost = error;
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    const endSubscriptions = this.#subscriptions?.take();
    for (const waiter of waiters) waiter.reject(error);
    this.#foreign?.lost(error);
    endSubscriptions?.(error);
  }

  async close(): Promise<void> {
    this.lost(clientClosed());
    await this.socket.close();
  }

  /** A peer may call back, which nobody here answers. */
  #foreignMessage(events: ForeignEvents, id: unknown, method: string, params: unknown): void {
    if (id === undefined) return void events.notified(method, params);
    try {
      this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: `this client has no method '${method}'` } }));
    } catch {
      // It asks faster than it reads, or is about to leave.
    }
  }

  #ask(method: string, params: unknown): { readonly result: Promise<unknown>; readonly cancel: () => void } {
    let cancel = () => {};
    const result = new Promise<unknown>((resolve, reject) => {
      const id = this.#request(method, params, undefined, { resolve, reject });
      cancel = () => {
        if (!this.#waiters.delete(id)) return;
        this.#cancel(id);
        reject(new ApiError('CANCELLED', 'the subscription was cancelled'));
      };
    });
    return { result, cancel: () => cancel() };
  }

  #cancel(id: number): void {
    const method = this.foreign ? this.foreign.mapping.cancel : 'cancel';
    if (method !== undefined) this.notify(method, { id });
  }

  #request(method: string, params: unknown, headers: Headers | undefined, waiter: Waiter): number {
    const id = ++this.#lastId;
    this.#send(id, method, params, headers);
    this.#waiters.set(id, waiter);
    this.socket.need(true);
    return id;
  }

  #send(id: number | undefined, method: string, params: unknown, headers: Headers | undefined): void {
    const text = encodeRequest(id, method, params, headers);
    if (isLonger(text, this.maxRequestBytes)) {
      throw new ApiError(
        'INVALID_ARGUMENT',
        `${method}: the message is ${byteLength(text)} bytes long, the limit is ${this.maxRequestBytes}`,
        {
          sent: false,
        },
      );
    }
    this.hooks?.onSend(method, text);
    this.socket.send(text);
  }

  #take(message: unknown, text: string): void {
    if (!isObject(message)) return this.#refuse();
    const { method, params, id } = message;
    if (typeof method === 'string') {
      this.hooks?.onReceive(method, text);
      if (this.#foreign) this.#foreignMessage(this.#foreign, id, method, params);
      else {
        const { subscription } = isObject(params) ? params : {};
        const isTaken = isObject(params) && this.#subscriptions?.notified(method, params);
        if (!isTaken) this.#refuse(isTaken === undefined ? subscription : undefined);
      }
      return;
    }
    this.hooks?.onReceive('error' in message ? 'error' : 'result', text);
    const waiter = this.#waiters.get(id);
    // One that nobody waits for any more has a number that was given; a request that the peer could not read has none.
    if (!waiter) return this.#refuse(id);
    this.#waiters.delete(id);
    const { headers } = message;
    if (waiter.onResponse && isObject(headers)) waiter.onResponse({ headers: responseHeaders(Object.entries(headers)) });
    if (message['error'] === undefined || message['error'] === null) waiter.resolve(message['result']);
    else waiter.reject(this.foreign ? this.foreign.errorOf(message['error']) : decodeError(message['error']));
    this.#rest();
  }

  /**
   * A message for nobody. If no server of this library sends it, it was spoiled on its way, or one of this client's was, and nobody knows for whom it
   * was: the connection is given up, and subscriptions resume. Other peers may send anything, and these may still send what has ended: its `number`,
   * of a request or subscription, was given.
   */
  #refuse(number?: unknown): void {
    if (this.peer.isOurs && !(typeof number === 'number' && number <= this.#lastId))
      this.socket.fail('the peer sent a message that cannot be understood');
  }

  /** Lets the process end if nobody waits for anything. */
  #rest(): void {
    if (this.#waiters.size + (this.#subscriptions?.size ?? 0) + (this.#foreign?.size ?? 0) === 0) this.socket.need(false);
  }
}
