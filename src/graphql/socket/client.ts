import { throwIfCancelled } from '../../life/lifetime.ts';
import { socketClass } from '#sockets';
import { clientClosed } from '../../core/errors.ts';
import type { Headers } from '../../core/transport.ts';
import { takesHeaders } from '../../socket/client/like.ts';
import type { SocketClass } from '../../socket/client/socket-class.ts';
import { SocketConnection } from './connection.ts';
import type { Subscribing, Subscriptions, SubscriptionSettings } from './settings.ts';

/** Subscriptions over sockets: one socket for all that share the same headers, which a socket has once. */
export class SocketSubscriptions implements Subscriptions {
  readonly #connections = new Map<string, Promise<SocketConnection>>();
  readonly #closing = new AbortController();

  readonly #socketClass: SocketClass;

  private readonly settings: SubscriptionSettings;

  constructor(settings: SubscriptionSettings) {
    this.settings = settings;
    this.#socketClass = socketClass(settings);
  }

  /** Resolves when the subscription stands; with a server that does not say so, when it was sent. */
  async open(asked: Subscribing): Promise<void> {
    const { headers, signal } = asked;
    for (;;) {
      throwIfCancelled(signal);
      const connection = await this.#connection(headers);
      // One that was lost while it was waited for is not used: its headers may be old.
      if (connection.isOpen) return connection.subscribe(asked);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(clientClosed(false));
    const all = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(all.map((made) => made.then((connection) => connection.close()).catch(() => {})));
  }

  #connection(headers: Headers): Promise<SocketConnection> {
    if (this.#closing.signal.aborted) return Promise.reject(clientClosed(false));
    const key = JSON.stringify(headers);
    let made = this.#connections.get(key);
    if (!made) {
      const mine = this.#connect(headers, () => {
        if (this.#connections.get(key) === mine) this.#connections.delete(key);
      });
      made = mine;
      this.#connections.set(key, mine);
      mine.catch(() => {
        if (this.#connections.get(key) === mine) this.#connections.delete(key);
      });
    }
    return made;
  }

  async #connect(headers: Headers, onUnused: () => void): Promise<SocketConnection> {
    const { connectionParams = headers, ...settings } = this.settings;
    const WebSocket = await this.#socketClass();
    const params = typeof connectionParams === 'function' ? await connectionParams() : connectionParams;
    // Browsers send none: there only the payload says who asks.
    const upgrade = takesHeaders(WebSocket) ? headers : {};
    return SocketConnection.open({ ...settings, constructor: WebSocket, headers: upgrade, params, signal: this.#closing.signal, onUnused });
  }
}
