import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { PassThrough } from 'node:stream';
import { z } from 'zod';
import { bulkhead, cache, fallback, limit, logging, memoryLimitStore, oauth2, retry, timeout } from '../../src/compose/index.ts';
import { runConformance } from '../../src/conformance/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { grpc } from '../../src/grpc/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { connectHandler } from '../../src/grpc/connect/server.ts';
import { grpcHandler, serveGrpc } from '../../src/grpc/server.ts';
import { fetchHandler, hostCheck, listen, nodeListener } from '../../src/http/index.ts';
import { importContract } from '../../src/import/index.ts';
import {
  bytes,
  createClient,
  createService,
  defineContract,
  event,
  file,
  memoryHub,
  memoryIdempotencyStore,
  query,
} from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { telemetry } from '../../src/telemetry/index.ts';
import { faults, mockService } from '../../src/testing/index.ts';
import { mswHandlers } from '../../src/testing/msw/index.ts';
import { mcpHandler, mcpTools } from '../../src/mcp/server.ts';
import { serveMcpStdio } from '../../src/mcp/stdio/server.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { mqttHub } from '../../src/mqtt/hub.ts';
import { mqttBroker, mqttProtocol, serveMqtt } from '../../src/mqtt/server.ts';
import { postgresStores } from '../../src/postgres/index.ts';
import { redisStores } from '../../src/redis/index.ts';
import { rest } from '../../src/rest/client.ts';
import { asyncApi, openApi, restHandler } from '../../src/rest/server.ts';
import { serve } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { memoryNonceStore, soapHandler } from '../../src/soap/server.ts';
import { webhook, memorySeenStore } from '../../src/webhook/client.ts';
import { fileWebhookStore, memoryWebhookStore, webhookHandler, webhookProtocol } from '../../src/webhook/server.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';

/** A factory with its options, and what each option that is a number may be. */
export interface Factory {
  /** As its messages begin. */
  readonly name: string;
  /** Makes the thing; what has a `close` is closed. */
  readonly make: (options: object) => unknown;
  /** `zero`: 0 means something. `infinity: false`: Infinity does not. `few`: 1 is allowed and too few to start with. */
  readonly numbers: Readonly<Record<string, { readonly zero?: true; readonly infinity?: false; readonly few?: true }>>;
}

const contract = defineContract({
  name: 'shop',
  operations: { total: query({ output: z.int32() }) },
  events: { sold: event({ channel: 'sold', payload: z.object({ cents: z.int32() }) }) },
});
const service = createService(contract, { total: () => 0 });
const handler = () => undefined;
const URL = 'http://127.0.0.1:9';
const ZERO = { zero: true } as const;
const FINITE = { infinity: false } as const;
const PORT = { port: { zero: true, infinity: false } } as const;

const REST_CLIENT = { maxResponseBytes: {} };
const GATE = { maxConnectionsPerAddress: {} };
const MQTT = { sessionExpiryMs: ZERO, pingIntervalMs: {}, connectTimeoutMs: {}, maxPacketBytes: {}, maxQueued: {} };
const MCP = {
  maxItems: {},
  pageSize: {},
  listTtlMs: { zero: true, infinity: false },
  maxStreamItems: {},
  maxStreamBytes: {},
  maxSubscriptions: {},
} as const;
const BACKOFF = { baseDelayMs: { zero: true, infinity: false }, maxDelayMs: ZERO } as const;

