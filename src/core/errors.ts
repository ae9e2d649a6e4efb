import { isJson } from './is-json.ts';

/**
 * The sixteen error codes, in gRPC's numbering (1 to 16).
 * Source: https://grpc.io/docs/guides/status-codes/
 */
export const ERROR_CODES = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** One of gRPC's sixteen canonical error codes; every protocol maps its own errors to these. */
export type ErrorCode = (typeof ERROR_CODES)[number];

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);

/** Tells whether a value from the wire is one of the sixteen codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return CODES.has(value);
}

/** Tells whether a text can be the name of a declared error: gRPC's rule for ErrorInfo, and none of the codes. */
export function isReason(name: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,62}$/.test(name) && !CODES.has(name);
}

/** A JSON object, such as the `details` of an error. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

/** One mistake in an input: its place and a message. */
export interface Issue {
  /** Property names and list positions from the root of the input. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The answer of a foreign service that an error was made from. */
export interface ErrorResponse {
  readonly status: number;
  /** Lower-case names; cookies are left out. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON, else text; at most 64 KiB of it. */
  readonly body: unknown;
}

/** The parts of an error besides its code and message. */
export interface ApiErrorOptions {
  /** JSON object with more about the error; `{ issues }` for INVALID_ARGUMENT. */
  readonly details?: JsonObject | undefined;
  /** The name of an error that the operation declares, `OUT_OF_STOCK`. Any other text is left out. */
  readonly reason?: string | undefined;
  /** How long the peer asks to wait before trying again, in milliseconds; a negative or infinite time is left out. */
  readonly retryAfterMs?: number | undefined;
  /** The id of the request in the peer's log, up to 128 printable ASCII characters. Any other is left out. */
  readonly requestId?: string | undefined;
  /** True if the error came from the peer, false if it arose here. @default false */
  readonly remote?: boolean | undefined;
  /** False if the request certainly never reached the peer, so every operation may be tried again. @default true */
  readonly sent?: boolean | undefined;
  /** Data that the peer sent with the error, such as other fields of a GraphQL response. It does not travel on. */
  readonly partial?: unknown;
  /** The answer of a foreign service that it was made from. It does not travel on. */
  readonly response?: ErrorResponse | undefined;
  /** The error that led to this one. It never leaves the process. */
  readonly cause?: unknown;
}

/** An error as it travels: the same members on every protocol. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  readonly reason?: string;
  readonly details?: JsonObject;
  readonly retryAfterMs?: number;
  readonly requestId?: string;
}

const BRAND: unique symbol = Symbol.for('multi-api-sdk.ApiError');

/**
 * The one error of this library: every failed call, on every protocol, rejects with it.
 * Its `message` begins with the code (`[NOT_FOUND] no user has the id 7`); `text` is the same without the code.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  /** The message without the `[CODE]` prefix. This text travels to a caller. */
  readonly text: string;
  /**
   * The declared name of a typed error, `OUT_OF_STOCK`: only if its operation declares it, with this code and such `details`.
   * An error of another name is just its code.
   */
  declare readonly reason?: string;
  declare readonly details?: JsonObject;
  declare readonly retryAfterMs?: number;
  declare readonly requestId?: string;
  /** Data that the peer sent with the error. */
  declare readonly partial?: unknown;
  /** The answer of a foreign service that it was made from: its status, its headers and its own words. */
  declare readonly response?: ErrorResponse;
  readonly remote: boolean;
  readonly sent: boolean;

