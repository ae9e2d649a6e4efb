import type { Served } from '../serve.ts';
import type { Adapter } from '../core/transport.ts';
import { unknown, UsageError } from './args.ts';
import type { ConnectOptions } from './connect-options.ts';

/** One protocol of the command line. */
export interface CliProtocol {
  /** As people write it. */
  readonly title: string;
  /** Where `serve` has it when no flag says otherwise. */
  readonly url: string;
  /** What it can do. */
  readonly verbs: readonly ('call' | 'subscribe')[];
  /** Where a served service has it. */
  readonly urlOf: (served: Served) => string;
  /** Loads the protocol and makes its adapter. */
  readonly connect: (options: ConnectOptions) => Promise<Adapter<string>>;
}

const HTTP_URL = 'http://127.0.0.1:4000';
const BOTH = ['call', 'subscribe'] as const;

/** The protocols by name: one line each. */
export const PROTOCOLS: Readonly<Record<string, CliProtocol>> = {
  rest: {
    title: 'REST',
    url: HTTP_URL,
    verbs: BOTH,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('../rest/client.ts')).rest(options),
  },
  graphql: {
    title: 'GraphQL',
    url: `${HTTP_URL}/graphql`,
    verbs: BOTH,
    urlOf: ({ http }) => `${http}/graphql`,
    connect: async (options) => (await import('../graphql/client.ts')).graphql(options),
  },
  websocket: {
    title: 'WebSocket',
    url: HTTP_URL,
    verbs: BOTH,
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('../websocket/client.ts')).webSocket(options),
  },
  soap: {
    title: 'SOAP',
    url: `${HTTP_URL}/soap`,
    verbs: ['call'],
    urlOf: ({ http }) => `${http}/soap`,
    connect: async (options) => (await import('../soap/client.ts')).soap(options),
  },
  grpc: {
    title: 'gRPC',
    url: '127.0.0.1:50051',
    verbs: BOTH,
    urlOf: ({ grpc }) => grpc,
    connect: async (options) => (await import('../grpc/client.ts')).grpc(options),
  },
  webhook: {
    title: 'Webhooks',
    url: HTTP_URL,
    verbs: ['subscribe'],
    urlOf: ({ http }) => http,
    connect: async (options) => (await import('./webhook-receiver.ts')).connectWebhook(options),
  },
  mqtt: {
    title: 'MQTT',
    url: 'mqtt://127.0.0.1:1883',
    verbs: BOTH,
    urlOf: ({ mqtt }) => mqtt,
    connect: async (options) => (await import('../mqtt/client.ts')).mqtt(options),
  },
};

export const DEFAULT_PROTOCOL = 'rest';

/** The protocols that have a verb, as a hint in help texts: `rest, graphql`. */
export function protocolNames(verb: 'call' | 'subscribe'): string {
  return Object.entries(PROTOCOLS)
    .filter(([, { verbs }]) => verbs.includes(verb))
    .map(([name]) => name)
    .join(', ');
}

/** The protocol of `--via`. Throws a `UsageError` where there is none of the name, or it lacks the verb. */
export function protocolOf(name: string, verb: 'call' | 'subscribe'): CliProtocol {
  const protocol = Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name] : undefined;
  if (!protocol) throw unknown('protocol', name, Object.keys(PROTOCOLS));
  if (protocol.verbs.includes(verb)) return protocol;
  throw new UsageError(`${name} ${verb === 'call' ? 'carries no operations' : 'carries no events'}: use one of ${protocolNames(verb)}`);
}

/** Makes a protocol's adapter; a `UsageError` says what is wrong with the url. */
export async function connectTo(protocol: CliProtocol, options: ConnectOptions): Promise<Adapter<string>> {
  try {
    return await protocol.connect(options);
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}
