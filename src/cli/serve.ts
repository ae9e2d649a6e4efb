import { blogContract } from '../blog/contract.ts';
import { createBlogService } from '../blog/service.ts';
import type { EventHub } from '../events/hub.ts';
import { serve, type Served, type ServeOptions } from '../serve/index.ts';
import { isPlaygroundDefault } from '../serve/playground/default.ts';
import { explainPorts, GRPC_PORT, mqttPortOf } from '../serve/ports.ts';
import type { MqttBroker } from '../mqtt/broker.ts';
import type { Transport } from '../core/transport.ts';
import { UsageError, type Args } from './args.ts';
import { defineCommand } from './command.ts';
import { headersOf } from './connection.ts';
import { BLOG_EXAMPLES } from './measure/examples.ts';
import { loadService } from './module.ts';
import { openStores, type OpenedStores } from './stores.ts';
import { PROTOCOLS } from '../protocols.ts';
import { DEFAULT_PROTOCOL } from './protocols.ts';
import { onStopSignal, painter } from './terminal.ts';

const PORT = { type: 'number', value: '<port>', range: [0, 65_535] } as const;

const FLAGS = {
  host: { type: 'string', value: '<host>', summary: '0.0.0.0 to be reached from other machines', default: '127.0.0.1' },
  port: { ...PORT, summary: 'of everything that HTTP carries; 0 picks a free one', default: 4000 },
  'grpc-port': { ...PORT, summary: 'of gRPC; 0 picks a free one', default: GRPC_PORT },
  'mqtt-port': { ...PORT, summary: 'of the embedded MQTT broker; 0 picks a free one (default 1883)' },
  'mqtt-host': { type: 'string', value: '<host>', summary: 'of the embedded MQTT broker, whatever --host says (default 127.0.0.1)' },
  'mqtt-path': { type: 'string', value: '<path>', summary: 'the path of the embedded MQTT broker for browsers, on the HTTP port: /mqtt' },
  'mqtt-publishers': {
    type: 'string',
    value: '<event>',
    multiple: true,
    summary: 'an event that all callers may publish at the embedded MQTT broker',
  },
  'mqtt-event-header': {
    type: 'string',
    value: "'<name>: <value>'",
    multiple: true,
    summary: 'a header with which events are read to be published on MQTT',
  },
  'mqtt-url': { type: 'string', value: '<url>', summary: 'uses this MQTT broker instead of the embedded one' },
  redis: { type: 'string', value: '<url>', summary: 'shares events and idempotency keys with other processes on this Redis' },
  postgres: { type: 'string', value: '<url>', summary: 'the same on this Postgres, whose tables are made if they are missing' },
  'allow-private-webhooks': { type: 'boolean', summary: 'lets webhooks go to private and loopback addresses' },
  playground: { type: 'boolean', summary: 'the page at / also in production and on other hosts than this machine' },
  'no-playground': { type: 'boolean', summary: 'no page at /' },
  json: { type: 'boolean', summary: 'prints the addresses as one line of JSON' },
} as const;

type ServeFlags = Args<typeof FLAGS>['flags'];

export const serveCommand = defineCommand({
  name: 'serve',
  summary: 'serves the Blog service, or that of a module, over every protocol',
  positionals: ['[module]'],
  flags: FLAGS,
  notes: [
    "The module's default export, or its export 'service', is what createService gives, or a function that makes it: ({ hub, idempotencyStore }) => createService({ contract, handlers, hub, idempotencyStore }).",
    'Prints the addresses when everything listens.',
    'SIGINT and SIGTERM end it with exit code 0, once calls in flight have finished; a second signal ends it at once.',
  ],
  examples: [
    ['multi-api-sdk serve', 'the Blog service at http://127.0.0.1:4000'],
    ['multi-api-sdk serve ./service.js', 'a service of your own'],
    ['multi-api-sdk serve ./service.js --redis redis://127.0.0.1:6379', 'one of several processes'],
    ['multi-api-sdk serve --port 0 --json', 'on a free port, for programs'],
  ],
  async run({ flags, positionals: [file] }) {
    try {
      return await serveUntilSignal(flags, file);
    } catch (error) {
      const { host, port, 'grpc-port': grpcPort, 'mqtt-port': mqttPort, 'mqtt-host': mqttHost, 'mqtt-url': mqttUrl } = flags;
      throw await explainPorts(error, { host, port, grpcPort, mqttPort, mqttHost, mqttUrl }, (option) => `--${option.replace('P', '-p')}`);
    }
  },
});

