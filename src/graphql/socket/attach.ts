import { acceptedProtocol, SUBPROTOCOL } from './protocol.ts';
import { SocketEndpoint } from '../../socket/endpoint.ts';
import type { Engine } from '../engine/engine.ts';
import type { SocketOptionsInForce } from './options.ts';
import { CLOSE } from './protocol.ts';
import { SocketSession } from './session.ts';

/** Speaks `graphql-transport-ws` at a path. Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
export function graphqlSockets(path: string, engine: Engine, options: SocketOptionsInForce): SocketEndpoint {
  return new SocketEndpoint({
    owner: 'graphqlHandler',
    gate: options,
    onError: (error) => engine.present(error),
    protocol: acceptedProtocol,
    maxMessageBytes: options.maxMessageBytes,
    maxBufferedBytes: options.maxBufferedBytes,
    pingIntervalMs: options.pingIntervalMs,
    deflate: false,
    route: ({ url = '' }) => {
      if (url.split('?', 1)[0] !== path) return undefined;
      return ({ request, accept, peer }) =>
        accept((socket) => {
          if (socket.ws.protocol === SUBPROTOCOL) return new SocketSession(socket, engine, request, peer('graphql'), options);
          socket.close(CLOSE.SUBPROTOCOL_NOT_ACCEPTABLE, 'Subprotocol not acceptable');
          return undefined;
        });
    },
  });
}
