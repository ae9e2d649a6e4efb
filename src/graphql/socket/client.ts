import { createClient, type Client } from 'graphql-ws';
import WebSocketImpl from 'isomorphic-ws';
import { ApiError, type JsonObject } from '../../core/errors.ts';
import { onAbort } from '../../life/lifetime.ts';
import type { EventSink, Headers } from '../../core/transport.ts';
import type { ClientDocument } from '../document/document.ts';
import { deliver } from '../event-message.ts';
import { codeOfClose } from '../status.ts';
import { decodeErrors, isObject } from '../wire.ts';

/** How often a quiet connection is pinged, and how long the answer may take, in milliseconds. */
const PING_MS = 20_000;
const PONG_MS = 10_000;
const ACK_MS = 10_000;

/** What goes out and comes in, as text. */
export type OnFrame = (direction: 'out' | 'in', start: string, headers: Headers, body: string) => void;

/** Subscriptions over sockets: one socket for all that share the same headers, which a socket has once. */
export class SocketSubscriptions {
  readonly #connections = new Map<string, Connection>();

  private readonly url: string;
  private readonly webSocket: unknown;
  private readonly onFrame: OnFrame | undefined;

  constructor(url: string, webSocket: unknown, onFrame: OnFrame | undefined) {
    this.url = url;
    this.webSocket = webSocket;
    this.onFrame = onFrame;
  }

  /** Resolves once the subscription stands, or with a server that does not say so, once it was sent. */
  async open(
    headers: Headers,
    document: ClientDocument,
    variables: JsonObject,
    extensions: JsonObject,
    signal: AbortSignal,
    sink: EventSink,
  ): Promise<void> {
    if (signal.aborted) throw ApiError.from(signal.reason, 'CANCELLED', 'the subscription was cancelled');
    const key = JSON.stringify(headers);
    let connection = this.#connections.get(key);
    if (!connection || connection.isOver) {
      connection = new Connection(this.url, headers, this.webSocket ?? WebSocketImpl, this.onFrame);
      this.#connections.set(key, connection);
    }
    const mine = connection;
    try {
      await mine.subscribe(document, variables, extensions, signal, sink, () => {
        if (mine.users === 0 && this.#connections.get(key) === mine) this.#connections.delete(key);
      });
    } catch (error) {
      if (mine.users === 0 && this.#connections.get(key) === mine) this.#connections.delete(key);
      throw error;
    }
  }

  async close(): Promise<void> {
    const all = [...this.#connections.values()];
    this.#connections.clear();
    for (const connection of all) connection.close();
  }
}

class Connection {
  users = 0;
  /** A socket that was lost is not used again: its headers may be old. */
  isOver = false;
  readonly #client: Client;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #whenConnected = new Set<() => void>();
  #connected = false;
  #acks = false;
  #pong: ReturnType<typeof setTimeout> | undefined;

  private readonly url: string;
  private readonly onFrame: OnFrame | undefined;

  constructor(url: string, headers: Headers, webSocketImpl: unknown, onFrame: OnFrame | undefined) {
    this.url = url;
    this.onFrame = onFrame;
    this.#client = createClient({
      url,
      connectionParams: headers,
      webSocketImpl,
      lazy: true,
      lazyCloseTimeout: 0,
      // The core connects again, and resumes.
      retryAttempts: 0,
      keepAlive: PING_MS,
      connectionAckWaitTimeout: ACK_MS,
      on: {
        opened: () => onFrame?.('out', 'connection_init', headers, ''),
        connected: (_, payload) => this.#onConnected(isObject(payload) && payload['acks'] === true),
        closed: () => this.#onClosed(),
        ping: (isReceived) => {
          if (!isReceived) this.#pong = setTimeout(() => this.#client.terminate(), PONG_MS);
        },
        pong: (isReceived) => {
          if (isReceived) clearTimeout(this.#pong);
        },
      },
    });
  }

  subscribe(
    document: ClientDocument,
    variables: JsonObject,
    extensions: JsonObject,
    signal: AbortSignal,
    sink: EventSink,
    onEnd: () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let isStarted = false;
      let isEnded = false;
      // Several messages may come at once: whoever waits for the start must have heard of it before what follows.
      let waiting: (() => void)[] | undefined = [];
      const start = () => {
        if (isStarted || isEnded) return;
        isStarted = true;
        resolve();
        this.#later(() => {
          const held = waiting ?? [];
          waiting = undefined;
          for (const run of held) run();
        });
      };
      const afterStart = (run: () => void) => {
        if (waiting) waiting.push(run);
        else run();
      };
      const end = (error?: ApiError) => {
        if (isEnded) return;
        isEnded = true;
        this.users--;
        unlink();
        this.#whenConnected.delete(onConnected);
        onEnd();
        if (signal.aborted) resolve();
        else if (isStarted) afterStart(() => sink.end(error));
        else if (error) reject(error);
        else {
          resolve();
          this.#later(() => sink.end());
        }
      };
      const live: EventSink = {
        next: (message) => {
          start();
          afterStart(() => void sink.next(message));
        },
        gap: () => {
          start();
          afterStart(() => sink.gap());
        },
        end,
      };
      // A server that does not acknowledge has the subscription next: it is sent as soon as the connection stands.
      const onConnected = () => {
        if (!this.#acks) this.#later(start);
      };
      this.users++;
      const payload = { query: document.text, variables, extensions: { ack: true, ...extensions } };
      this.onFrame?.('out', 'subscribe', {}, JSON.stringify(payload));
      const dispose = this.#client.subscribe(payload, {
        next: (response) => {
          this.onFrame?.('in', 'next', {}, JSON.stringify(response));
          if (isEnded || signal.aborted) return;
          const outcome = deliver(response, document, live);
          if (outcome === 'subscribed') start();
          if (outcome === false) dispose();
        },
        error: (error) => end(this.#errorOf(error)),
        complete: () => end(),
      });
      const unlink = onAbort(signal, () => {
        dispose();
        end();
      });
      this.#whenConnected.add(onConnected);
      if (this.#connected) onConnected();
    });
  }

  close(): void {
    this.isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    clearTimeout(this.#pong);
    void this.#client.dispose();
  }

  /** In a turn of its own. */
  #later(run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, 0);
    this.#timers.add(timer);
  }

  #onConnected(acks: boolean): void {
    this.#acks = acks;
    this.#connected = true;
    for (const listener of this.#whenConnected) listener();
  }

  #onClosed(): void {
    this.isOver = true;
    clearTimeout(this.#pong);
  }

  /** An error message's list, a close event, or whatever the socket failed with. */
  #errorOf(error: unknown): ApiError {
    if (Array.isArray(error)) return decodeErrors(error, undefined);
    const { code, reason } =
      isObject(error) || error instanceof Error ? (error as { readonly code?: unknown; readonly reason?: unknown }) : {};
    if (typeof code === 'number' && this.#connected) {
      const why = typeof reason === 'string' && reason !== '' ? reason : `the connection was closed (${code})`;
      return new ApiError(codeOfClose(code), why, { remote: true, cause: error });
    }
    const refused = typeof code === 'number' && code >= 4000;
    const message = refused
      ? `${String(reason)} (${code})`
      : 'no connection: is the server running, and does it speak graphql-transport-ws there?';
    return new ApiError(refused ? codeOfClose(code) : 'UNAVAILABLE', `${this.url}: ${message}`, { sent: false, cause: error });
  }
}