  constructor(code: ErrorCode, message: string, options: ApiErrorOptions = {}) {
    // A program without types may give values that fail every encoder: an unknown code, a message that is not text.
    if (!isErrorCode(code)) code = 'UNKNOWN';
    super(`[${code}] ${message}`, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.text = `${message}`;
    this.remote = options.remote ?? false;
    this.sent = options.sent ?? true;
    if (options.details !== undefined) this.details = options.details;
    const { reason, retryAfterMs, requestId } = options;
    if (reason !== undefined && isReason(reason)) this.reason = reason;
    // They become headers and lines of logs, and may be a peer's. A value that fits neither is left out.
    if (retryAfterMs !== undefined && retryAfterMs >= 0 && retryAfterMs < Infinity) this.retryAfterMs = retryAfterMs;
    if (requestId !== undefined && /^[\x20-\x7e]{1,128}$/.test(requestId)) this.requestId = requestId;
    if (options.partial !== undefined) this.partial = options.partial;
    if (options.response !== undefined) this.response = options.response;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Returns `error` itself if it is an `ApiError`, else a new one with this code and message and `error` as its cause. */
  static from(error: unknown, code: ErrorCode, message: string, options: ApiErrorOptions = {}): ApiError {
    return isApiError(error) ? error : new ApiError(code, message, { ...options, cause: error });
  }

  /** The same error with other members changed; the original is its cause. */
  with(change: ApiErrorOptions): ApiError {
    const { code, text, reason, details, retryAfterMs, requestId, partial, response, remote, sent } = this;
    return new ApiError(code, text, { reason, details, retryAfterMs, requestId, partial, response, remote, sent, cause: this, ...change });
  }

  /** The parts that travel to the caller: no cause, no stack, and no details that JSON cannot hold. */
  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.text,
      ...(this.reason !== undefined && { reason: this.reason }),
      ...(this.details && isJson(this.details) && { details: this.details }),
      ...(this.retryAfterMs !== undefined && { retryAfterMs: this.retryAfterMs }),
      ...(this.requestId !== undefined && { requestId: this.requestId }),
    };
  }
}

/** The type of an `ApiError` after narrowing by a declared error. */
type Narrowed<N, D> = D extends { readonly code: infer C; readonly details: { readonly _zod: { readonly output: infer T } } }
  ? { readonly code: C; readonly reason: N; readonly details: T }
  : D extends { readonly code: infer C }
    ? N extends ErrorCode
      ? { readonly code: C; readonly reason?: undefined }
      : { readonly code: C; readonly reason: N }
    : never;

/** The error that an operation declares under a name: its `code`, `reason` and `details` are those declared. */
export type DeclaredError<E, N extends keyof E> = ApiError & Narrowed<N, E[N]>;

/** Tells whether a value is an `ApiError`, also one from another copy of this package (`instanceof` would say no). */
export function isApiError(value: unknown): value is ApiError;
/**
 * Tells whether a value is the error that an operation declares under this name, and narrows its `details`:
 * `isApiError(error, shop.operations.order, 'OUT_OF_STOCK')`.
 */
export function isApiError<E extends Readonly<Record<string, { readonly code: ErrorCode }>>, N extends keyof E & string>(
  value: unknown,
  operation: { readonly errors: E },
  name: N,
): value is DeclaredError<E, N>;
export function isApiError(
  value: unknown,
  operation?: { readonly errors: Readonly<Record<string, { readonly code: ErrorCode }>> },
  name?: string,
): boolean {
  try {
    if ((value as { readonly [BRAND]?: unknown } | null | undefined)?.[BRAND] !== true) return false;
  } catch {
    // A program may throw anything, or abort a signal with it: a proxy that fails must not keep a call from its end.
    return false;
  }
  if (!operation || name === undefined) return true;
  const { code, reason } = value as ApiError;
  return (reason ?? code) === name && Object.hasOwn(operation.errors, name) && operation.errors[name]?.code === code;
}

/** Marks the FAILED_PRECONDITION of a key that was used for another input; REST answers it with 422. */
export const KEY_REUSED = { reason: 'IDEMPOTENCY_KEY_REUSED' } as const;

/** The error of a call or a subscription whose member is not in the transport's contract: nothing was sent. */
export function noMember(kind: 'operation' | 'event', name: string): ApiError {
  return new ApiError('UNIMPLEMENTED', `the contract has no ${kind} '${name}'`, { sent: false });
}

/** The error of what a client is asked after its end, or was still doing then. */
export function clientClosed(sent = true): ApiError {
  return new ApiError('CANCELLED', 'the client is closed', { sent });
}

/** The error of a subscription of an adapter without a client that was closed. */
export function transportClosed(options?: ApiErrorOptions): ApiError {
  return new ApiError('CANCELLED', 'the transport was closed', options);
}

/** All that a caller may see of an error that was not meant for them. */
export function internalError(options?: ApiErrorOptions): ApiError {
  return new ApiError('INTERNAL', 'internal error', options);
}

/** The error of a call whose caller has cancelled it. */
export function callerCancelled(options?: ApiErrorOptions): ApiError {
  return new ApiError('CANCELLED', 'the caller cancelled the call', options);
}

/** The error of a call or a subscription whose caller has gone. */
export function callerLeft(): ApiError {
  return new ApiError('CANCELLED', 'the caller has left');
}

/** The error of what a server cannot finish before its end. */
export function serverStopping(): ApiError {
  return new ApiError('UNAVAILABLE', 'the server is stopping');
}
