import { deprecationNote } from '../peer/deprecation.ts';
import { readOptions } from '../core/options.ts';
import type { Contract, EventDefinition } from '../core/contract.ts';
import type { JsonObject } from '../core/errors.ts';
import { attributesSchema, CLOUD_EVENT_JSON, modeOf, structuredSchema, type DescribedCloudEvents } from './asyncapi/cloud-events.ts';
import { securityOf, securitySchemesOf } from './asyncapi/security.ts';
import { streamParts, type AsyncApiStreams, type StreamParts } from './asyncapi/streams.ts';
import { createComponents, type Components } from './components.ts';
import { describeContract, type ContractView, type EventView } from './view.ts';
import { pascal } from './pascal.ts';

/** The part of one protocol in the AsyncAPI document. Every member is optional except its name. */
export interface AsyncApiProtocol {
  /** AsyncAPI's name of the protocol, the key of its bindings: `http`, `ws`, `mqtt`. */
  readonly protocol: string;
  /** The server's name in the document. @default the protocol */
  readonly name?: string;
  /** The address of the server: `http://localhost:4000/api`. Without it, the document names no server for the protocol. */
  readonly url?: string;
  /** The address of an event, if that is not its channel; null if only a subscription says it (a webhook). */
  address?(event: EventDefinition): string | null;
  /**
   * The values that a client may write to the channel of an event: the input of the operation that writes there, or the payload. @default
   * nothing
   */
  accepts?(event: EventDefinition): 'input' | 'payload' | undefined;
  /** The bindings of AsyncAPI: https://github.com/asyncapi/bindings */
  channel?(event: EventDefinition): JsonObject | undefined;
  /** The bindings of an event's operation. */
  operation?(event: EventDefinition): JsonObject | undefined;
  /** The bindings of an event's message. */
  message?(event: EventDefinition): JsonObject | undefined;
  /** JSON Schema of what the protocol carries beside the payload. */
  headers?(event: EventDefinition): JsonObject | undefined;
  /** How it carries events as CloudEvents: the option of its server. @default not at all */
  readonly cloudEvents?: DescribedCloudEvents | undefined;
  /** How it carries streamed operations, if other documents do not say so. */
  readonly streams?: AsyncApiStreams;
}

/** Options of `asyncApi`. */
export interface AsyncApiOptions {
  /** @default the contract's name */
  readonly title?: string;
  /** The protocols that carry the events. @default server-sent events */
  readonly protocols?: readonly AsyncApiProtocol[];
}

/** Server-sent events: `GET /<channel>`. `url` is the address of the REST handler. */
export function sseProtocol(url?: string): AsyncApiProtocol {
  return {
    protocol: 'http',
    name: 'sse',
    ...(url !== undefined && { url }),
    operation: () => ({ method: 'GET', bindingVersion: '0.3.0' }),
  };
}

/**
 * The AsyncAPI 3.0 document of a contract's events, and of its streamed operations on protocols that have no other document. Protocols that carry an event at the same address and in the same form share a channel.
 * Throws a `TypeError` as `describeContract` does. Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncApi(contract: Contract, options: AsyncApiOptions = {}): JsonObject {
  const view = describeContract(contract);
  const { title = contract.name, protocols = [sseProtocol()] } = readOptions('asyncApi', options, {}, ['title', 'protocols']);
  const components = createComponents(view, '#/components/schemas/');
  const places = [...view.events.values()].flatMap((event) => placesOf(event, protocols));
  const streams = protocols.flatMap((protocol) => {
    const name = serverName(protocol);
    const server = protocol.url === undefined ? undefined : name;
    return protocol.streams ? [streamParts(view, components, { name, server, streams: protocol.streams })] : [];
  });
  const merged = (part: keyof StreamParts) => Object.assign({}, ...streams.map((each) => each[part])) as Record<string, JsonObject>;
  const channels = { ...Object.fromEntries(places.map((place) => [place.name, channel(place)])), ...merged('channels') };
  const operations = { ...Object.fromEntries(places.flatMap((place) => operationsOf(place, view))), ...merged('operations') };
  const messages = { ...Object.fromEntries(places.flatMap((place) => messagesOf(place, view, components))), ...merged('messages') };
  const servers = Object.fromEntries(
    protocols.flatMap((protocol) => (protocol.url === undefined ? [] : [[serverName(protocol), server(protocol.url)]])),
  );
  return {
    asyncapi: '3.0.0',
    info: {
      title,
      version: contract.version,
      ...(contract.description !== undefined && { description: contract.description }),
      tags: [...new Set([...view.events.values()].map(({ event }) => event.service))].map((name) => ({ name })),
    },
    defaultContentType: 'application/json',
    ...(Object.keys(servers).length > 0 && { servers }),
    channels,
    operations,
    components: { messages, schemas: components.schemas, ...securitySchemesOf(contract) },
  };
}

/** An event at one address, with the protocols that carry it there. */
interface Place {
  readonly name: string;
  readonly address: string | null;
  readonly view: EventView;
  readonly protocols: AsyncApiProtocol[];
}

