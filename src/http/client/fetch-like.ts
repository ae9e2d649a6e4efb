/** What this library needs of `fetch`: the global one fits, and so does any other that follows its shape. */
export interface FetchLike {
  (url: string, init?: FetchInit): Promise<FetchResponse>;
}

/** The members of a request that are used. */
export interface FetchInit {
  readonly method?: string;
  readonly headers?: Record<string, string> | Headers | [string, string][];
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
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
  /** Made when it is asked for; null where the response can have no body. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
  /** Reads the body as UTF-8 text. */
  text(): Promise<string>;
  /** Reads the body and parses it, without limits of depth. */
  json(): Promise<unknown>;
  /** Reads the body. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Names are found in any case. */
export interface FetchHeaders {
  /** The value, or null where the header is absent. */
  get(name: string): string | null;
  /** Whether the header is there. */
  has(name: string): boolean;
  /** Visits each header. */
  forEach(listener: (value: string, name: string) => void): void;
  /** Each header's name and value. */
  entries(): Iterable<[name: string, value: string]>;
}

/** A `fetch` with sockets of its own. */
export interface LightFetch {
  readonly fetch: FetchLike;
  /** Ends what is in flight and frees the sockets. Idempotent. */
  close(): Promise<void>;
}

export interface LightFetchOptions {
  /** How large a body `text`, `json` and `arrayBuffer` read, in bytes; streams are not limited. @default 8_388_608 */
  readonly maxResponseBytes?: number | undefined;
  /** How long connecting may take, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number | undefined;
}

/** A request that got no complete response: nobody listens there, the connection broke. */
export class FetchFailure extends TypeError {
  override readonly name = 'FetchFailure';

  /** Node's or undici's code of the cause: `ECONNREFUSED`, `ENOTFOUND`, `UND_ERR_SOCKET`. */
  readonly code: string | undefined;
  /** False where the request surely never left this process. */
  readonly sent: boolean;

  constructor(message: string, code: string | undefined, sent: boolean, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.sent = sent;
  }
}

/** The code of a `FetchFailure` whose response is over `maxResponseBytes`. */
export const RESPONSE_TOO_LARGE = 'RESPONSE_TOO_LARGE';

/** Codes of failures before a connection stood. */
const UNSENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_[A-Z]+|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket)$/;

/**
 * Tells from an error of any `fetch` whether the request surely never reached the peer, so that it may be sent again;
 * looks through causes, where the reason usually is.
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
