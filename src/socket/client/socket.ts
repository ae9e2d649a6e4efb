import { ApiError, type ErrorCode } from '../../core/errors.ts';
import type { Headers } from '../../core/transport.ts';
import type { ClientTls } from '../../http/client/fetch-like.ts';
import { networkReason } from '../../http/client/network-error.ts';
import { cancelled, onAbort } from '../../life/lifetime.ts';
import { after, every, within, type StopTimer } from '../../life/timers.ts';
import { CLOSE } from '../close.ts';
import { FrameJoiner } from '../frame-joiner.ts';
import { byteLength, hardLimit, isLonger } from '../limits.ts';
import { shownUrl } from '../../peer/redact/shown-url.ts';
import { lostConnection, overLimit, refusalOf, unavailable } from './failure.ts';
import {
  isOfNode,
  takesPings,
  type CarriedConstructor,
  type Frame,
  type NodeConstructor,
  type NodeSocket,
  type NodeStream,
  type UpgradeResponse,
  type WebSocketConstructor,
  type WebSocketLike,
} from './like.ts';

export interface SocketOptions {
  readonly constructor: WebSocketConstructor;
  /** The certificates that `ws` shows and trusts over `wss:`. */
  readonly tls?: ClientTls | undefined;
  readonly url: string;
  readonly protocols: readonly string[];
  /** Sent with the upgrade, if the socket can. */
  readonly headers: Headers;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  /** The soft limit of what is received. */
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
  readonly onUpgraded: (status: number, headers: Readonly<Record<string, string>>) => void;
  /** The meaning of the protocol's own close codes. */
  readonly closeCodes: Readonly<Record<number, ErrorCode>>;
}

export interface SocketHooks {
  onText(text: string): void;
  /** Takes binary frames of any size as the socket has them. Without it they are read as UTF-8. */
  readonly onBytes?: ((data: unknown) => void) | undefined;
  /** A message over the soft limit: it fails for itself, and the connection goes on. */
  onTooLarge(text: string): void;
  /** Called once, after the connection stood: it is gone. */
  onLost(error: ApiError, code: number): void;
  /** Asks the peer for any answer; without it, `ws` asks with a ping frame and other sockets cannot ask. */
  readonly ping?: (() => void) | undefined;
}

/** How long a peer may take to answer a close frame, in milliseconds. */
const CLOSE_TIMEOUT_MS = 1_000;

/** The client's end of one connection: bounded, alive or dropped, its writes joined. */
export class Socket {
  #heard = true;
  #ping: (() => void) | undefined;
  #stopPinging: StopTimer | undefined;
  #hooks: SocketHooks | undefined;
  /** Present if there is a socket of Node below. */
  #stream: NodeStream | undefined;
  #joiner: FrameJoiner | undefined;
  /** Whether anybody waits for anything of it. */
  #isNeeded = false;
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
      const { constructor } = options;
      const url = shownUrl(options.url);
      let inner: WebSocketLike;
      try {
        inner = construct(options);
      } catch (cause) {
        const message = `no WebSocket can be made for ${url}: ${(cause as Error).message}`;
        return reject(new ApiError('INVALID_ARGUMENT', message, { sent: false, cause }));
      }
      const socket = new Socket(inner, options);
      let failure: unknown;
      // Called by `fail`, which an `onState` that closes the client may bring about at once.
      let unlink = () => {};
      const fail = (error: ApiError) => {
        stop();
        unlink();
        socket.#abandon();
        reject(error);
      };
      const stop = after(options.connectTimeoutMs, () => fail(unavailable(url, `no connection within ${options.connectTimeoutMs} ms`)));
      unlink = onAbort(options.signal, () => fail(cancelled(options.signal)));
      if (isOfNode(constructor)) socket.#hearUpgrade(inner as NodeSocket, fail);
      inner.addEventListener('open', () => {
        stop();
        unlink();
        socket.#start(hooks(socket));
        resolve(socket);
      });
      // An event object for each message is a good part of its cost.
      if (isOfNode(constructor)) (inner as NodeSocket).on('message', (data, isBinary) => socket.#take(data, isBinary));
      else inner.addEventListener('message', ({ data }) => socket.#take(data));
      inner.addEventListener('error', ({ error }) => (failure ??= error));
      inner.addEventListener('close', ({ code = 1006, reason = '' }) => {
        socket.#onClosed();
        if (socket.#hooks) return socket.#lose(lostConnection(url, { code, reason, failure }, options.closeCodes), code);
        // A browser does not say why.
        fail(unavailable(url, failure === undefined ? 'connecting failed' : networkReason(failure), failure));
      });
    });
  }

  get isOpen(): boolean {
    return this.inner.readyState === 1;
  }