function placesOf(view: EventView, protocols: readonly AsyncApiProtocol[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const protocol of protocols) {
    const address = protocol.address ? protocol.address(view.event) : view.event.channel;
    const form = protocol.cloudEvents && modeOf(protocol.cloudEvents);
    const key = JSON.stringify([address, form]);
    const place = places.get(key);
    if (place) place.protocols.push(protocol);
    else {
      const { name } = view.event;
      places.set(key, { name: places.size === 0 ? name : `${name}-${serverName(protocol)}`, address, view, protocols: [protocol] });
    }
  }
  return [...places.values()];
}

function channel({ name, address, view: { event, payload }, protocols }: Place): JsonObject {
  const written = acceptedOf(event, protocols);
  const servers = protocols
    .filter((protocol) => protocol.url !== undefined)
    .map((protocol) => ({ $ref: `#/servers/${serverName(protocol)}` }));
  const parameters = Object.fromEntries(
    event.params.map((param) => {
      const field = payload.fields.find((candidate) => candidate.name === param);
      const values = field?.node.kind === 'enum' ? { enum: field.node.values } : {};
      return [
        param,
        {
          description: field?.description ?? `The events' ${param}; '+' stands for all.`,
          location: `$message.payload#/${param}`,
          ...values,
        },
      ];
    }),
  );
  return {
    address,
    ...(event.summary !== undefined && { summary: event.summary }),
    ...descriptionOf(event),
    messages: Object.fromEntries(
      [event.name, ...(written === 'input' ? [inputName(event)] : [])].map((key) => [
        key,
        { $ref: `#/components/messages/${messageKey(name, event, key)}` },
      ]),
    ),
    ...(event.params.length > 0 && address !== null && { parameters }),
    ...(servers.length > 0 && { servers }),
    tags: [{ name: event.service }],
    ...bindings(protocols, (protocol) => protocol.channel?.(event)),
  };
}

/** Seen from the service: it sends the events, and receives what clients write to the channel. */
function operationsOf({ name, view: { event }, protocols }: Place, view: ContractView): [string, JsonObject][] {
  const suffix = name.slice(event.name.length);
  const at = (key: string) => ({ channel: { $ref: `#/channels/${name}` }, messages: [{ $ref: `#/channels/${name}/messages/${key}` }] });
  const sent: [string, JsonObject] = [
    `on${pascal(event.name)}${suffix}`,
    {
      action: 'send',
      ...at(event.name),
      ...(event.summary !== undefined && { summary: event.summary }),
      ...securityOf(event, view.contract),
      ...bindings(protocols, (protocol) => protocol.operation?.(event)),
    },
  ];
  const written = acceptedOf(event, protocols);
  if (written === undefined) return [sent];
  const writer = view.operations.get(event.writtenBy ?? '')?.operation;
  return [
    sent,
    [
      `${event.writtenBy ?? `publish${pascal(event.name)}`}${suffix}`,
      {
        action: 'receive',
        ...at(written === 'input' ? inputName(event) : event.name),
        ...(writer?.summary !== undefined && { summary: writer.summary }),
        ...(writer && securityOf(writer, view.contract)),
      },
    ],
  ];
}

