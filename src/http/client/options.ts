import { bytes } from '../../core/options.ts';
import type { HeadersOption } from '../../peer/headers.ts';
import type { OnWire } from '../../peer/on-wire.ts';
import type { ClientTls, DispatcherLike, FetchLike } from './fetch-like.ts';

/** A request as it is about to be sent: what the option `sign` gets. */
export interface RequestToSign {
  readonly method: string;
  /** Absolute, percent-encoded, with its query. */
  readonly url: string;
  /** By names in lower case. `host`, `content-length` and `accept-encoding` are added after it. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes of the body, of which there are none without one; `undefined` if the body is a stream. */
  readonly body: Uint8Array | undefined;
}

/** What a signature adds to a request. */
export interface RequestSignature {
  /** They replace headers of the same name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Parameters that come after all others of the query. */
  readonly query?: Readonly<Record<string, string>>;
}

/** The option `sign` of every client over HTTP. */
export type SignOption = (request: RequestToSign) => RequestSignature | Promise<RequestSignature>;

/** Options of every client over HTTP. */
export interface HttpClientOptions {
  /** Headers of every request. A function is asked again for each call and each reconnect, so tokens can refresh. */
  readonly headers?: HeadersOption | undefined;
  /**
   * Signs each request when nothing of it changes any more, and again if it is sent again: AWS Signature Version 4, HMACs of exchanges and payment
   * services. `onWire` does not see what it adds. If it fails, the call fails with UNAUTHENTICATED. @default none
   */
  readonly sign?: SignOption | undefined;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire | undefined;
  /**
   * Carries the requests. @default on Node one over undici's dispatcher, or the global `fetch` if something has taken its place; elsewhere the
   * platform's
   */
  readonly fetch?: FetchLike | undefined;
  /** How large an answer may be, decompressed, in bytes, and each event or item of a stream; a larger one is DATA_LOSS. @default 8_388_608 (8 MiB) */
  readonly maxResponseBytes?: number | undefined;
  /** Certificates over https: your own CA, a client certificate. On Node only. @default the well-known authorities */
  readonly tls?: ClientTls | undefined;
  /** A dispatcher of undici that carries the requests: `new ProxyAgent('http://proxy:3128')`. On Node only. It is not closed with the client. */
  readonly dispatcher?: DispatcherLike | undefined;
}

/** How large a response may be unless an option says otherwise. */
export const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

/** How the options that are numbers are read. */
export const HTTP_CLIENT_READERS = { maxResponseBytes: bytes(MAX_RESPONSE_BYTES) };
/** The names of the others. */
export const HTTP_CLIENT_OPTIONS = ['headers', 'sign', 'onWire', 'fetch', 'tls', 'dispatcher'] as const;
