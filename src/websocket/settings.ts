import type { HeadersOption } from '../peer/headers.ts';
import type { OnWire } from '../peer/on-wire.ts';
import type { ClientTls } from '../http/client/fetch-like.ts';
import type { SocketClass } from '../socket/client/socket-class.ts';
import type { RpcMapping } from './rpc/foreign.ts';
import type { OnState } from '../socket/client/link.ts';

/** The subprotocol of `/ws`; a client that offers none speaks it too. */
export const SUBPROTOCOL = 'jsonrpc-2.0';

/** The path at which the server has it, and at which a client looks that was given a url without a path. */
export const RPC_PATH = '/ws';

/** The options of a client with their defaults filled in. */
export interface ClientSettings {
  /** The address of the next connection, with the scheme `ws:` or `wss:`. */
  readonly url: () => string | Promise<string>;
  readonly socketClass: SocketClass;
  readonly tls: ClientTls | undefined;
  /** Offered with the upgrade of JSON-RPC. */
  readonly subprotocols: readonly string[];
  /** If the peer is not of this library. */
  readonly mapping: RpcMapping | undefined;
  readonly headers: HeadersOption | undefined;
  readonly onWire: OnWire | undefined;
  readonly onState: OnState | undefined;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly maxRequestBytes: number;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
}
