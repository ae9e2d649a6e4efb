import { ApiError, type ErrorCode } from '../core/errors.ts';
import { networkReason } from '../http/client/network-error.ts';
import { parseRetryAfter } from '../http/message/retry-after.ts';
import { onAbort } from '../life/lifetime.ts';
import type { Headers } from '../core/transport.ts';
import { FrameJoiner } from './frame-joiner.ts';
import { CLOSE, codeOfClose, codeOfHandshake } from './status.ts';

/** What this library needs of a socket: the platform's fits, and so does that of `ws`. */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that were sent and have not left yet. */
  readonly bufferedAmount: number;
  /** Sends one text frame. */
  send(data: string): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
  /** As in browsers. */
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: SocketEvent) => void): void;
}

/** What is read of the events of a socket. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly error?: unknown;
}

/** Makes sockets: `WebSocket` of the platform or of `ws`. */
export interface WebSocketConstructor {
  new (url: string, protocols?: string | string[]): WebSocketLike;
}

/** What only `ws` has; where it is there, it is used. */
interface NodeSocket extends WebSocketLike {
  terminate(): void;
  ping(): void;
  on(event: 'pong', listener: () => void): void;
  on(event: 'message', listener: (data: { toString(): string }) => void): void;
  on(event: 'upgrade', listener: (response: Response) => void): void;
  on(event: 'unexpected-response', listener: (request: { destroy(): void }, response: Response) => void): void;
}

interface Response {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { cork(): void; uncork(): void };
  on(event: string, listener: (chunk: { toString(): string }) => void): void;
}

interface NodeConstructor {
  new (url: string, protocols: readonly string[], options: object): NodeSocket;
}

/** Whether sockets of this make can send headers with their upgrade: those of browsers cannot. */
export function takesHeaders(constructor: WebSocketConstructor): boolean {
  return typeof (constructor.prototype as Partial<NodeSocket> | undefined)?.terminate === 'function';
}

export interface SocketOptions {
  readonly constructor: WebSocketConstructor;
  readonly url: string;
  readonly protocols: readonly string[];
  /** Sent with the upgrade, where the socket can. */
  readonly headers: Headers;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  readonly onUpgraded: (status: number, headers: Readonly<Record<string, string>>) => void;
}

export interface SocketHooks {
  onText(text: string): void;
  /** Called once, after the connection stood: it is gone. */
  onLost(error: ApiError, code: number): void;
  /** Asks the peer for any answer; without it, `ws` asks with a ping frame and other sockets cannot ask. */
  readonly ping?: () => void;
}

/** How long a peer may take to answer a close frame, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** One connection: bounded, alive or dropped, its writes joined. */
export class Socket {
  #heard = true;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #hooks: SocketHooks | undefined;
  /** Where there is a socket of Node below. */
  #joiner: FrameJoiner | undefined;
  readonly #closed: Promise<void>;
  #onClosed: () => void = () => {};

  private readonly inner: WebSocketLike;
  private readonly options: SocketOptions;

  private constructor(inner: WebSocketLike, options: SocketOptions) {
    this.inner = inner;
    this.options = options;
    this.#closed = new Promise((resolve) => (this.#onClosed = resolve));
  }

  /** Connects. Rejects with UNAVAILABLE, or what the server's refusal means; `sent` is false then. */
  static open(options: SocketOptions, hooks: (socket: Socket) => SocketHooks): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const { constructor, url, protocols, headers } = options;
      let inner: WebSocketLike;
      const canSend = takesHeaders(constructor);
      try {
        inner = canSend
          ? new (constructor as unknown as NodeConstructor)(url, protocols, {
              headers,
              perMessageDeflate: false,
              maxPayload: options.maxMessageBytes,
              closeTimeout: CLOSE_TIMEOUT_MS,
            })
          : new constructor(url, [...protocols]);
      } catch (cause) {
        return reject(
          new ApiError('INVALID_ARGUMENT', `no WebSocket can be made for ${url}: ${(cause as Error).message}`, { sent: false, cause }),
        );
      }
      const socket = new Socket(inner, options);
      let failure: unknown;
      // Called by `fail`, which an `onState` that closes the client may bring about at once.
      let unlink = () => {};
      const fail = (error: ApiError) => {
        clearTimeout(timer);
        unlink();
        socket.#abandon();
        reject(error);
      };
      const timer = setTimeout(
        () => fail(unavailable(url, `no connection within ${options.connectTimeoutMs} ms`)),
        options.connectTimeoutMs,
      );
      unlink = onAbort(options.signal, () => fail(ApiError.from(options.signal.reason, 'CANCELLED', 'the client is closed')));
      if (canSend) {
        const node = inner as NodeSocket;
        node.on('upgrade', (response) => {
          socket.#joiner = new FrameJoiner(response.socket);
          options.onUpgraded(101, flat(response.headers));
        });
        node.on('unexpected-response', (request, response) => {
          options.onUpgraded(response.statusCode ?? 0, flat(response.headers));
          void refusalOf(url, response).then((error) => {
            request.destroy();
            fail(error);
          });
        });
      }
      inner.addEventListener('open', () => {
        clearTimeout(timer);
        unlink();
        socket.#start(hooks(socket));
        resolve(socket);
      });
      // An event object for each message is a good part of its cost.
      if (canSend) (inner as NodeSocket).on('message', (data) => socket.#take(data));
      else inner.addEventListener('message', ({ data }) => socket.#take(data));
      inner.addEventListener('error', ({ error }) => (failure ??= error));
      inner.addEventListener('close', ({ code = 1006, reason = '' }) => {
        socket.#onClosed();
        if (socket.#hooks) return socket.#lose(closed(url, code, reason), code);
        // A browser does not say why.
        fail(unavailable(url, failure === undefined ? 'connecting failed' : networkReason(failure), failure));
      });
    });
  }

