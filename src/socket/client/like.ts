/** The content of a frame: text, or the bytes of a binary one. */
export type Frame = string | Uint8Array;

/** The members of a socket that this library needs: the platform's fits, and so does that of `ws`. */
export interface WebSocketLike {
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that were sent and have not left yet. */
  readonly bufferedAmount: number;
  /** Sends one frame: text, or bytes as a binary one. */
  send(data: string | Uint8Array): void;
  /** Begins the closing handshake. */
  close(code?: number, reason?: string): void;
  /** As in browsers. */
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: SocketEvent) => void): void;
}

/** The parts of a socket's events that are read. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly error?: unknown;
}

/** The `WebSocket` option of every client that has sockets: the class of the platform or of `ws`. */
export interface WebSocketConstructor {
  new (url: string, protocols?: string | string[]): WebSocketLike;
}

/** The members that only `ws` has; they are used if they are there. */
export interface NodeSocket extends WebSocketLike {
  terminate(): void;
  ping(): void;
  on(event: 'pong', listener: () => void): void;
  on(event: 'message', listener: (data: unknown, isBinary: boolean) => void): void;
  on(event: 'upgrade', listener: (response: UpgradeResponse) => void): void;
  on(event: 'unexpected-response', listener: (request: { destroy(): void }, response: UpgradeResponse) => void): void;
}

/** The answer to an upgrade, as `ws` hands it on. */
export interface UpgradeResponse {
  readonly statusCode?: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The socket of Node below. Absent in the `ws` of Bun. */
  readonly socket?: NodeStream;
  on(event: string, listener: (chunk: { toString(): string }) => void): void;
}

/** The socket of Node below a WebSocket. */
export interface NodeStream {
  cork(): void;
  uncork(): void;
  ref(): void;
  unref(): void;
}

/** The class of `ws`, which takes options. */
export interface NodeConstructor {
  new (url: string, protocols: readonly string[], options: object): NodeSocket;
}

/** The class of a socket that a dispatcher carries, which has `takesHeaders`. */
export interface CarriedConstructor extends WebSocketConstructor {
  new (url: string, protocols: string[], headers: Readonly<Record<string, string>>): WebSocketLike;
}

/** Whether this is the class of `ws`. */
export function isOfNode(constructor: WebSocketConstructor): boolean {
  return typeof (constructor.prototype as Partial<NodeSocket> | undefined)?.terminate === 'function';
}

/** Whether sockets of this make can send headers with their upgrade: those of browsers cannot. */
export function takesHeaders(constructor: WebSocketConstructor): boolean {
  return isOfNode(constructor) || 'takesHeaders' in constructor;
}

/** Whether a socket can send ping frames. */
export function takesPings(socket: WebSocketLike): socket is NodeSocket {
  return typeof (socket as Partial<NodeSocket>).ping === 'function';
}
