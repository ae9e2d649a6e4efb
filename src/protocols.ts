import type { Adapter } from './core/transport.ts';
import type { OnWire } from './peer/on-wire.ts';

/** A protocol's name. */
export type ProtocolName = 'rest' | 'graphql' | 'websocket' | 'webhook' | 'soap' | 'grpc' | 'mqtt' | 'mcp';

/** The capabilities of a protocol's transport, as in the type of its adapter. */
export type Verb = 'call' | 'subscribe';

/** The addresses of a served service. */
export interface ServedAddresses {
  /** Without a trailing slash: `http://127.0.0.1:4000`. */
  readonly http: string;
  /** `127.0.0.1:50051`. */
  readonly grpc: string;
  /** `mqtt://127.0.0.1:1883`. */
  readonly mqtt: string;
}

/** The options of an adapter if a program knows nothing but the address. */
export interface ConnectOptions {
  readonly url: string;
  readonly onWire?: OnWire;
}

/** One protocol, as everything outside of its folder knows it. */
export interface Protocol {
  /** As people write it. */
  readonly title: string;
  /** One line for a list of protocols: the means for foreign peers. */
  readonly summary: string;
  readonly verbs: readonly Verb[];
  /** Whether its client runs in a browser. */
  readonly isInBrowser: boolean;
  /** The default address of `serve`. */
  readonly url: string;
  /** The address of a served service. */
  readonly urlOf: (served: ServedAddresses) => string;
  /** Loads the client and makes its adapter. */
  readonly connect: (options: ConnectOptions) => Promise<Adapter<never>>;
}

const HTTP_URL = 'http://127.0.0.1:4000';
const BOTH = ['call', 'subscribe'] as const;

/**
 * The protocols by name. The name is also that of the folder in `src`, of the page in `docs/protocols` and of the entries
 * `multi-api-sdk/<name>` and `multi-api-sdk/<name>/server`.
 */
export const PROTOCOLS: Readonly<Record<ProtocolName, Protocol>> = {
  rest: {
    title: 'REST',
    summary: 'OpenAPI 3.1, problem details, ETag, Link, server-sent events that resume',
    verbs: BOTH,
    isInBrowser: true,
    url: HTTP_URL,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('./rest/client.ts')).rest(options),
  },
  graphql: {
    title: 'GraphQL',
    summary: 'the schema, relations as fields, subscriptions over WebSocket and server-sent events, GraphiQL',
    verbs: BOTH,
    isInBrowser: true,
    url: `${HTTP_URL}/graphql`,
    urlOf: ({ http }) => `${http}/graphql`,
    connect: async (options) => (await import('./graphql/client.ts')).graphql(options),
  },
  websocket: {
    title: 'WebSocket',
    summary: 'JSON-RPC 2.0 over one socket, and plain channels that any ten-line client can speak',
    verbs: BOTH,
    isInBrowser: true,
    url: HTTP_URL,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('./websocket/client.ts')).webSocket(options),
  },
  webhook: {
    title: 'Webhooks',
    summary: 'Standard Webhooks signatures, a subscription API, retries, JSON or XML; a verifier for six schemes',
    verbs: ['subscribe'],
    isInBrowser: false,
    url: HTTP_URL,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('./webhook/local-receiver.ts')).connectWebhook(options),
  },
  soap: {
    title: 'SOAP',
    summary: 'WSDL 1.1, SOAP 1.1 and 1.2, faults, WS-Security',
    verbs: ['call'],
    isInBrowser: false,
    url: `${HTTP_URL}/soap`,
    urlOf: ({ http }) => `${http}/soap`,
    connect: async (options) => (await import('./soap/client.ts')).soap(options),
  },
  grpc: {
    title: 'gRPC',
    summary: '`.proto` with a lock of numbers, `google.rpc` error details, event streams, health checking, reflection',
    verbs: BOTH,
    isInBrowser: false,
    url: '127.0.0.1:50051',
    urlOf: ({ grpc }) => grpc,
    connect: async (options) => (await import('./grpc/client.ts')).grpc(options),
  },
  mqtt: {
    title: 'MQTT',
    summary: 'MQTT 5 request and response, 3.1.1 envelopes, retained status; a broker as hub of many processes',
    verbs: BOTH,
    isInBrowser: true,
    url: 'mqtt://127.0.0.1:1883',
    urlOf: ({ mqtt }) => mqtt,
    connect: async (options) => (await import('./mqtt/client.ts')).mqtt(options),
  },
  mcp: {
    title: 'MCP',
    summary: 'operations as tools of agents, in the revisions of 2026 and 2025',
    verbs: ['call'],
    isInBrowser: true,
    url: `${HTTP_URL}/mcp`,
    urlOf: ({ http }) => `${http}/mcp`,
    connect: async (options) => (await import('./mcp/client.ts')).mcp(options),
  },
};

/** More ways for a client to the services of gRPC, which `serve` has on its HTTP port: not protocols of their own, but names after `--via`. */
export const DOORS: Readonly<Record<'connect' | 'grpc-web', Protocol>> = {
  connect: {
    title: 'Connect',
    summary: 'the services of gRPC by fetch, in JSON or protobuf',
    verbs: BOTH,
    isInBrowser: true,
    url: HTTP_URL,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('./grpc/connect/client.ts')).connect(options),
  },
  'grpc-web': {
    title: 'gRPC-Web',
    summary: 'the services of gRPC by fetch, for Envoy and for servers that know no Connect',
    verbs: BOTH,
    isInBrowser: true,
    url: HTTP_URL,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('./grpc/connect/client.ts')).connect({ ...options, protocol: 'grpc-web' }),
  },
};

/** The names of all protocols, in the order in which they are shown. */
export const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as readonly ProtocolName[];

/** A protocol by its name; `undefined` for an unknown one. */
export function protocolNamed(name: string): Protocol | undefined {
  return Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name as ProtocolName] : undefined;
}