  get isOpen(): boolean {
    return this.inner.readyState === 1;
  }

  /** Throws UNAVAILABLE where the connection is gone, RESOURCE_EXHAUSTED where it is slower than its caller; nothing was sent then. */
  send(text: string): void {
    if (!this.isOpen) throw unavailable(this.options.url, 'the connection is closing');
    if (this.inner.bufferedAmount > this.options.maxBufferedBytes)
      throw new ApiError(
        'RESOURCE_EXHAUSTED',
        `${this.inner.bufferedAmount} bytes wait to be sent: the connection is slower than what is asked of it`,
        {
          sent: false,
        },
      );
    this.#joiner?.hold();
    this.inner.send(text);
  }

  /** Closes; resolves once the connection is gone, by force if the peer does not answer. */
  async close(code: number = CLOSE.NORMAL, reason = ''): Promise<void> {
    this.#hooks = undefined;
    clearInterval(this.#ticker);
    if (this.inner.readyState < 2) this.inner.close(code, reason);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([this.#closed, new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)))]);
    clearTimeout(timer);
    this.#abandon();
  }

  #start(hooks: SocketHooks): void {
    this.#hooks = hooks;
    const node = takesPings(this.inner) ? this.inner : undefined;
    node?.on('pong', () => (this.#heard = true));
    const ping = hooks.ping ?? (node && (() => node.ping()));
    if (ping) this.#ticker = setInterval(() => this.#tick(ping), this.options.pingIntervalMs);
  }

  /** Any frame is a sign of life; a peer that gave none since the last question is gone, whatever the platform says of the socket. */
  #tick(ping: () => void): void {
    if (!this.#heard) {
      this.#abandon();
      this.#lose(new ApiError('UNAVAILABLE', `${this.options.url} has fallen silent`), 1006);
      return;
    }
    this.#heard = false;
    try {
      ping();
    } catch {
      // The connection is closing, of which its end will tell; or its buffer is full, and then silence will.
    }
  }

  #take(data: unknown): void {
    this.#heard = true;
    if (typeof data === 'string') this.#hooks?.onText(data);
    else this.#hooks?.onText(String(data));
  }

  #lose(error: ApiError, code: number): void {
    const hooks = this.#hooks;
    this.#hooks = undefined;
    clearInterval(this.#ticker);
    hooks?.onLost(error, code);
  }

  #abandon(): void {
    if (this.inner.readyState === 3) return;
    const { terminate } = this.inner as Partial<NodeSocket>;
    if (terminate) terminate.call(this.inner);
    else this.inner.close();
  }
}

function takesPings(socket: WebSocketLike): socket is NodeSocket {
  return typeof (socket as Partial<NodeSocket>).ping === 'function';
}

function closed(url: string, code: number, reason: string): ApiError {
  const why = reason === '' ? '' : `: ${reason}`;
  return new ApiError(
    codeOfClose(code),
    code === 1006 ? `${url}: the connection was cut` : `${url}: the peer closed the connection (${code})${why}`,
    {
      remote: code !== 1006,
    },
  );
}

/** What a server says that knows of no socket there. */
const NO_SOCKET: ReadonlySet<ErrorCode> = new Set(['UNIMPLEMENTED', 'INVALID_ARGUMENT', 'UNKNOWN']);

/** The server answered the upgrade with a plain response. */
async function refusalOf(url: string, response: Response): Promise<ApiError> {
  const { statusCode = 0 } = response;
  let text = '';
  await new Promise<void>((resolve) => {
    response.on('data', (chunk) => {
      if (text.length < 1000) text += chunk.toString();
    });
    for (const end of ['end', 'error', 'close']) response.on(end, () => resolve());
  });
  const said = text === '' || text.startsWith('<') ? '' : `: ${text.slice(0, 1000)}`;
  const code = codeOfHandshake(statusCode);
  const advice = said === '' && NO_SOCKET.has(code) ? ': is the url right?' : said;
  const retryAfterMs = parseRetryAfter([response.headers['retry-after']].flat()[0]);
  return new ApiError(code, `${url}: the server answered the upgrade with ${statusCode}${advice}`, {
    retryAfterMs,
    sent: false,
    remote: true,
  });
}

function unavailable(url: string, why: string, cause?: unknown): ApiError {
  return new ApiError('UNAVAILABLE', `${url}: ${why}`, { sent: false, ...(cause !== undefined && { cause }) });
}

function flat(headers: Response['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
