import { shown } from './shown.ts';

type Kind = 'boolean' | 'string' | 'function' | 'list' | 'object';

const WORDS: Readonly<Record<Kind, string>> = {
  boolean: 'true or false',
  string: 'text',
  function: 'a function',
  list: 'a list',
  object: 'an object',
};

/**
 * The kinds of value that an option may have, by its name, because the same name has the same meaning in all factories. Numbers have readers. Options that are not here
 * are read by their factory, which says more about them than their kind.
 */
const NAMES: Readonly<Record<string, string>> = {
  boolean:
    'addressing allowCrossSite allowPrivate allowPrivateWebhooks allowText deflate eventSpans fields graphiql health http2 idempotencyKeys introspection marks mtom onlyPersisted open persisted publishEvents reflection requireInitialize sendDeadline sendFields uploads useGet',
  string:
    'address basePath cancelMethod clientId clientSecret host instructions mqttHost mqttPath mqttUrl name out path pingMethod prefix publicUrl refreshToken tempFolder title tokenUrl topicPrefix userAgent wsdl',
  function:
    'WebSocket authenticate by caller context cost errorCode fetch mayReply onDeadLetter onDeprecated onEnd onError onRead onRefreshToken onResult onState onUnhandled onWire read resolve sign skip stores user waitUntil webSocket',
  list: 'allow allowHeaders can cases conventions eventProtocols exposeHeaders handlers ports retryScheduleMs scopes servers skips',
  object:
    'client connect contract defaults dispatcher graphql grpc http hub idempotencyStore input lock logger mcp meterProvider mqtt mqttBroker mqttPublishers nonceStore operations output parameters persistedDocuments publishers reconnect rest security service serviceCredentials soap subscribe tls tracerProvider webhook websocket will',
  'boolean or object': 'cors events playground',
  'boolean or function or object': 'credentials',
  'string or boolean': 'schemaPath',
  'string or boolean or list': 'subprotocol',
  'string or list': 'tools',
  'string or object or function': 'type',
  'boolean or string or object or function': 'handshake timestamp',
  'string or function or list or object': 'url',
  'string or object': 'cloudEvents webhookCloudEvents',
  'function or list': 'only',
  'function or object': 'carrier clock connectionParams eventHeaders header headers mqttEventHeaders query store',
  'string or function or list': 'origins',
};

/** Options that are one of some words, by their names; of a factory that has words of its own, by the factory's name too. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  ack: ['done', 'first'],
  clientAuth: ['header', 'body'],
  'connect.format': ['binary', 'json'],
  'connect.protocol': ['connect', 'grpc-web'],
  offline: ['queue', 'fail'],
  queryMethod: ['GET', 'POST'],
  redirects: ['refuse', 'same-origin'],
  statusProfile: ['audits', 'draft'],
  'webSocket.protocol': ['jsonrpc', 'channel'],
};

const KINDS = /* @__PURE__ */ new Map(
  Object.entries(NAMES).flatMap(([kinds, names]) => names.split(' ').map((name) => [name, kinds.split(' or ') as Kind[]] as const)),
);

/**
 * Refuses a value that an option of this name cannot have in any factory, such as `'yes'` for a boolean.
 * @throws TypeError that names the option and its kind
 */
export function checkKinds(owner: string, options: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  for (const name of names) {
    const value = options[name];
    const choice = CHOICES[name] ?? CHOICES[`${owner}.${name}`];
    if (choice && value !== undefined && !choice.includes(value as string))
      throw new TypeError(`${owner}: ${name} must be ${choice.map((word) => `'${word}'`).join(' or ')}, not ${told(value)}`);
    const kinds = KINDS.get(name);
    if (value === undefined || !kinds || kinds.includes(kindOf(value) as Kind)) continue;
    throw new TypeError(`${owner}: ${name} must be ${kinds.map((kind) => WORDS[kind]).join(' or ')}, not ${told(value)}`);
  }
}

/** As `shown`, with the kind of each value that has no short text. */
export function told(value: unknown): string {
  const kind = kindOf(value);
  return kind === 'list' || kind === 'function' ? WORDS[kind] : shown(value);
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value);
