// The clients that are tried: which port of the server each speaks to, and how it is made.
import { connect } from '../../dist/grpc/connect/client.js';
import { grpc } from '../../dist/grpc/client.js';
import { graphql } from '../../dist/graphql/client.js';
import { mcp } from '../../dist/mcp/client.js';
import { mqtt } from '../../dist/mqtt/client.js';
import { rest } from '../../dist/rest/client.js';
import { soap } from '../../dist/soap/client.js';
import { webSocket } from '../../dist/websocket/client.js';

export const onError = () => {};
const pingIntervalMs = 2000;
const at = (port) => `http://127.0.0.1:${port}`;

/** `isOne`: all calls share one connection, so each fault holds up all of them. `does`: what it is tried with. */
export const ADAPTERS = {
  rest: { port: 'http', make: (port) => rest({ url: at(port) }) },
  graphql: { port: 'http', make: (port) => graphql({ url: at(port), pingIntervalMs }) },
  graphqlSse: { port: 'http', does: 'events', make: (port) => graphql({ url: at(port), subscriptions: 'sse' }) },
  webSocket: { port: 'http', isOne: true, make: (port) => webSocket({ url: at(port), pingIntervalMs }) },
  soap: { port: 'http', does: 'calls', make: (port) => soap({ url: at(port) }) },
  mcp: { port: 'http', does: 'calls', make: (port) => mcp({ url: at(port) }) },
  connect: { port: 'http', make: (port) => connect({ url: at(port), format: 'binary', pingIntervalMs }) },
  grpcWeb: { port: 'http', make: (port) => connect({ url: at(port), protocol: 'grpc-web', pingIntervalMs }) },
  grpc: { port: 'grpc', isOne: true, make: (port) => grpc({ url: `127.0.0.1:${port}`, pingIntervalMs }) },
  mqtt: { port: 'mqtt', isOne: true, make: (port) => mqtt({ url: `mqtt://127.0.0.1:${port}`, pingIntervalMs, onError }) },
  webhook: { does: 'events' },
};