function messagesOf({ name, view: eventView, protocols }: Place, view: ContractView, components: Components): [string, JsonObject][] {
  const { event, payloadSchema } = eventView;
  const cloud = protocols[0]?.cloudEvents;
  const isStructured = cloud !== undefined && modeOf(cloud) === 'structured';
  const headers = headersOf(view.contract, event, protocols);
  const data = components.refer(payloadSchema, 'output');
  const sent: [string, JsonObject] = [
    messageKey(name, event, event.name),
    {
      name: event.type,
      contentType: isStructured ? CLOUD_EVENT_JSON : 'application/json',
      ...(event.summary !== undefined && { summary: event.summary }),
      ...descriptionOf(event),
      ...(headers && { headers }),
      payload: isStructured ? structuredSchema(view.contract, event, cloud, data) : data,
      ...bindings(protocols, (protocol) => protocol.message?.(event)),
    },
  ];
  const writer = acceptedOf(event, protocols) === 'input' ? view.operations.get(event.writtenBy ?? '') : undefined;
  if (!writer?.inputSchema) return [sent];
  const input = { name: writer.operation.name, contentType: 'application/json', payload: components.refer(writer.inputSchema, 'input') };
  return [sent, [messageKey(name, event, inputName(event)), input]];
}

/** The attributes that the protocols of a place carry beside the payload, with those of a CloudEvent whose payload is its data only. */
function headersOf(contract: Contract, event: EventDefinition, protocols: readonly AsyncApiProtocol[]): JsonObject | undefined {
  const own = protocols.map((protocol) => protocol.headers?.(event)).find((found) => found !== undefined);
  const binary = protocols.find(({ cloudEvents }) => cloudEvents !== undefined && modeOf(cloudEvents) === 'binary');
  if (!binary?.cloudEvents) return own;
  // In MQTT they are user properties, which need no prefix.
  const attributes = attributesSchema(contract, event, binary.cloudEvents, binary.protocol === 'mqtt' ? '' : 'ce-');
  const { properties = {}, required = [], ...rest } = own ?? {};
  return {
    ...rest,
    ...attributes,
    properties: { ...(properties as JsonObject), ...attributes.properties },
    required: [...(required as string[]), ...attributes.required],
  };
}

function acceptedOf(event: EventDefinition, protocols: readonly AsyncApiProtocol[]): 'input' | 'payload' | undefined {
  const accepted = protocols.map((protocol) => protocol.accepts?.(event));
  if (accepted.includes('input') && event.writtenBy !== undefined) return 'input';
  return accepted.includes('payload') ? 'payload' : undefined;
}

function messageKey(place: string, event: EventDefinition, key: string): string {
  return key + place.slice(event.name.length);
}

function inputName(event: EventDefinition): string {
  return `${event.writtenBy ?? event.name}Input`;
}

function descriptionOf(event: EventDefinition): JsonObject {
  const { description, deprecated } = event;
  const note = deprecationNote(deprecated);
  const notice = deprecated ? `Deprecated${note === '' ? '' : `: ${note}`}.` : undefined;
  const text = [description, notice].filter((part) => part !== undefined).join('\n\n');
  return text === '' ? {} : { description: text };
}

function bindings(protocols: readonly AsyncApiProtocol[], of: (protocol: AsyncApiProtocol) => JsonObject | undefined): JsonObject {
  const found = protocols.flatMap((protocol) => {
    const binding = of(protocol);
    return binding ? [[protocol.protocol, binding] as const] : [];
  });
  return found.length === 0 ? {} : { bindings: Object.fromEntries(found) };
}

function serverName({ name, protocol }: AsyncApiProtocol): string {
  return name ?? protocol;
}

function server(url: string): JsonObject {
  const { host, pathname, protocol } = new URL(url);
  return { host, protocol: protocol.slice(0, -1), ...(pathname.length > 1 && { pathname: pathname.replace(/\/$/, '') }) };
}
