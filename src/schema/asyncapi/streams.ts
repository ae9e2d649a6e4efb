import type { Contract, Operation } from '../../core/contract.ts';
import type { JsonObject } from '../../core/errors.ts';
import type { Components } from '../components.ts';
import { securityOf } from './security.ts';
import type { ContractView, OperationView } from '../view.ts';

/** How a protocol carries the streamed operations of a contract: a message asks for one, and the items are messages of a reply. */
export interface AsyncApiStreams {
  /** The address at which an operation is asked for. */
  address(operation: Operation, contract: Contract): string;
  /** Says how a request names the address of its replies, as an AsyncAPI reply address object. */
  readonly reply: JsonObject;
  /** JSON Schema of what is beside an item. */
  readonly headers?: JsonObject;
}

/** The parts of AsyncAPI that describe streams, by their keys in the document. */
export interface StreamParts {
  readonly channels: Readonly<Record<string, JsonObject>>;
  readonly operations: Readonly<Record<string, JsonObject>>;
  readonly messages: Readonly<Record<string, JsonObject>>;
}

/**
 * Describes the streamed operations of a contract as one protocol carries them. `server` is its name in the document, if it has a place there.
 * Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0#operationReplyObject
 */
export function streamParts(
  view: ContractView,
  components: Components,
  protocol: { readonly name: string; readonly server?: string | undefined; readonly streams: AsyncApiStreams },
): StreamParts {
  // prettier-ignore
  const parts = { channels: {} as Record<string, JsonObject>, operations: {} as Record<string, JsonObject>, messages: {} as Record<string, JsonObject> }; // prettier-ignore
  for (const each of view.operations.values()) if (each.operation.item) describe(each, view.contract, components, protocol, parts);
  return parts;
}

function describe(
  { operation, inputSchema, itemSchema }: OperationView,
  contract: Contract,
  components: Components,
  { name, server, streams }: { readonly name: string; readonly server?: string | undefined; readonly streams: AsyncApiStreams },
  { channels, operations, messages }: { readonly [K in keyof StreamParts]: Record<string, JsonObject> },
): void {
  const key = `${operation.name}-${name}`;
  const [asks, item] = [`${key}-request`, `${key}-item`];
  const servers = server === undefined ? {} : { servers: [{ $ref: `#/servers/${server}` }] };
  const message = (of: string) => ({ messages: { [of]: { $ref: `#/components/messages/${of}` } } });
  const tags = [{ name: operation.service }];
  const summary = operation.summary === undefined ? {} : { summary: operation.summary };
  channels[key] = { address: streams.address(operation, contract), ...summary, ...message(asks), ...servers, tags };
  channels[`${key}-reply`] = { address: null, ...message(item), ...servers, tags };
  operations[key] = {
    action: 'receive',
    channel: { $ref: `#/channels/${key}` },
    messages: [{ $ref: `#/channels/${key}/messages/${asks}` }],
    ...summary,
    ...securityOf(operation, contract),
    reply: {
      address: streams.reply,
      channel: { $ref: `#/channels/${key}-reply` },
      messages: [{ $ref: `#/channels/${key}-reply/messages/${item}` }],
    },
  };
  const json = { contentType: 'application/json' };
  messages[asks] = { name: operation.name, ...json, ...(inputSchema && { payload: components.refer(inputSchema, 'input') }) };
  messages[item] = {
    name: `${operation.name} item`,
    ...json,
    ...(streams.headers && { headers: streams.headers }),
    ...(itemSchema && { payload: components.refer(itemSchema, 'output') }),
  };
}
