/**
 * The client of JSON-RPC and plain channels over WebSocket.
 *
 * @module multi-api-sdk/websocket
 * @group Clients
 */

import { checkForeign } from '#contract-check';
import { channels, transports } from '#websocket-transport';
import { socketClass } from '#sockets';
import { defineAdapter } from '../guard/guard.ts';
import type { CloudEventsOption } from '../events/cloud/cloud-event.ts';
import type { HeadersOption } from '../peer/headers.ts';
import { laterTransport } from '../peer/later-transport.ts';
import { guardOnWire, type OnWire } from '../peer/on-wire.ts';
import type { Adapter } from '../core/transport.ts';
import { SOCKET_CLASS_OPTIONS, type SocketClassOptions } from '../socket/client/socket-class.ts';
import type { OnState } from '../socket/client/link.ts';
import { RPC_PATH, SUBPROTOCOL, type ClientSettings } from './settings.ts';
import type { FeedEvent, FeedOperation } from './channel/feed.ts';
import type { RpcFrames, SocketSession } from './dialogue.ts';
import type { RpcEventMapping, RpcMapping, RpcOperationMapping } from './rpc/foreign.ts';
import { ApiError } from '../core/errors.ts';
import { bytes, ms, readOptions, type OptionsInForce } from '../core/options.ts';
import { withPart } from '../life/lazy.ts';

export type { SocketEvent, WebSocketConstructor, WebSocketLike } from '../socket/client/like.ts';
export type { CloudEventsMode, CloudEventsOption, CloudEventsOptions } from '../events/cloud/cloud-event.ts';
export type { FeedEvent, FeedOperation } from './channel/feed.ts';
export type { ReadContext } from '../guard/mapped-sink.ts';
export type { RpcFrames, SocketSession } from './dialogue.ts';
export type { RpcEventMapping, RpcOperationMapping } from './rpc/foreign.ts';
export type { OnState, WebSocketState } from '../socket/client/link.ts';

/** Options of `webSocket` on both protocols. */
export interface WebSocketBaseOptions extends SocketClassOptions {
  /** Headers of the upgrade and, with JSON-RPC, of each call. A function is asked again for each, so tokens can refresh. */
  readonly headers?: HeadersOption;
  /** Sees what really went over the wire, credentials redacted. */
  readonly onWire?: OnWire;
  /** The wishes of a peer that someone else designed, for each connection: credentials first, answers to challenges and heartbeats. @default nothing */
  readonly session?: SocketSession;
  /** Told when the connection is being made, stands, failed or was lost. */
  readonly onState?: OnState;
  /** How long connecting may take, in milliseconds. @default 10_000 */
  readonly connectTimeoutMs?: number;
  /** How often the peer is asked for a sign of life, in milliseconds; one that gave none when it is asked again is gone. @default 30_000 */
  readonly pingIntervalMs?: number;
  /** Larger messages are refused before they are sent. @default 1_048_576 (1 MiB) */
  readonly maxRequestBytes?: number;
  /**
   * A larger message of the peer fails the call or subscription that it is for with DATA_LOSS; one of eight times as much ends the connection.
   * @default 8_388_608 (8 MiB)
   */
  readonly maxMessageBytes?: number;
  /** If so many bytes wait to be sent, a call is refused with RESOURCE_EXHAUSTED. @default 16_777_216 (16 MiB) */
  readonly maxBufferedBytes?: number;
}

/** The address of a peer, or a function that makes it for each connection. */
export type SocketUrl = string | (() => string | Promise<string>);