/** Every factory of the package that takes options. A new one has its row here. */
export const FACTORIES: readonly Factory[] = [
  { name: 'createClient', make: (options) => createClient({ contract, transport: service, ...options }), numbers: { timeoutMs: {} } },
  { name: 'createClient: reconnect', make: (reconnect) => createClient({ contract, transport: service, reconnect }), numbers: BACKOFF },
  {
    name: 'createService',
    make: (options) => createService(contract, { total: () => 0 }, options),
    numbers: { graceMs: ZERO, storeTimeoutMs: {}, idempotencyTtlMs: {}, idempotencyLeaseMs: FINITE },
  },
  { name: 'bytes', make: (options) => bytes(options), numbers: {} },
  { name: 'file', make: (options) => file(options), numbers: { maxBytes: {} } },
  { name: 'memoryHub', make: (options) => memoryHub(options), numbers: { history: ZERO, maxHistoryBytes: ZERO } },
  { name: 'memoryIdempotencyStore', make: (options) => memoryIdempotencyStore(options), numbers: { maxBytes: {} } },
  { name: 'memorySeenStore', make: (options) => memorySeenStore(options), numbers: { maxBytes: {} } },
  { name: 'memoryNonceStore', make: (options) => memoryNonceStore(options), numbers: { maxBytes: {} } },
  {
    name: 'memoryWebhookStore',
    make: (options) => memoryWebhookStore(options),
    numbers: { keepDelivered: ZERO, keepDead: ZERO, keepBytes: {} },
  },
  {
    name: 'fileWebhookStore',
    make: (options) => fileWebhookStore(join(tmpdir(), 'never-opened'), options),
    numbers: { keepDelivered: ZERO, keepDead: ZERO, keepBytes: {}, compactBytes: {} },
  },

  { name: 'retry', make: (options) => retry(service, options), numbers: { attempts: {}, ...BACKOFF } },
  {
    name: 'fallback',
    make: (options) => fallback([service], options),
    numbers: { failures: {}, openMs: {}, maxOpenMs: {}, patienceMs: {} },
  },
  { name: 'bulkhead', make: (options) => bulkhead({ maxCalls: 1, ...options }), numbers: { maxCalls: {}, maxWaiting: ZERO } },
  { name: 'cache', make: (options) => cache(service, options), numbers: { maxEntries: {}, maxBytes: {} } },
  { name: 'limit', make: (options) => limit({ perSecond: 1, ...options }), numbers: { burst: {} } },
  { name: 'memoryLimitStore', make: (options) => memoryLimitStore(options), numbers: { maxCallers: {} } },
  { name: 'logging', make: (options) => logging(options), numbers: { slowMs: ZERO } },
  { name: 'timeout', make: (options) => timeout({ afterMs: 1, ...options }), numbers: { afterMs: {} } },
  {
    name: 'oauth2',
    make: (options) => oauth2({ tokenUrl: `${URL}/token`, clientId: 'a', clientSecret: 'b', ...options }),
    numbers: { earlyMs: ZERO, timeoutMs: {} },
  },

  { name: 'nodeListener', make: (options) => nodeListener(handler, options), numbers: { bodyTimeoutMs: {} } },
  { name: 'fetchHandler', make: (options) => fetchHandler(handler, options), numbers: { bodyTimeoutMs: {} } },
  { name: 'cors', make: (cors) => fetchHandler(handler, { cors }), numbers: { maxAgeSeconds: { zero: true, infinity: false } } },
  { name: 'hostCheck', make: (options) => hostCheck(options, () => {}), numbers: {} },
  {
    name: 'listen',
    make: (options) => listen(handler, options),
    numbers: {
      ...PORT,
      bodyTimeoutMs: {},
      keepAliveTimeoutMs: {},
      headersTimeoutMs: {},
      requestTimeoutMs: {},
      maxHeaderBytes: FINITE,
    },
  },
  {
    name: 'serve',
    make: (options) => serve(service, { protocols: ['rest'], port: 0, ...options }),
    numbers: { ...PORT, grpcPort: PORT.port, mqttPort: PORT.port, graceMs: ZERO, drainMs: { zero: true, infinity: false } },
  },

  { name: 'rest', make: (options) => rest({ url: URL, ...options })(contract), numbers: REST_CLIENT },
  {
    name: 'restHandler',
    make: (options) => restHandler(service, options),
    numbers: { maxBodyBytes: {}, maxItems: {}, maxFileBytes: {}, maxBufferedBytes: {}, heartbeatMs: {} },
  },
  { name: 'telemetry', make: (options) => telemetry(service, options), numbers: {} },
  { name: 'mswHandlers', make: (options) => mswHandlers(contract, { url: URL, ...options }), numbers: {} },
  { name: 'faults', make: (options) => faults(options), numbers: {} },
  { name: 'mockService', make: (options) => mockService(contract, {}, options), numbers: {} },
  { name: 'openApi', make: (options) => openApi(contract, options), numbers: {} },
  { name: 'asyncApi', make: (options) => asyncApi(contract, options), numbers: {} },

  {
    name: 'graphql',
    make: (options) => graphql({ url: URL, ...options })(contract),
    numbers: { connectTimeoutMs: {}, pingIntervalMs: {}, maxResponseBytes: {}, maxMessageBytes: {} },
  },
  {
    name: 'graphqlHandler',
    make: (options) => graphqlHandler(service, options),
    numbers: {
      ...GATE,
      ...{ maxTokens: {}, maxDocumentChars: {}, maxDepth: {}, maxAliases: ZERO, maxFields: {}, maxComplexity: {} },
      ...{
        maxBodyBytes: {},
        maxItems: {},
        maxFileBytes: {},
        maxBatch: {},
        maxBatchComplexity: {},
        maxDocuments: {},
        maxCachedChars: {},
        heartbeatMs: {},
      },
      ...{ maxMessageBytes: {}, maxBufferedBytes: {}, maxCalls: {}, maxSubscriptions: {}, initializeTimeoutMs: {}, pingIntervalMs: {} },
      ...{ maxStallMs: {}, maxRegisteredChars: ZERO },
    },
  },

  {
    name: 'webSocket',
    make: (options) => webSocket({ url: 'ws://127.0.0.1:9', ...options })(contract),
    numbers: { connectTimeoutMs: {}, pingIntervalMs: {}, maxRequestBytes: {}, maxMessageBytes: {}, maxBufferedBytes: {} },
  },
  {
    name: 'webSocketHandler',
    make: (options) => webSocketHandler(service, options),
    numbers: {
      ...GATE,
      ...{ maxMessageBytes: {}, maxItems: {}, maxBufferedBytes: {}, maxBatch: {}, maxCalls: {}, maxSubscriptions: {} },
      ...{ pingIntervalMs: {}, initializeTimeoutMs: {} },
    },
  },
  { name: 'webSocketHandler.attach', make: (options) => attached(webSocketHandler(service), options), numbers: {} },

  {
    name: 'webhook',
    make: (options) => webhook({ secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0', ...options }),
    numbers: { toleranceMs: ZERO, maxBodyBytes: {}, seenTtlMs: {}, seenLeaseMs: {} },
  },
  {
    name: 'webhookHandler',
    make: (options) => webhookHandler(service, options),
    numbers: {
      ...{
        storeTimeoutMs: {},
        timeoutMs: {},
        maxInFlight: {},
        maxPending: {},
        maxPendingTotal: {},
        maxPendingBytes: {},
        maxSubscriptions: {},
      },
      ...{ maxSubscriptionsPerCaller: {}, maxResponseBytes: {}, maxBodyBytes: {}, graceMs: ZERO },
    },
  },

  { name: 'soap', make: (options) => soap({ url: URL, ...options })(contract), numbers: { maxResponseBytes: {} } },
  {
    name: 'soap',
    make: (options) => soap({ wsdl: `${URL}/?wsdl`, operations: {}, ...options }),
    numbers: { maxResponseBytes: {}, wsdlTimeoutMs: {}, maxWsdlBytes: {} },
  },
  { name: 'soapHandler', make: (options) => soapHandler(service, options), numbers: { maxBodyBytes: {}, maxItems: {}, maxDepth: {} } },
  {
    name: 'soapHandler security',
    make: (options) => soapHandler(service, { security: { user: () => undefined, ...options } }),
    numbers: { toleranceMs: FINITE },
  },

  {
    name: 'grpc',
    make: (options) => grpc({ url: '127.0.0.1:9', ...options })(contract),
    numbers: { maxResponseBytes: {}, keepAliveMs: {}, pingIntervalMs: {} },
  },
  {
    name: 'grpcHandler',
    make: (options) => grpcHandler(service, options),
    numbers: { maxBufferedBytes: {}, maxMetadataBytes: {}, maxItems: {} },
  },
  {
    name: 'serveGrpc',
    make: (options) => serveGrpc(service, options),
    numbers: {
      ...PORT,
      ...{
        maxBufferedBytes: {},
        maxMetadataBytes: {},
        maxItems: {},
        maxMessageBytes: {},
        maxConcurrentStreams: {},
        keepAliveMs: {},
        graceMs: ZERO,
      },
    },
  },
  { name: 'connect', make: (options) => connect({ url: URL, ...options })(contract), numbers: { ...REST_CLIENT, pingIntervalMs: {} } },
  {
    name: 'connectHandler',
    make: (options) => connectHandler(service, options),
    numbers: { maxMessageBytes: {}, maxItems: {}, maxBufferedBytes: {}, compressFromBytes: {} },
  },

  {
    name: 'mqtt',
    make: (options) => mqtt({ url: 'mqtt://127.0.0.1:9', ...options })(contract),
    numbers: { ...MQTT, history: ZERO, maxMessageBytes: {}, maxResponseBytes: {} },
  },
  {
    name: 'mqttHub',
    make: (options) => mqttHub({ url: 'mqtt://127.0.0.1:9', onError: () => {}, ...options }),
    numbers: { ...MQTT, history: ZERO, maxMessageBytes: {} },
  },
  {
    name: 'serveMqtt',
    make: served,
    numbers: {
      ...MQTT,
      connectTimeoutMs: { few: true },
      maxPacketBytes: { few: true },
      maxMessageBytes: {},
      maxItems: {},
      maxCalls: {},
      maxCallsPerCaller: {},
      heartbeatMs: {},
      leaseMs: {},
    },
  },
  {
    name: 'mqttBroker',
    make: (options) => mqttBroker({ port: 0, ...options }),
    numbers: {
      ...PORT,
      ...{ maxPacketBytes: {}, maxBufferedBytes: {}, maxConnections: {}, maxConnectionsPerCaller: {}, maxSessions: ZERO },
      ...{ maxSessionsPerCaller: ZERO, sessionExpiryMs: {}, maxQueuedBytes: {}, maxQueuedBytesPerCaller: {}, maxRetainedBytes: ZERO },
    },
  },
  {
    name: 'mqttBroker.attach',
    make: async (options) => {
      const broker = await mqttBroker({ port: 0 });
      try {
        return attached(broker, { path: '/mqtt', ...options });
      } finally {
        await broker.close();
      }
    },
    numbers: { ...GATE, maxMessageBytes: {} },
  },
  { name: 'mqttProtocol', make: (options) => mqttProtocol(options), numbers: {} },
  { name: 'webhookProtocol', make: (options) => webhookProtocol(options), numbers: {} },

  { name: 'mcp', make: (options) => mcp({ url: URL, ...options })(contract), numbers: REST_CLIENT },
  { name: 'mcpHandler', make: (options) => mcpHandler(service, options), numbers: { ...MCP, maxBodyBytes: {}, heartbeatMs: {} } },
  {
    name: 'serveMcpStdio',
    make: (options) => serveMcpStdio(service, { input: new PassThrough(), output: new PassThrough(), ...options }),
    numbers: { ...MCP, maxMessageBytes: {}, maxCalls: {}, graceMs: ZERO },
  },
  { name: 'mcpTools', make: (options) => mcpTools(contract, options), numbers: {} },

  {
    name: 'importContract',
    make: (options) => importContract({ text: JSON.stringify(openApi(contract)) }, options),
    numbers: { maxBytes: {}, timeoutMs: {} },
  },
  {
    name: 'redisStores',
    make: (options) => redisStores({ send: () => new Promise(() => {}), blockingSend: () => new Promise(() => {}), ...options }),
    numbers: { history: { zero: true, infinity: false }, maxEvents: FINITE, historyTtlMs: {}, maxBytesPerCaller: {} },
  },
  {
    name: 'postgresStores',
    make: (options) => postgresStores({ pool: { query: () => new Promise(() => {}) } as never, ...options }),
    numbers: { pollMs: FINITE, historyTtlMs: {}, maxBytesPerCaller: {} },
  },
  {
    name: 'runConformance',
    make: (options) => runConformance(() => Promise.reject(new Error('none')), { cases: [], ...options }),
    numbers: {},
  },
];

function attached(handler: { attach(server: Server, options: never): () => void }, options: object): unknown {
  const server = createServer();
  return { close: handler.attach(server, options as never) };
}

/** Serves at a broker of its own. */
async function served(options: object): Promise<unknown> {
  const broker = await mqttBroker({ port: 0 });
  try {
    const mqttServer = await serveMqtt(service, { url: broker.url, ...options });
    await mqttServer.close();
    return undefined;
  } finally {
    await broker.close();
  }
}
