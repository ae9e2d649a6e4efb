// The clients that are tried: which port of the server each speaks to, and how it is made.
import { connect } from 'multi-api-sdk/grpc/connect';
import { grpc } from 'multi-api-sdk/grpc';
import { graphql } from 'multi-api-sdk/graphql';
import { mcp } from 'multi-api-sdk/mcp';
import { mqtt } from 'multi-api-sdk/mqtt';
import { rest } from 'multi-api-sdk/rest';
import { soap } from 'multi-api-sdk/soap';
import { webSocket } from 'multi-api-sdk/websocket';

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
