import type { ClientTls, DispatcherLike } from '../../http/client/fetch-like.ts';
import type { WebSocketConstructor } from './like.ts';

/** The options that say how a client's sockets are made. */
export interface SocketClassOptions {
  /** Makes the sockets. @default that of `ws` on Node, the platform's elsewhere */
  readonly WebSocket?: WebSocketConstructor | undefined;
  /**
   * The certificates that the client shows and trusts over `wss:`: a CA of one's own, a client certificate. On Node only. @default the
   * well-known authorities
   */
  readonly tls?: ClientTls | undefined;
  /**
   * A dispatcher of undici that carries the sockets: `new ProxyAgent('http://proxy:3128')`. On Node only. It is not closed with the client.
   * @default the proxy that the environment names, if Node was told to heed it (`NODE_USE_ENV_PROXY=1`)
   */
  readonly dispatcher?: DispatcherLike | undefined;
}

/** The names of these options. */
export const SOCKET_CLASS_OPTIONS = ['WebSocket', 'tls', 'dispatcher'] as const;

/** Gives the class of a client's sockets, which may have to be loaded. */
export type SocketClass = () => WebSocketConstructor | Promise<WebSocketConstructor>;
