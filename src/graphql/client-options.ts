import { bytes, ms, readOptions } from '../core/options.ts';
import type { ReadContext } from '../guard/mapped-sink.ts';
import type { JsonObject } from '../core/errors.ts';
import { HTTP_CLIENT_OPTIONS, HTTP_CLIENT_READERS, type HttpClientOptions } from '../http/client/options.ts';
import type { WebSocketConstructor } from '../socket/client/like.ts';
import type { GraphqlCarrier } from './carrier.ts';
import type { SubscriptionForm } from './socket/settings.ts';

/** An operation of an API that someone else designed. */
export interface ForeignOperation {
  /** One operation, for a streamed operation a subscription; the input's members are its variables. */
  readonly document: string;
  /** The place of the output in `data`: `viewer.profile`; `''` is `data` itself. @default the only field of `data` */
  readonly result?: string;
  /** Makes the variables of the input. @default the input */
  readonly input?: (input: unknown) => JsonObject;
  /** Makes the output of what is at `result`. @default as it is */
  readonly output?: (result: unknown) => unknown;
}

/** An event of an API that someone else designed. */
export interface ForeignEvent {
  /** One subscription; the channel's parameters are its variables. */
  readonly document: string;
  /** The place of the payload in `data`: `orders.changed`; `''` is `data` itself. @default the only field of `data` */
  readonly result?: string;
  /** Makes the variables of the channel's parameters. @default the parameters */
  readonly input?: (params: unknown) => JsonObject;
  /** Takes the payload out of what is at `result`, or gives `undefined` for a response that is not this event. `context` tells of gaps. @default as it is */
  readonly read?: (result: unknown, context: ReadContext) => unknown;
}

/** Options of `graphql`. */
export interface GraphqlOptions extends HttpClientOptions {
  /** The endpoint: `https://example.com/graphql`; without a path it is `/graphql`. */
  readonly url: string;
  /**
   * How events come: over a WebSocket (`graphql-transport-ws`), as server-sent events, or in parts (`multipart/mixed`, as Apollo Router sends them).
   * So do streams by documents of your own; those of a contract's own schema are always server-sent events, which a slow loop can hold back.
   * @default 'ws'
   */
  readonly subscriptions?: SubscriptionForm;
  /** Documents by operation, for servers whose schema is not the contract's own. */
  readonly operations?: Readonly<Record<string, string | ForeignOperation>>;
  /** Documents by event, likewise. */
  readonly events?: Readonly<Record<string, string | ForeignEvent>>;
  /**
   * Asks for documents by their SHA-256, and sends the text once if the server does not have it yet. If a server
   * rejects hashes, the client falls back to documents. Throws a `TypeError` if the platform has no `crypto.subtle`. @default false
   */
  readonly persisted?: boolean;
  /** How queries are sent: answers to GET can be kept by caches on the way. Mutations and long queries are sent by POST. @default 'POST' */
  readonly queryMethod?: 'GET' | 'POST';
  /**
   * Tells the server the deadline in `x-timeout-ms`.
   * @default true, but false in a page of another origin, because the header would then need the API's permission (CORS)
   */
  readonly sendDeadline?: boolean;
  /**
   * Sends files as parts of forms by the multipart request specification, with the header `apollo-require-preflight`, and as streams. For our own
   * servers with the option `uploads`, and for any other with a scalar for files. @default false: base64, which our own servers take
   */
  readonly uploads?: boolean;
  /** Carries queries and mutations instead of `fetch`: a client of graphql-request, with its headers and middleware. */
  readonly carrier?: GraphqlCarrier;
  /** Makes the sockets of subscriptions. @default that of `ws` on Node, the platform's elsewhere */
  readonly WebSocket?: WebSocketConstructor;
  /**
   * The payload of `connection_init`, for servers that want another than the headers; a function is asked for each connection. On Node the
   * headers go with the upgrade in any case. @default the headers
   */
  readonly connectionParams?: JsonObject | (() => JsonObject | Promise<JsonObject>);
  /** How long connecting a socket may take, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** How often the server of a socket is asked for a sign of life, in milliseconds. If it gives none until the next time, it counts as gone. @default 30_000 */
  readonly pingIntervalMs?: number;
  /** A larger event ends its subscription with DATA_LOSS. In bytes. @default 8_388_608 (8 MiB) */
  readonly maxMessageBytes?: number;
  /** Gets the errors of single events, after which a subscription goes on. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** Throws a `TypeError` for an option that cannot be. */
export function readClientOptions(options: GraphqlOptions) {
  const limits = {
    connectTimeoutMs: ms(10_000),
    pingIntervalMs: ms(30_000),
    ...HTTP_CLIENT_READERS,
    maxMessageBytes: bytes(8_388_608),
  };
  return readOptions('graphql', options, limits, [
    'url', 'subscriptions', 'operations', 'events', 'persisted', 'queryMethod', 'uploads', 'sendDeadline', 'carrier', 'WebSocket', 'connectionParams',
    'onError', ...HTTP_CLIENT_OPTIONS,
  ]); // prettier-ignore
}

/** The options with their defaults filled in. */
export type OptionsInForce = ReturnType<typeof readClientOptions>;