/** Options of `webSocket` for JSON-RPC 2.0. */
export interface WebSocketOptions extends WebSocketBaseOptions {
  /**
   * The address of the server: `ws://localhost:4000`, `wss://example.com/api/ws`; `http:` means `ws:`. Without a path, `/ws`. A function is asked again
   * for each connection, for addresses that are signed or expire.
   */
  readonly url: SocketUrl;
  /** @default 'jsonrpc' */
  readonly protocol?: 'jsonrpc';
  /** Offered with the upgrade, one or several; `false` offers none. @default 'jsonrpc-2.0', or `false` with `operations` or `events` */
  readonly subprotocol?: string | readonly string[] | false;
  /** How operations of a peer that someone else designed are called. With this option or `events`, nothing of our own format is sent. */
  readonly operations?: Readonly<Record<string, RpcOperationMapping>>;
  /** Which notifications of such a peer are events. */
  readonly events?: Readonly<Record<string, RpcEventMapping>>;
  /** How the frames of such a peer differ from those of JSON-RPC, if they have ids and names too. @default not at all */
  readonly frames?: RpcFrames;
  /** The notification with which such a peer is told that a call was cancelled: `$/cancelRequest`. @default none */
  readonly cancelMethod?: string;
  /** A method whose answer, or error, is such a peer's sign of life; without it `ws` sends ping frames. @default none */
  readonly pingMethod?: string;
  /** Explains such a peer's error codes; `undefined` leaves it to the default. */
  readonly errorCode?: RpcMapping['errorCode'];
  /** Gets notifications of such a peer that cannot be read; they end nothing. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** Options of `webSocket` for plain channels. `N` are the operations that have a mapping. */
export interface ChannelOptions<N extends string = string> extends WebSocketBaseOptions {
  /**
   * The URL before the events' channels: with `wss://example.com/api`, the channel `chat` is `wss://example.com/api/chat`. A function is asked again for
   * each connection.
   */
  readonly url: SocketUrl;
  readonly protocol: 'channel';
  /**
   * Whether the server sends what is written back to its writer, as `webSocketHandler` does: a call is done then. Without, it is done
   * when its frame was sent, and gives its own input. @default true
   */
  readonly echo?: boolean;
  /**
   * Offers the subprotocol `cloudevents.json`: frames are CloudEvents 1.0 in both directions. An event has the `id` and `time` of its CloudEvent.
   * @default no CloudEvents
   */
  readonly cloudEvents?: CloudEventsOption<'structured'>;
  /** Offered with the upgrade, one or several: `'v12.stomp'`. @default none, or that of `cloudEvents` */
  readonly subprotocol?: string | readonly string[] | false;
  /** How operations are written to a feed that someone else designed. */
  readonly operations?: Readonly<Record<N, FeedOperation>>;
  /** How events are read from a feed that someone else designed. */
  readonly events?: Readonly<Record<string, FeedEvent>>;
  /** Gets frames that nobody could read; they end nothing. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/**
 * A client over WebSocket. With JSON-RPC 2.0, calls and events share one connection, which is made at its first use and again after it
 * was lost. With `protocol: 'channel'`, it speaks to anyone's server that sends and takes bare JSON: events, and the operations that
 * write to their channels or have a mapping. Formats: docs/protocols/websocket.md.
 */
export function webSocket<N extends string = never>(options: ChannelOptions<N>): Adapter<'subscribe' | 'write' | N>;
export function webSocket(options: WebSocketOptions): Adapter<'call' | 'subscribe' | 'stream'>;
export function webSocket(options: WebSocketOptions | ChannelOptions): Adapter<never> {
  if (options.protocol === 'channel') {
    const read = readOptions('webSocket', options, LIMITS, [
      ...NAMES,
      'echo',
      'cloudEvents',
      'subprotocol',
      'operations',
      'events',
      'onError',
    ]);
    const settings = settingsOf(addressOf(options.url, false), read, offers(read.subprotocol ?? false), undefined);
    return defineAdapter<never>((contract) => {
      checkForeign('webSocket', contract, read, {}, ({ path }) => path !== undefined);
      const make = () => withPart(channels, ({ ChannelTransport }) => new ChannelTransport(contract, settings, options));
      return laterTransport(contract, 'websocket', make);
    });
  }
  const own = ['subprotocol', 'operations', 'events', 'cancelMethod', 'pingMethod', 'errorCode', 'onError', 'frames'] as const;
  const read = readOptions('webSocket', options, LIMITS, [...NAMES, ...own]);
  const { operations, events, cancelMethod, pingMethod, errorCode, onError, subprotocol, frames, session } = options;
  const isForeign = (operations ?? events ?? frames ?? session) !== undefined;
  const mapping: RpcMapping | undefined = isForeign
    ? { operations: operations ?? {}, events: events ?? {}, cancel: cancelMethod, ping: pingMethod, errorCode, onError, frames, session }
    : undefined;
  const offered = subprotocol ?? (isForeign ? false : SUBPROTOCOL);
  const settings = settingsOf(addressOf(options.url, !isForeign), read, offers(offered), mapping);
  return defineAdapter<never>((contract) => {
    const make = () => withPart(transports, ({ RpcTransport }) => new RpcTransport(contract, settings));
    const transport = laterTransport(contract, 'websocket', make);
    checkForeign('webSocket', contract, read, { events: 'notification' }, ({ notify }) => notify === true);
    return transport;
  });
}

function offers(subprotocol: string | readonly string[] | false): readonly string[] {
  return subprotocol === false ? [] : typeof subprotocol === 'string' ? [subprotocol] : subprotocol;
}

const LIMITS = {
  connectTimeoutMs: ms(10_000),
  pingIntervalMs: ms(30_000),
  maxRequestBytes: bytes(1_048_576),
  maxMessageBytes: bytes(8_388_608),
  maxBufferedBytes: bytes(16_777_216),
};
const NAMES = ['url', 'protocol', 'headers', 'onWire', 'onState', 'session', ...SOCKET_CLASS_OPTIONS] as const;

function settingsOf(
  url: ClientSettings['url'],
  options: OptionsInForce<WebSocketBaseOptions, typeof LIMITS>,
  subprotocols: readonly string[],
  mapping: RpcMapping | undefined,
): ClientSettings {
  const { connectTimeoutMs, pingIntervalMs, maxRequestBytes, maxMessageBytes, maxBufferedBytes } = options;
  return {
    url,
    subprotocols,
    mapping,
    socketClass: socketClass(options),
    tls: options.tls,
    headers: options.headers,
    onWire: guardOnWire(options).onWire,
    onState: options.onState,
    connectTimeoutMs,
    pingIntervalMs,
    maxRequestBytes,
    maxMessageBytes,
    maxBufferedBytes,
  };
}

/** Makes the address of each connection. Text is checked here, so a mistake is a `TypeError` of the construction. */
function addressOf(url: SocketUrl, isOurs: boolean): ClientSettings['url'] {
  const check = (text: string): string => {
    const checked = new URL(socketUrl(text));
    if (checked.pathname === '/' && isOurs) checked.pathname = RPC_PATH;
    return checked.href;
  };
  if (typeof url !== 'function') {
    const checked = check(url);
    return () => checked;
  }
  return async () => {
    try {
      return check(await url());
    } catch (error) {
      throw ApiError.from(error, 'UNAVAILABLE', "the 'url' function failed, so no connection was made", { sent: false });
    }
  };
}

/** The url with the scheme of a socket. Throws a `TypeError` that says what is wrong with it. */
function socketUrl(text: string): string {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  if (!URL.canParse(text, location?.href)) throw new TypeError(`webSocket: '${text}' is not a URL: write it like 'ws://localhost:4000'`);
  const url = new URL(text, location?.href);
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw new TypeError(`webSocket: '${text}' must begin with ws://, wss://, http:// or https://`);
  if (url.username !== '') throw new TypeError("webSocket: put credentials into the option 'headers', not into the url");
  if (url.hash !== '') throw new TypeError(`webSocket: '${text}' must have no fragment`);
  return scheme + url.href.slice(url.protocol.length);
}

const SCHEMES: Readonly<Record<string, string>> = { 'ws:': 'ws:', 'wss:': 'wss:', 'http:': 'ws:', 'https:': 'wss:' };