async function serveUntilSignal(flags: ServeFlags, file: string | undefined): Promise<number> {
  if (flags['mqtt-port'] !== undefined && flags['mqtt-url'] !== undefined) {
    throw new UsageError('--mqtt-port is the port of the embedded broker, --mqtt-url names another broker: give one of them');
  }
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  // Before anything listens, because a signal that comes during the start must not leave half of it running.
  const forget = onStopSignal(stop);
  let engine: OpenedStores | undefined;
  let opened: Opened | undefined;
  try {
    engine = await openStores(flags);
    opened = file === undefined ? await openBlog(flags, engine) : await openModule(file, engine);
    const { service, broker } = opened;
    const served = await serve(service, {
      host: flags.host,
      port: flags.port,
      grpcPort: flags['grpc-port'],
      mqttPort: flags['mqtt-port'],
      mqttBroker: broker,
      mqttUrl: flags['mqtt-url'],
      mqttHost: flags['mqtt-host'],
      mqttPath: flags['mqtt-path'],
      mqttPublishers: publishersOf(flags),
      mqttEventHeaders: headersOf(flags['mqtt-event-header']),
      allowPrivateWebhooks: flags['allow-private-webhooks'],
      webhook: engine?.webhookStore && { store: engine.webhookStore },
      playground: playgroundOf(flags, service),
    });
    if (engine && !engine.webhookStore && !flags.json)
      process.stderr.write(`webhooks are kept in the memory of this process: ${engine.flag} holds events and keys\n`);
    process.stdout.write(flags.json ? `${JSON.stringify(addressesOf(served))}\n` : summary(served, service, flags['mqtt-path']));
    await stopped;
    if (process.stderr.isTTY && !flags.json) process.stderr.write('\nstopping …\n');
    await served.close();
    return 0;
  } finally {
    await opened?.close();
    await engine?.close();
    forget();
  }
}

/** Whether there is a page, and the inputs that it begins with. */
function playgroundOf(
  flags: { readonly playground: boolean; readonly 'no-playground': boolean; readonly host: string },
  { contract }: Transport,
): ServeOptions['playground'] {
  if (flags.playground && flags['no-playground']) throw new UsageError('--playground and --no-playground: give one of them');
  if (flags['no-playground'] || !(flags.playground || isPlaygroundDefault(flags.host))) return false;
  if (contract !== blogContract) return true;
  return { examples: Object.fromEntries(Object.entries(BLOG_EXAMPLES.operations).map(([name, example]) => [name, example(0)])) };
}

/** The served protocols, and the function that ends them. */
interface Opened {
  readonly service: Transport;
  readonly broker?: MqttBroker | undefined;
  readonly close: () => Promise<void>;
}

async function openModule(file: string, engine: OpenedStores | undefined): Promise<Opened> {
  const service = await loadService(file, engine);
  return { service, close: () => service.close() };
}

async function openBlog(flags: MqttFlags, engine: OpenedStores | undefined): Promise<Opened> {
  if (engine) {
    const { hub, idempotencyStore } = engine.stores;
    const service = createBlogService({ hub, idempotencyStore });
    return { service, close: () => service.close() };
  }
  const mqtt = await openMqtt(flags);
  const service = createBlogService({ hub: mqtt.hub });
  return {
    service,
    broker: mqtt.broker,
    async close() {
      await service.close();
      await mqtt.close();
    },
  };
}

