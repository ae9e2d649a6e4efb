import { ApiError, clientClosed, type JsonObject } from '../../core/errors.ts';
import type { EventSink, Headers } from '../../core/transport.ts';
import { passing } from '../../events/open-sink.ts';
import { onAbort } from '../../life/lifetime.ts';
import { after } from '../../life/timers.ts';
import { parseJson } from '../../peer/json.ts';
import { tooLarge } from '../../socket/client/failure.ts';
import { Socket, type SocketOptions } from '../../socket/client/socket.ts';
import { takerOf, type Take } from '../event-message.ts';
import { CLOSE_CODES } from '../status.ts';
import { decodeErrors, isObject } from '../wire.ts';
import { SUBPROTOCOL } from './protocol.ts';
import type { Subscribing, SubscriptionSettings } from './settings.ts';

/** Items of a stream that may wait for their loop. */
const MAX_WAITING = 1000;

/** The function that makes one connection. */
export interface ConnectionInit
  extends Pick<SocketOptions, 'constructor' | 'url' | 'headers' | 'signal'>, Omit<SubscriptionSettings, 'WebSocket' | 'connectionParams'> {
  /** The payload of `connection_init`. */
  readonly params: JsonObject;
  /** Called when nobody uses it any more, and when it is gone. */
  readonly onUnused: () => void;
}

/** One subscription of a connection. */
interface Live {
  readonly take: Take;
  readonly sink: EventSink;
  /** Items that a loop has not taken. */
  waiting: number;
  start(): void;
  end(error?: ApiError): void;
}

