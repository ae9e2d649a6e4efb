/** The part of `fetch` that this library uses. The global one fits, and so does any other of the same shape. */
export interface FetchLike {
  (url: string, init?: FetchInit): Promise<FetchResponse>;
}

/** `Uint8Array<ArrayBuffer>` since TypeScript 5.7, `Uint8Array` before, which did not tell buffers apart. */
export type OwnBytes = ReturnType<Uint8ArrayConstructor['of']>;

/** The members of a request that are used. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: Record<string, string> | Headers | [string, string][];
  readonly body?: string | OwnBytes | Blob | ReadableStream<Uint8Array> | null;
  /** Goes with a body that is a stream. */
  readonly duplex?: 'half';
  readonly signal?: AbortSignal | null;
  /** Redirects are not followed: a 3xx response is returned as it is. */
  readonly redirect?: 'manual' | 'follow' | 'error';
}

/** The members of a response that are used. Read its body or cancel it: `response.body?.cancel()`. */
export interface FetchResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly statusText: string;
  readonly headers: FetchHeaders;
  /** Made on first use; null if the response can have no body. */
  readonly body: ReadableStream<OwnBytes> | null;
  /** Reads the body as UTF-8 text. */
  text(): Promise<string>;
  /** Reads the body and parses it, without limits of depth. */
  json(): Promise<unknown>;
  /** Reads the body. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Names are found in any case. */
export interface FetchHeaders {
  /** The value, or null if the header is absent. */
  get(name: string): string | null;
  /** Whether the header is there. */
  has(name: string): boolean;
  /** Visits each header. */
  forEach(listener: (value: string, name: string) => void): void;
  /** Each header's name and value. */
  entries(): Iterable<[name: string, value: string]>;
}

/** The certificates that a client shows and trusts over https, as `node:tls` takes them. */
export interface ClientTls {
  /** Certificates that are trusted instead of the well-known ones, in PEM. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The client's own certificate, in PEM. */
  readonly cert?: string | Uint8Array | undefined;
  /** Its key, in PEM. */
  readonly key?: string | Uint8Array | undefined;
  /** Certificate and key as PKCS #12, instead of both. */
  readonly pfx?: Uint8Array | undefined;
  readonly passphrase?: string | undefined;
  /** The name that is asked for (SNI) and that the certificate must have. @default the url's host */
  readonly servername?: string | undefined;
  /** `false` accepts any certificate, so anybody in between can read and answer. @default true */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** The part of a dispatcher of undici that is used: an `Agent`, a `ProxyAgent`, a `MockAgent`. It is not closed with the client. */
export interface DispatcherLike {
  // Of any version of undici, whose types no browser has: methods take narrower parameters than they promise.
  dispatch(options: never, handler: never): boolean;
}

/** A `fetch` with sockets of its own. */
export interface LightFetch {
  readonly fetch: FetchLike;
  /** Ends what is in flight and frees the sockets. Idempotent. */
  close(): Promise<void>;
}

export interface LightFetchOptions {
  /** Carries the requests instead. */
  readonly fetch?: FetchLike | undefined;
  /** How large a body `text`, `json` and `arrayBuffer` read, decompressed, in bytes; streams are not limited. @default 8_388_608 */
  readonly maxResponseBytes?: number | undefined;
  readonly tls?: ClientTls | undefined;
  readonly dispatcher?: DispatcherLike | undefined;
  /** How long connecting may take, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
}

/** A request that got no complete response: nobody listens there, the connection broke. */
export class FetchFailure extends TypeError {
  override readonly name = 'FetchFailure';

  /** Node's or undici's code of the cause: `ECONNREFUSED`, `ENOTFOUND`, `UND_ERR_SOCKET`. */
  readonly code: string | undefined;
  /** False if the request surely never left this process. */
  readonly sent: boolean;

  constructor(message: string, code: string | undefined, sent: boolean, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.sent = sent;
  }
}

/** The codes of a `FetchFailure` whose response came, and would be as useless the next time: over `maxResponseBytes`, or not in its charset or encoding. */
export const RESPONSE_TOO_LARGE = 'RESPONSE_TOO_LARGE';
export const UNREADABLE_RESPONSE = 'UNREADABLE_RESPONSE';

export function responseTooLarge(maxBytes: number): FetchFailure {
  return new FetchFailure(`the response is larger than ${maxBytes} bytes`, RESPONSE_TOO_LARGE, true, undefined);
}

export function closedFailure(): FetchFailure {
  return new FetchFailure('the client was closed', 'UND_ERR_CLOSED', false, undefined);
}

/** Codes of failures before a connection stood. */
const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/;

/**
 * Tells from an error of any `fetch` whether the request surely never reached the peer, so that it may be sent again. It looks through
 * causes, because the reason usually is there.
 */
export function isUnsent(error: unknown): boolean {
  for (const cause of causesOf(error)) {
    if (cause instanceof FetchFailure) return !cause.sent;
    const { code, errors } = cause;
    if (typeof code === 'string' && UNSENT.test(code)) return true;
    // One error for each address that was tried.
    if (Array.isArray(errors) && errors.length > 0) return errors.every(isUnsent);
  }
  return false;
}

/** The first code among an error and its causes. */
export function codeOf(error: unknown): string | undefined {
  for (const { code } of causesOf(error)) if (typeof code === 'string') return code;
  return undefined;
}

/** An error and what led to it, outermost first. */
export function* causesOf(error: unknown): Generator<{ readonly [member: string]: unknown }> {
  let at = error;
  for (let depth = 0; depth < 6 && typeof at === 'object' && at !== null; depth++) {
    const cause = at as { readonly [member: string]: unknown };
    yield cause;
    at = cause['cause'];
  }
}
