import { graphqlHandler } from './graphql/server.ts';
import type { CorsOptions } from './http/serve/cors.ts';
import { composeHandlers } from './http/serve/compose.ts';
import { listen, type HttpServer } from './http/node/listen.ts';
import type { HttpHandler } from './http/message/message.ts';
import type { Origins } from './http/serve/origins.ts';
import type { HeadersOption } from './peer/headers.ts';
import { checkTransport } from './core/check-transport.ts';
import { report, reportToConsole } from './life/report.ts';
import type { MqttBroker } from './mqtt/broker.ts';
import { mqttProtocol } from './mqtt/schema.ts';
import { problem } from './http/message/problem.ts';
import { restHandler } from './rest/server.ts';
import { soapHandler } from './soap/server.ts';
import type { Transport } from './core/transport.ts';
import { webSocketHandler, webSocketProtocol } from './websocket/server.ts';
import { webhookHandler, webhookProtocol } from './webhook/server.ts';

/** Options of `serve`. */
export interface ServeOptions {
  /** `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** Of everything that HTTP carries; 0 picks a free one. @default 4000 */
  readonly port?: number | undefined;
  /** Of gRPC; 0 picks a free one. @default 50_051 */
  readonly grpcPort?: number | undefined;
  /** Of the embedded MQTT broker; 0 picks a free one. @default 1883, or a free one where `port` is 0 */
  readonly mqttPort?: number | undefined;
  /** Serves at this MQTT broker instead of an embedded one: `mqtt://localhost:1883`. */
  readonly mqttUrl?: string | undefined;
  /** Serves at this embedded MQTT broker, which was started before: a service with an `mqttHub` needs it. It stays open. */
  readonly mqttBroker?: MqttBroker | undefined;
  /**
   * Headers with which events are read to be published at the MQTT broker, where the service's `context` wants to know who asks: who may
   * read the broker hears them. Without those that it takes no event is published there, and `onError` is told. @default none
   */
  readonly mqttEventHeaders?: HeadersOption | undefined;
  /** How long responses and streams may go on once `close` was called, in milliseconds. @default 10_000 */
  readonly graceMs?: number | undefined;
  /** Lets webhooks go to private and loopback addresses. @default false */
  readonly allowPrivateWebhooks?: boolean | undefined;
  /** Lets pages of other origins call over HTTP: `true` all of them, without credentials. @default off */
  readonly cors?: CorsOptions | true | undefined;
  /**
   * Pages of other origins that may open sockets, for WebSocket, GraphQL and MQTT: a list, a function, or `'*'`. Sockets know no CORS, and
   * browsers send cookies with them. @default those that `cors` lists or knows, but not its `'*'`
   */
  readonly origins?: Origins | undefined;
  /** Gets failures that callers see as a neutral error. @default console.error */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Where each port listens. A protocol with a port of its own adds its member. */
export interface ServedAddresses {
  /** Without a trailing slash: `http://127.0.0.1:4000`. */
  readonly http: string;
  /** `127.0.0.1:50051`. */
  readonly grpc: string;
  /** `mqtt://127.0.0.1:1883`. */
  readonly mqtt: string;
}

/** A service that is being served. */
export interface Served extends ServedAddresses {
  /** Tells streams and sockets, lets calls in flight finish, then closes all ports; not the service, which was given. Idempotent. */
  close(): Promise<void>;
}

/** One protocol of a service. */
interface Protocol {
  /** Answers what is its own on the HTTP port. */
  readonly handler?: HttpHandler;
  /** Called once the HTTP port listens: takes its upgrades, or opens a port of its own. */
  readonly start?: (http: HttpServer) => Promise<Started>;
}

/** What a protocol's `start` gives back. */
interface Started {
  readonly addresses?: Partial<Omit<ServedAddresses, 'http'>>;
  readonly close: () => Promise<void>;
}

/** What carries the events beside REST, in the AsyncAPI document. */
const EVENT_PROTOCOLS = [webSocketProtocol(), mqttProtocol(), webhookProtocol()];

/** One entry for each protocol. Each is asked in this order for what comes in over HTTP. */
const PROTOCOLS: readonly ((transport: Transport, options: ServeOptions) => Protocol)[] = [
  (transport, { onError }) => ({ handler: restHandler(transport, { eventProtocols: EVENT_PROTOCOLS, ...(onError && { onError }) }) }),
  (transport, { onError, graceMs, ...options }) => {
    const handler = graphqlHandler(transport, { ...socketOrigins(options), ...(onError && { onError }) });
    return {
      handler,
      async start({ server }) {
        const close = handler.attach(server);
        return { close: () => close(graceMs) };
      },
    };
  },
  (transport, { onError, graceMs, ...options }) => ({
    start: async (http) => {
      const handler = webSocketHandler(transport, { ...socketOrigins(options), ...(onError && { onError }) });
      handler.attach(http.server);
      return { close: () => handler.close(graceMs) };
    },
  }),
  (transport, { onError }) => (hasOperations(transport) ? { handler: soapHandler(transport, { ...(onError && { onError }) }) } : {}),
  (transport, { onError, allowPrivateWebhooks, graceMs }) => {
    const handler = webhookHandler(transport, {
      allowPrivate: allowPrivateWebhooks,
      ...(graceMs !== undefined && { graceMs }),
      ...(onError && { onError }),
    });
    return { handler, start: async () => ({ close: () => handler.close() }) };
  },
  // What opens ports comes last: where that fails, all that has begun is closed.
  (transport, { host, grpcPort = 50_051, graceMs, onError }) => ({
    async start() {
      const server = await (await import('./grpc/server.ts')).serveGrpc(transport, { host, port: grpcPort, onError });
      return { addresses: { grpc: server.address }, close: () => server.close(graceMs) };
    },
  }),
  (transport, options) => ({ start: (http) => startMqtt(transport, options, http) }),
];

/**
 * Serves a service, or any transport, over every protocol: those that HTTP carries share one port, with `GET /healthz` beside them.
 * Rejects with an error that says what to do where a port cannot be had; nothing listens then.
 */
export async function serve(transport: Transport, options: ServeOptions = {}): Promise<Served> {
  const { host = '127.0.0.1', port = 4000, graceMs = 10_000, cors, onError } = options;
  checkTransport('serve', transport);
  const protocols = PROTOCOLS.map((protocol) => protocol(transport, options));
  const handlers = protocols.flatMap(({ handler }) => handler ?? []);
  const http = await listen(composeHandlers(health, ...handlers), { host, port, cors, onError });
  const started: Started[] = [{ close: () => http.close(graceMs) }];
  const closeAll = async () => void (await Promise.all(started.map((each) => each.close())));
  try {
    // One after the other, so that where one fails all that have begun are known.
    for (const { start } of protocols) if (start) started.push(await start(http));
  } catch (error) {
    await closeAll().catch((failure: unknown) => report(failure, onError ?? reportToConsole));
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    http: http.url,
    ...(started.reduce((all, { addresses }) => ({ ...all, ...addresses }), {}) as Omit<ServedAddresses, 'http'>),
    close: () => (closing ??= closeAll()),
  };
}

function socketOrigins({ cors, origins }: Pick<ServeOptions, 'cors' | 'origins'>): { readonly origins?: Origins } {
  if (origins !== undefined) return { origins };
  const listed = typeof cors === 'object' ? cors.origins : undefined;
  return listed === undefined || listed === '*' ? {} : { origins: listed };
}

function hasOperations({ contract }: Transport): boolean {
  return Object.keys(contract.operations).length > 0;
}

/** Says that the process answers. */
const health: HttpHandler = ({ path, method }) => {
  if (path !== '/healthz') return undefined;
  if (method !== 'GET' && method !== 'HEAD') return problem(405, `${path} answers GET, HEAD, not ${method}`, { allow: 'GET, HEAD' });
  return { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body: '{"status":"ok"}' };
};

/** MQTT at a given broker, or at one of its own, which browsers reach at `/mqtt` of the HTTP port. */
async function startMqtt(transport: Transport, options: ServeOptions, { server }: HttpServer): Promise<Started> {
  const { host, port, graceMs, mqttUrl, mqttEventHeaders, onError } = options;
  const { mqttPort = port === 0 ? 0 : 1883 } = options;
  // Only now, so that a program that loads this file loads no broker.
  const { mqttBroker, serveMqtt } = await import('./mqtt/server.ts');
  const own = mqttUrl === undefined && !options.mqttBroker ? await mqttBroker({ host, port: mqttPort }) : undefined;
  const broker = own ?? options.mqttBroker;
  const url = mqttUrl ?? broker?.url ?? '';
  const detach = broker?.attach(server, socketOrigins(options));
  try {
    const served = await serveMqtt(transport, {
      url,
      ...(mqttEventHeaders && { eventHeaders: mqttEventHeaders }),
      ...(onError && { onError }),
    });
    return {
      addresses: { mqtt: url },
      async close() {
        await served.close(graceMs);
        detach?.();
        await own?.close();
      },
    };
  } catch (error) {
    detach?.();
    await own?.close();
    throw error;
  }
}