/** One socket of `graphql-transport-ws`. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export class SocketConnection {
  readonly #live = new Map<string, Live>();
  #socket: Socket | undefined;
  #lastId = 0;
  /** Whether the server tells when a subscription stands, which the protocol itself does not. */
  #acks = false;
  #onAck: (error?: ApiError) => void = () => {};

  private readonly init: ConnectionInit;

  private constructor(init: ConnectionInit) {
    this.init = init;
  }

  /** Connects, and says who asks. Rejects with UNAVAILABLE, or with what the server refuses it for. */
  static async open(init: ConnectionInit): Promise<SocketConnection> {
    const connection = new SocketConnection(init);
    await connection.#open();
    return connection;
  }

  get isOpen(): boolean {
    return this.#socket?.isOpen ?? false;
  }

  subscribe(asked: Subscribing): Promise<void> {
    const { payload, signal, sink } = asked;
    return new Promise((resolve, reject) => {
      const id = String(++this.#lastId);
      let isStarted = false;
      const live: Live = {
        take: takerOf(asked, this.init.onEventError),
        sink,
        waiting: 0,
        start: () => {
          isStarted = true;
          resolve();
        },
        end: (error) => {
          if (!this.#live.delete(id)) return;
          unlink();
          if (signal.aborted || !error) resolve();
          else if (!isStarted) reject(error);
          if (!signal.aborted && (isStarted || !error)) sink.end(error);
          this.#closeIfUnused();
        },
      };
      this.#live.set(id, live);
      const unlink = onAbort(signal, () => {
        this.#send('complete', { id });
        live.end();
      });
      this.#send('subscribe', { id, payload: { ...payload, extensions: { ack: true, ...payload.extensions } } });
      if (!this.#acks) live.start();
    });
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#endAll(clientClosed());
    await this.#socket?.close();
  }

  async #open(): Promise<void> {
    const { init } = this;
    const acknowledged = new Promise<void>((resolve, reject) => {
      this.#onAck = (error) => (error ? reject(error) : resolve());
    });
    // Code that connects hears of it below.
    acknowledged.catch(() => {});
    const options = { ...init, protocols: [SUBPROTOCOL], closeCodes: CLOSE_CODES, onUpgraded: () => {} };
    const socket = await Socket.open(options, (made) => {
      this.#socket = made;
      return {
        onText: (text) => this.#receive(text),
        onTooLarge: (text) => this.#refuse(text),
        onLost: (error) => this.#lost(error),
        ping: () => this.#send('ping', {}),
      };
    });
    socket.need(true);
    const late = new ApiError('UNAVAILABLE', `${init.url}: the server did not acknowledge the connection in time`, { sent: false });
    const stop = after(init.connectTimeoutMs, () => this.#onAck(late));
    try {
      init.onFrame?.('out', 'connection_init', init.params as Headers, '');
      socket.send(JSON.stringify({ type: 'connection_init', payload: init.params }));
      await acknowledged;
    } catch (error) {
      await socket.close();
      throw ApiError.from(error, 'UNAVAILABLE', `${init.url}: connecting failed`).with({ sent: false });
    } finally {
      stop();
    }
  }

  #send(type: string, message: JsonObject): void {
    const text = JSON.stringify({ type, ...message });
    if (type === 'subscribe') this.init.onFrame?.('out', type, {}, text);
    try {
      this.#socket?.send(text);
    } catch (error) {
      // If the connection is closing, its end will tell; else it is slower than what is asked of it.
      const { id } = message;
      if (type === 'subscribe' && this.isOpen) this.#live.get(id as string)?.end(error as ApiError);
    }
  }

  #receive(text: string): void {
    const message = read(text);
    const type = message?.['type'];
    if (typeof type !== 'string') return this.#refuseFrame();
    const { id, payload } = message ?? {};
    if (type === 'ping') return this.#send('pong', payload === undefined ? {} : { payload });
    if (type === 'pong') return;
    this.init.onFrame?.('in', type, {}, text);
    if (type === 'connection_ack') {
      this.#acks = isObject(payload) && payload['acks'] === true;
      return this.#onAck();
    }
    const live = typeof id === 'string' ? this.#live.get(id) : undefined;
    // One that has just ended may be on its way.
    if (!live) return typeof id === 'string' && Number(id) >= 1 && Number(id) <= this.#lastId ? undefined : this.#refuseFrame();
    if (type === 'complete') live.end();
    else if (type === 'error') live.end(decodeErrors(Array.isArray(payload) ? payload : [payload], undefined));
    else if (type === 'next') this.#next(id as string, live, payload);
    else this.#refuseFrame();
  }

  /**
   * A message that no server of this library sends was spoiled on its way. Nobody knows for whom it was, so the connection is given up, and
   * subscriptions resume. Other servers may send anything.
   */
  #refuseFrame(): void {
    if (this.#acks) this.#socket?.fail('the server sent a message that cannot be understood');
  }

  #next(id: string, live: Live, payload: unknown): void {
    live.start();
    const sink: EventSink = { ...passing(live.sink), end: (error) => live.end(error) };
    const taken = live.take(payload, sink);
    if (taken === false) this.#send('complete', { id });
    if (typeof taken !== 'boolean') this.#hold(id, live, taken);
  }

  /** The protocol cannot ask a server to wait, so that a loop which falls too far behind ends its stream. */
  #hold(id: string, live: Live, taken: PromiseLike<boolean>): void {
    const done = () => void live.waiting--;
    taken.then(done, done);
    if (++live.waiting <= MAX_WAITING) return;
    this.#send('complete', { id });
    live.end(new ApiError('RESOURCE_EXHAUSTED', `the loop fell ${MAX_WAITING} items behind`));
  }

  /** A message over the limit ends the subscription that it is for: it would come again. */
  #refuse(text: string): void {
    const id = read(text)?.['id'];
    const live = typeof id === 'string' ? this.#live.get(id) : undefined;
    if (!live) return;
    this.#send('complete', { id });
    live.end(tooLarge(this.init.maxMessageBytes));
  }

  #lost(error: ApiError): void {
    this.#onAck(error);
    this.#endAll(error);
    this.init.onUnused();
  }

  #endAll(error: ApiError): void {
    for (const live of [...this.#live.values()]) live.end(error);
  }

  #closeIfUnused(): void {
    if (this.#live.size > 0) return;
    this.init.onUnused();
    void this.#socket?.close();
  }
}

function read(text: string): JsonObject | undefined {
  try {
    const message = parseJson(text, Infinity);
    return isObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