  /** The address as messages have it, without the query, which may be secret. */
  get #name(): string {
    return shownUrl(this.options.url);
  }

  /** Throws UNAVAILABLE if the connection is gone, RESOURCE_EXHAUSTED if it is slower than its caller; nothing was sent then. */
  send(frame: Frame): void {
    if (!this.isOpen) throw unavailable(this.#name, 'the connection is closing');
    const { bufferedAmount } = this.inner;
    if (bufferedAmount > this.options.maxBufferedBytes)
      throw new ApiError(
        'RESOURCE_EXHAUSTED',
        `${bufferedAmount} bytes wait to be sent: the connection is slower than what is asked of it`,
        { sent: false },
      );
    this.#joiner?.hold();
    this.inner.send(frame);
  }

  /** Says whether anybody waits for anything: a connection that nobody needs does not keep the process alive. */
  need(isNeeded: boolean): void {
    if (isNeeded === this.#isNeeded) return;
    this.#isNeeded = isNeeded;
    if (isNeeded) this.#stream?.ref();
    else this.#stream?.unref();
  }

  /** Closes; resolves when the connection is gone, by force if the peer does not answer. */
  async close(code: number = CLOSE.NORMAL, reason = ''): Promise<void> {
    this.#hooks = undefined;
    this.#stopPinging?.();
    if (this.inner.readyState < 2) this.inner.close(code, reason);
    await within(CLOSE_TIMEOUT_MS, this.#closed);
    this.#abandon();
  }

  /** Gives the connection up, which is as if it were lost. */
  fail(why: string): void {
    this.#giveUp(new ApiError('UNAVAILABLE', `${this.#name}: ${why}`));
  }

  #hearUpgrade(inner: NodeSocket, fail: (error: ApiError) => void): void {
    const { onUpgraded } = this.options;
    const url = this.#name;
    inner.on('upgrade', (response) => {
      // Bun's `ws` has none.
      if (typeof response.socket?.cork === 'function') {
        this.#stream = response.socket;
        this.#joiner = new FrameJoiner(response.socket);
      }
      onUpgraded(101, flat(response.headers));
    });
    inner.on('unexpected-response', (request, response) => {
      onUpgraded(response.statusCode ?? 0, flat(response.headers));
      void refusalOf(url, response).then((error) => {
        request.destroy();
        fail(error);
      });
    });
  }

  #start(hooks: SocketHooks): void {
    this.#hooks = hooks;
    if (!this.#isNeeded) this.#stream?.unref();
    const node = takesPings(this.inner) ? this.inner : undefined;
    node?.on('pong', () => (this.#heard = true));
    this.#ping = hooks.ping ?? (node && (() => node.ping()));
    this.pingEvery(this.options.pingIntervalMs);
  }

  /** Asks for a sign of life at this interval from now on, in milliseconds. */
  pingEvery(intervalMs: number): void {
    const ping = this.#ping;
    this.#stopPinging?.();
    // It asks after the connection, which is there for those who wait.
    if (ping && this.#hooks) this.#stopPinging = every(intervalMs, () => this.#tick(ping), { holds: false });
  }

  /** Any frame is a sign of life; a peer that gave none since the last question is gone, whatever the platform says of the socket. */
  #tick(ping: () => void): void {
    if (!this.#heard) return this.fail('the peer has fallen silent');
    this.#heard = false;
    try {
      ping();
    } catch {
      // The connection is closing, and its end will tell; or its buffer is full, and then silence will.
    }
  }

  #take(data: unknown, isBinary = typeof data !== 'string'): void {
    this.#heard = true;
    if (!this.#hooks) return;
    if (isBinary && this.#hooks.onBytes) return this.#hooks.onBytes(data);
    const { maxMessageBytes } = this.options;
    const text = textOf(data);
    if (!isLonger(text, maxMessageBytes)) return this.#hooks.onText(text);
    const limit = hardLimit(maxMessageBytes);
    if (limit === 0 || byteLength(text) <= limit) return this.#hooks.onTooLarge(text);
    // `ws` would not have read it.
    this.#giveUp(overLimit(this.#name));
  }

  #giveUp(error: ApiError): void {
    this.#abandon();
    this.#lose(error, 1006);
  }

  #lose(error: ApiError, code: number): void {
    const hooks = this.#hooks;
    this.#hooks = undefined;
    this.#stopPinging?.();
    hooks?.onLost(error, code);
  }

  #abandon(): void {
    if (this.inner.readyState === 3) return;
    const { terminate } = this.inner as Partial<NodeSocket>;
    if (terminate) terminate.call(this.inner);
    else this.inner.close();
  }
}

function construct({ constructor, url, protocols, headers, maxMessageBytes, tls }: SocketOptions): WebSocketLike {
  if (isOfNode(constructor))
    return new (constructor as unknown as NodeConstructor)(url, protocols, {
      ...tls,
      headers,
      perMessageDeflate: false,
      maxPayload: hardLimit(maxMessageBytes),
      closeTimeout: CLOSE_TIMEOUT_MS,
    });
  // The third argument is only for a class over a dispatcher.
  const carried: CarriedConstructor = constructor;
  const made = new carried(url, [...protocols], headers);
  // A Blob could only be read later, after the messages that follow it.
  if ('binaryType' in made) made.binaryType = 'arraybuffer';
  return made;
}

/** The text of a message; binary ones are read as UTF-8. */
function textOf(data: unknown): string {
  if (typeof data === 'string') return data;
  return data instanceof ArrayBuffer ? new TextDecoder().decode(data) : String(data);
}

function flat(headers: UpgradeResponse['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
