import type { IncomingMessage } from 'node:http';
import type { GraphqlHandlerOptions } from '../graphql/server.ts';
import type { ConnectHandlerOptions } from '../grpc/connect/server.ts';
import type { ServeGrpcOptions } from '../grpc/server.ts';
import type { HttpHandler } from '../http/message/message.ts';
import type { ListenOptions } from '../http/node/listen.ts';
import type { CorsOptions } from '../http/serve/cors.ts';
import type { HostOptions } from '../http/serve/hosts.ts';
import type { Origins } from '../http/serve/origins.ts';
import type { McpHandlerOptions } from '../mcp/server.ts';
import type { MqttBroker, Publishers } from '../mqtt/broker.ts';
import type { ServeMqttOptions } from '../mqtt/server.ts';
import type { HeadersOption } from '../peer/headers.ts';
import type { PlaygroundOptions } from './playground/handler.ts';
import type { ProtocolName } from '../protocols.ts';
import type { RestHandlerOptions } from '../rest/server.ts';
import type { SoapHandlerOptions } from '../soap/server.ts';
import type { WebhookHandlerOptions } from '../webhook/server.ts';
import type { WebSocketHandlerOptions } from '../websocket/server.ts';

/** The decisions of `serve` for all protocols, which a protocol's own options do not repeat. */
type Shared = 'onError' | 'publicUrl' | 'graceMs' | 'origins' | 'eventProtocols' | 'host' | 'port' | 'url';

/** Options of single protocols: those of their handlers. */
export interface ProtocolOptions {
  /** Options of `restHandler`. */
  readonly rest?: Omit<RestHandlerOptions, Shared> | undefined;
  /** Options of `graphqlHandler`. */
  readonly graphql?: Omit<GraphqlHandlerOptions, Shared> | undefined;
  /** Options of `webSocketHandler`. */
  readonly websocket?: Omit<WebSocketHandlerOptions, Shared> | undefined;
  /** Options of `webhookHandler`: `store` keeps subscriptions and deliveries over a restart. */
  readonly webhook?: Omit<WebhookHandlerOptions, Shared> | undefined;
  /** Options of `soapHandler`. */
  readonly soap?: Omit<SoapHandlerOptions, Shared> | undefined;
  /** Options of `serveGrpc`. */
  readonly grpc?: Omit<ServeGrpcOptions, Shared> | undefined;
  /** Options of `connectHandler`, which serves Connect and gRPC-Web on the HTTP port beside gRPC's own. */
  readonly connect?: Omit<ConnectHandlerOptions, Shared> | undefined;
  /** Options of `serveMqtt`. */
  readonly mqtt?: Omit<ServeMqttOptions, Shared> | undefined;
  /** Options of `mcpHandler`: `tools` says which operations are tools. */
  readonly mcp?: Omit<McpHandlerOptions, Shared> | undefined;
}

/** Options of `serve`. */
export interface ServeOptions extends ProtocolOptions {
  /** The protocols to serve. @default all of them */
  readonly protocols?: readonly ProtocolName[] | undefined;
  /** `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** Port of everything that HTTP carries; 0 picks a free one. @default 4000 */
  readonly port?: number | undefined;
  /** Port of gRPC; 0 picks a free one. @default 50_051 */
  readonly grpcPort?: number | undefined;
  /** Port of the embedded MQTT broker; 0 picks a free one. @default 1883, or a free one if `port` is 0 */
  readonly mqttPort?: number | undefined;
  /** Host of the embedded MQTT broker, `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1', whatever `host` says */
  readonly mqttHost?: string | undefined;
  /** Path of the HTTP port by which browsers reach the embedded MQTT broker: `/mqtt`. @default none */
  readonly mqttPath?: string | undefined;
  /**
   * The callers that may publish events at the embedded MQTT broker besides the service, by the event's name: a list, a function, or `'*'`.
   * @default nobody
   */
  readonly mqttPublishers?: Readonly<Record<string, Publishers>> | undefined;
  /** Serves at this MQTT broker instead of an embedded one: `mqtt://localhost:1883`. */
  readonly mqttUrl?: string | undefined;
  /** Serves at this embedded MQTT broker, which was started before: a service with an `mqttHub` needs it. It stays open. */
  readonly mqttBroker?: MqttBroker | undefined;
  /**
   * Headers with which events are read to be published at the MQTT broker, for a service whose `context` wants to know who asks: everybody who
   * may read the broker hears them. Without those that it takes no event is published there, and `onError` is told. @default none
   */
  readonly mqttEventHeaders?: HeadersOption | undefined;
  /**
   * The URL by which callers reach the server, if it differs from its address: `https://example.com/api`. Links, `Location` and descriptions lead there.
   * @default the host of each request
   */
  readonly publicUrl?: string | undefined;
  /**
   * More names that a server on loopback answers to, beside `localhost`, `127.0.0.1`, `[::1]` and the host of `publicUrl`; `'*'` for all.
   * Another name gets 421: a page whose name was made to lead to this machine must not call it (DNS rebinding).
   */
  readonly hosts?: HostOptions['hosts'];
  /** Certificate and key of the HTTP port, which then speaks TLS. @default none: plain text */
  readonly tls?: ListenOptions['tls'];
  /**
   * Returns more about a caller than its headers, such as its certificate: `(request) => request.socket.getPeerCertificate()`. `context` gets it as
   * `peer.caller`, over HTTP and over sockets. @default none
   */
  readonly caller?: ((request: IncomingMessage) => unknown) | undefined;
  /** Your own routes, asked before those of the protocols. @default none */
  readonly handlers?: readonly HttpHandler[] | undefined;
  /**
   * A page at `/` that calls operations and watches events over every protocol, and shows what goes over the wire: `true`, or with inputs to begin
   * with. Everybody who reaches the HTTP port may call through it what the service allows.
   * @default true if `host` is a loopback address and `NODE_ENV` is not `production`
   */
  readonly playground?: boolean | PlaygroundOptions | undefined;
  /** Limits of the HTTP port: heads, bodies, idle connections. */
  readonly http?: Omit<ListenOptions, 'host' | 'port' | 'cors' | 'onError' | 'tls' | 'publicUrl' | 'caller'> | undefined;
  /**
   * How long the service goes on after `close` was called, in milliseconds: calls are served as usual while `/healthz` answers 503, so that a
   * load balancer sends no more requests. @default 0
   */
  readonly drainMs?: number | undefined;
  /** How long responses and streams may go on when the service stops, in milliseconds. @default 10_000 */
  readonly graceMs?: number | undefined;
  /** Lets webhooks go to private and loopback addresses. @default false */
  readonly allowPrivateWebhooks?: boolean | undefined;
  /** Lets pages of other origins call over HTTP: `true` all of them, without credentials. @default off */
  readonly cors?: CorsOptions | true | undefined;
  /**
   * Pages of other origins that may open sockets, for WebSocket, GraphQL and MQTT, and call tools of MCP: a list, a function, or `'*'`. Sockets know no CORS, and
   * browsers send cookies with them. @default those that `cors` lists or knows, but not its `'*'`
   */
  readonly origins?: Origins | undefined;
  /** Gets failures that callers see as a neutral error. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}
