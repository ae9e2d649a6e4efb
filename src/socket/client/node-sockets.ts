import PlatformWebSocket from 'isomorphic-ws';
import type { Dispatcher } from 'undici';
import type { ClientTls, DispatcherLike } from '../../http/client/fetch-like.ts';
import { createDispatcher, usesProxy } from '../../http/client/light-carrier.ts';
import type { WebSocketConstructor } from './like.ts';
import type { SocketClass, SocketClassOptions } from './socket-class.ts';

/**
 * The class of a client's sockets on Node: the given one, that of undici over a dispatcher or the environment's proxy, or that of `ws`.
 * Throws a `TypeError` for `tls` and `dispatcher` beside a class that was given.
 */
export function socketClass({ WebSocket, tls, dispatcher }: SocketClassOptions): SocketClass {
  if (WebSocket && (tls || dispatcher))
    throw new TypeError("'tls' and 'dispatcher' are not for a 'WebSocket' of your own: let it have them itself");
  if (tls && dispatcher) throw new TypeError("'tls' is not for a 'dispatcher' of your own: let it have it itself");
  if (WebSocket || (!dispatcher && !usesProxy())) return () => WebSocket ?? PlatformWebSocket;
  let loading: Promise<WebSocketConstructor> | undefined;
  return () => (loading ??= carriedBy(dispatcher, tls));
}

async function carriedBy(given: DispatcherLike | undefined, tls: ClientTls | undefined): Promise<WebSocketConstructor> {
  const dispatcher = (given as Dispatcher | undefined) ?? (await createDispatcher(0, tls));
  const { WebSocket } = await import('undici');
  class CarriedWebSocket extends WebSocket {
    static readonly takesHeaders = true;

    constructor(url: string, protocols: string | string[] = [], headers: Readonly<Record<string, string>> = {}) {
      super(url, { protocols, headers, dispatcher });
    }
  }
  return CarriedWebSocket;
}
