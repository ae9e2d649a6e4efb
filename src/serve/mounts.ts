import { graphqlHandler } from '../graphql/server.ts';
import { connectHandler } from '../grpc/connect/server.ts';
import { mcpHandler } from '../mcp/server.ts';
import { mqttProtocol } from '../mqtt/schema.ts';
import type { ProtocolName } from '../protocols.ts';
import { restHandler } from '../rest/server.ts';
import { soapHandler } from '../soap/server.ts';
import { webhookHandler, webhookProtocol } from '../webhook/server.ts';
import { webSocketHandler, webSocketProtocol } from '../websocket/server.ts';
import type { Mount, MountContext } from './mount.ts';
import { mountMqtt } from './mqtt.ts';
import type { ServeOptions } from './options.ts';
import { GRPC_PORT } from './ports.ts';

/** Makes each protocol's part. The handlers are asked in this order for what comes in over HTTP. */
export const MOUNTS: Readonly<Record<ProtocolName, (context: MountContext) => Mount>> = {
  rest: ({ transport, options, onError }) => ({
    handler: restHandler(transport, {
      ...options.rest,
      ...publicUrlOf(options),
      eventProtocols: eventProtocols(options),
      ...onError,
    }),
  }),
  graphql({ transport, options, sockets, onError }) {
    const handler = graphqlHandler(transport, { ...options.graphql, ...sockets, ...onError });
    return {
      handler,
      open: async ({ server }) => void handler.attach(server, { caller: options.caller }),
      stopCalls: (graceMs) => handler.close(graceMs),
    };
  },
  websocket({ transport, options, sockets, onError }) {
    const handler = webSocketHandler(transport, { ...options.websocket, ...sockets, ...onError });
    return {
      open: async ({ server }) => void handler.attach(server, { caller: options.caller }),
      stopCalls: (graceMs) => handler.close(graceMs),
    };
  },
  soap: ({ transport, options, onError }) =>
    // It carries no streams, and nothing but operations.
    Object.values(transport.contract.operations).some(({ item }) => !item)
      ? { handler: soapHandler(transport, { ...options.soap, ...publicUrlOf(options), ...onError }) }
      : {},
  webhook({ transport, options, onError }) {
    const { allowPrivateWebhooks, graceMs } = options;
    const handler = webhookHandler(transport, {
      ...options.webhook,
      ...publicUrlOf(options),
      ...(allowPrivateWebhooks !== undefined && { allowPrivate: allowPrivateWebhooks }),
      ...(graceMs !== undefined && { graceMs }),
      ...onError,
    });
    return {
      handler,
      problems: () => handler.problems,
      // Events of now on are held until the store was read; a store that cannot be read holds up nobody else.
      publish: () => handler.tried.then(() => ({})),
      close: () => handler.close(),
    };
  },
  grpc({ transport, options, onError }) {
    const { host, grpcPort = GRPC_PORT } = options;
    let close: ((graceMs: number) => Promise<void>) | undefined;
    const { lock } = options.grpc ?? {};
    return {
      handler: connectHandler(transport, { ...(lock && { lock }), ...options.connect, ...onError }),
      async open() {
        // Loaded late, so that a program that loads this file loads no gRPC.
        const { serveGrpc } = await import('../grpc/server.ts');
        const server = await serveGrpc(transport, { ...options.grpc, host, port: grpcPort, ...onError });
        close = (graceMs) => server.close(graceMs);
        return { grpc: server.address };
      },
      stopCalls: async (graceMs) => close?.(graceMs),
    };
  },
  mqtt: mountMqtt,
  mcp: ({ transport, options, sockets, onError }) =>
    Object.keys(transport.contract.operations).length > 0
      ? { handler: mcpHandler(transport, { ...options.mcp, ...publicUrlOf(options), ...sockets, ...onError }) }
      : {},
};

const publicUrlOf = ({ publicUrl }: ServeOptions) => (publicUrl === undefined ? {} : { publicUrl });

/** The carriers of events beside REST, in the AsyncAPI document. */
function eventProtocols({ protocols, websocket, mqtt, webhook }: ServeOptions) {
  const all = {
    websocket: webSocketProtocol(undefined, websocket?.cloudEvents),
    mqtt: mqttProtocol({ cloudEvents: mqtt?.cloudEvents }),
    webhook: webhookProtocol({ cloudEvents: webhook?.cloudEvents }),
  };
  return (Object.keys(all) as (keyof typeof all)[]).filter((name) => protocols?.includes(name) ?? true).map((name) => all[name]);
}
