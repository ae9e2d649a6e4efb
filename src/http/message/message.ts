import type { Peer } from '../../core/transport.ts';

/** One HTTP request, independent of the server. Node's listener and a fetch handler both make it. */
export interface HttpRequest {
  readonly method: string;
  /** As sent, before decoding: `/users/123`. */
  readonly path: string;
  /** The text after the `?`, before decoding; empty if there is none. */
  readonly query: string;
  /** Scheme and authority that the caller used: `http://localhost:4000`. */
  readonly origin: string;
  /** Lower-case names; repeated ones joined by the rules of `node:http`. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly address: string | undefined;
  /** The caller as the host knows it, such as the user that its middleware found. */
  readonly caller?: unknown;
  /** Calls `listener` once when the caller leaves before the response is complete, and at once if it has left already. */
  onAbort(listener: () => void): void;
  /**
   * Reads the whole body as UTF-8 text (without a byte order mark) or bytes, once. Rejects with an `HttpError`: 413 over `maxBytes`, 400 if
   * the body was cut or is not UTF-8, 408 if it took too long, 415 if it is compressed otherwise than in one of `encodings`. Bytes in one
   * of `encodings` are given as they came, and the caller inflates them within limits of its own.
   */
  text(maxBytes: number): Promise<string>;
  /** As `text`, for bytes. */
  bytes(maxBytes: number, encodings?: readonly string[]): Promise<Uint8Array>;
  /**
   * As `bytes`, piece by piece: bytes that nobody asks for are not read, and the time counts for each piece. Leaving it leaves the rest of
   * the body unread.
   */
  stream(maxBytes: number): AsyncIterable<Uint8Array>;
}

/** One HTTP response. `content-length` and `date` are the listener's. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | HttpStream | undefined;
  /** Values of `Set-Cookie`, each of which is a header of its own. */
  readonly cookies?: readonly string[] | undefined;
}

/** Writes a response's body piece by piece; called when the head has been sent. */
export type HttpStream = (writer: HttpWriter) => void;

/** Receives the body of an `HttpStream`. After `end`, and after the caller has left, calls have no effect. */
export interface HttpWriter {
  /** Sends a piece; never waits, so look at `bufferedBytes`. */
  write(chunk: string | Uint8Array): void;
  /** The response is complete. */
  end(): void;
  /** Breaks the body off, so the caller cannot take it for complete. */
  cut(): void;
  /** Settles when the caller has taken enough of what was written for more to be sent, or is gone; `undefined` if more can be sent now. */
  drained(): Promise<void> | undefined;
  /** Bytes written that the caller has not taken yet. */
  readonly bufferedBytes: number;
  /** Calls `listener` once when the response is over, for whatever reason, and at once if it is over already. */
  onClose(listener: () => void): void;
  /**
   * Calls `listener` once when the server is about to stop, so that the stream can say so and `end`. Streams that are still open after the
   * server's grace are cut. A stream without a listener is ended at once.
   */
  onStop(listener: () => void): void;
}

/** Answers a request, or returns `undefined` if the request is not its own. `composeHandlers` then asks the next. */
export interface HttpHandler {
  (request: HttpRequest): HttpResponse | undefined | Promise<HttpResponse | undefined>;
}

/** The caller, from an HTTP request. */
export function peerOf(request: HttpRequest, protocol: string): Peer {
  const { address, caller } = request;
  return caller === undefined ? { protocol, address } : { protocol, address, caller };
}