interface MqttFlags {
  readonly host: string;
  readonly port: number;
  readonly 'mqtt-port'?: number | undefined;
  readonly 'mqtt-url'?: string | undefined;
  readonly 'mqtt-host'?: string | undefined;
  readonly 'mqtt-publishers'?: readonly string[] | undefined;
}

function publishersOf(flags: Pick<MqttFlags, 'mqtt-publishers'>): Record<string, '*'> {
  return Object.fromEntries((flags['mqtt-publishers'] ?? []).map((event) => [event, '*']));
}

/** The events' broker: it is there before the service, whose events come from it. */
async function openMqtt(flags: MqttFlags) {
  const { port, 'mqtt-port': mqttPort, 'mqtt-url': mqttUrl } = flags;
  const { mqttHub } = await import('../mqtt/hub.ts');
  const { mqttBroker } = await import('../mqtt/broker.ts');
  if (mqttUrl !== undefined) {
    const hub = hubAt(() => mqttHub({ url: mqttUrl }));
    return { hub, broker: undefined, close: () => hub.close() };
  }
  const broker = await mqttBroker({ host: flags['mqtt-host'], port: mqttPortOf({ port, mqttPort }), publishers: publishersOf(flags) });
  const hub = mqttHub({ url: broker.url });
  return {
    hub,
    broker,
    async close() {
      await hub.close();
      await broker.close();
    },
  };
}

function hubAt(make: () => EventHub): EventHub {
  try {
    return make();
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

/** The addresses, without the functions. */
function addressesOf(served: Served): object {
  return Object.fromEntries(Object.entries(served).filter(([, value]) => typeof value === 'string'));
}

function summary(served: Served, { contract }: Transport, mqttPath: string | undefined): string {
  const paint = painter(process.stdout);
  const { http, grpc, mqtt } = served;
  const ws = http.replace(/^http/, 'ws');
  const isBlog = contract === blogContract;
  const rows: (readonly [title: string, address: string])[] = [
    ...(served.playground === undefined ? [] : [['Playground', served.playground] as const]),
    ['REST', http],
    ['', `${http}/openapi.json`],
    ['', `${http}/asyncapi.json`],
    ['GraphQL', `${http}/graphql`],
    ['', `${http}/schema.graphql`],
    ['WebSocket', `${ws}/ws`],
    ...(isBlog ? [['', `${ws}/chat`] as const] : []),
    ['SOAP', `${http}/soap?wsdl`],
    ['gRPC', grpc],
    ['Webhooks', `${http}/webhooks/subscriptions`],
    ['MQTT', mqtt],
    ...(mqttPath === undefined ? [] : [['', `${ws}${mqttPath}`] as const]),
    ['MCP', `${http}/mcp`],
    ['Health', `${http}/healthz`],
  ];
  const url = http === PROTOCOLS[DEFAULT_PROTOCOL].url ? '' : ` --url ${http}`;
  const blogTries = [
    `curl ${http}/users/123`,
    `curl '${http}/users/123/posts?limit=2'`,
    `curl -N ${http}/chat`,
    `curl ${http}/chat --json '{"sender":"you","message":"Hello!"}'`,
    `npx multi-api-sdk watch temperature${url}`,
    `npx multi-api-sdk call getUser '{"id":123}' --via mqtt${mqtt === PROTOCOLS.mqtt.url ? '' : ` --url ${mqtt}`}`,
    `npx multi-api-sdk call reportTemperature '{"sensorId":"roof","celsius":21.5}' --wire${url}`,
  ];
  const tries = isBlog ? blogTries : [`curl ${http}/openapi.json`, `npx multi-api-sdk call --help`];
  return [
    `${paint('green', '●')} ${paint('bold', `${isBlog ? 'The Blog service' : `The service '${contract.name}'`} is up.`)} Ctrl-C ends it.`,
    '',
    ...rows.map(([title, address]) => `  ${paint('bold', title.padEnd(12))}${paint('cyan', address)}`),
    '',
    '  Things to try in another terminal:',
    '',
    ...tries.map((line) => `    ${paint('dim', '$')} ${line}`),
    '',
    '',
  ].join('\n');
}
