import type { Contract } from '../../core/contract.ts';
import { localId } from '../../events/event-id.ts';
import { describeContract } from '../../schema/view.ts';
import type { TypeUse } from '../../schema/node.ts';
import { type EventWire, type OperationWire, type Wire } from '../wire.ts';

/** One method of a service definition, as ts-proto (`outputServices=grpc-js`), protoc's grpc plugin and proto-loader make them. */
export interface ForeignRpc {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  /** Typed by the definition's own messages, of which nothing here knows. */
  readonly requestSerialize: (value: never) => Buffer;
  /** As `requestSerialize`, the other way. */
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** A service definition, or several in one record. */
export type ForeignDefinition = Readonly<Record<string, ForeignRpc>>;

/** Which rpc an operation or event is, and how its messages differ from the contract's values. */
export interface ForeignMethod {
  /** `acme.Users/Fetch`. */
  readonly path: string;
  /** Makes the request message of the input, or of an event's channel parameters. @default as it is */
  readonly request?: (input: never) => unknown;
  /** Makes the output, or an event's data, of the response message. @default by the contract's schema: dates as text, 64-bit integers as numbers, a list out of its message */
  readonly response?: (message: never) => unknown;
}

/** By the name of the operation or event. */
export type ForeignMethods = Readonly<Record<string, string | ForeignMethod>>;

/** For services that someone else designed. */
export interface ForeignOptions {
  /** The messages' codecs. @default the contract's own, with the names and numbers that its schemas' `.meta({ grpc })` say */
  readonly definition?: ForeignDefinition | readonly ForeignDefinition[];
  /** Which rpc each operation and event is. @default as in the contract's .proto file */
  readonly methods?: ForeignMethods;
}

type Codecs = Pick<Wire, 'operations' | 'events'>;

/** Puts other people's rpcs in the place of the contract's own. Throws a `TypeError` where a name is not known. */
export function compileForeign(contract: Contract, own: Wire, { definition, methods = {} }: ForeignOptions): Codecs {
  const rpcs = new Map<string, ForeignRpc>();
  for (const each of definition === undefined ? [] : ([definition].flat() as readonly ForeignDefinition[])) {
    for (const rpc of Object.values(each)) rpcs.set(rpc.path, rpc);
  }
  const operations = new Map(own.operations);
  const events = new Map(own.events);
  const view = describeContract(contract);
  const wanted = { ...(definition === undefined ? {} : ownPaths(own, rpcs)), ...methods };
  for (const [name, given] of Object.entries(wanted)) {
    const method = typeof given === 'string' ? { path: given } : given;
    const path = method.path.startsWith('/') ? method.path : `/${method.path}`;
    const rpc = rpcs.get(path);
    if (definition !== undefined && !rpc) {
      throw new TypeError(`grpc: the definition has no method '${path}' for '${name}'; it has ${[...rpcs.keys()].join(', ') || 'none'}`);
    }
    const operation = operations.get(name);
    const event = events.get(name);
    const place = operation ? view.operations.get(name)?.output : undefined;
    if (operation) {
      if (rpc && (rpc.requestStream || rpc.responseStream)) throw new TypeError(`grpc: '${name}' is an operation, but ${path} is a stream`);
      operations.set(name, rpc ? foreignOperation(path, rpc, method, place) : { ...operation, path });
    } else if (event) {
      if (rpc && (rpc.requestStream || !rpc.responseStream))
        throw new TypeError(`grpc: '${name}' is an event, but ${path} is no server stream`);
      const payload = view.events.get(name)?.payload;
      events.set(
        name,
        rpc
          ? foreignEvent(path, rpc, method, payload && { node: payload, nullable: false, meta: {} })
          : { ...event, path, isForeign: true },
      );
    } else throw new TypeError(`grpc: methods has '${name}', which is no operation and no event of the contract ${contract.name}`);
  }
  return { operations, events };
}

/** With a definition of the contract's own .proto file, its methods need not be named. */
function ownPaths(own: Wire, rpcs: ReadonlyMap<string, ForeignRpc>): Record<string, string> {
  return Object.fromEntries([...own.operations].flatMap(([name, { path }]) => (rpcs.has(path) ? [[name, path]] : [])));
}

function foreignOperation(path: string, rpc: ForeignRpc, method: ForeignMethod, output: TypeUse | undefined): OperationWire {
  return {
    path,
    encodeInput: (input) => rpc.requestSerialize((method.request ? method.request((input ?? {}) as never) : (input ?? {})) as never),
    decodeInput: (bytes) => bytes,
    encodeOutput: () => Buffer.alloc(0),
    decodeOutput(bytes) {
      const message = rpc.responseDeserialize(bytes as Buffer);
      return method.response ? method.response(message as never) : output && adapt(unwrap(message, output), output);
    },
  };
}

function foreignEvent(path: string, rpc: ForeignRpc, method: ForeignMethod, payload: TypeUse | undefined): EventWire {
  return {
    path,
    isForeign: true,
    encodeRequest: ({ params }) => rpc.requestSerialize((method.request ? method.request(params as never) : params) as never),
    decodeRequest: () => ({ lastEventId: undefined, params: {} }),
    encodeItem: () => Buffer.alloc(0),
    decodeItem(bytes) {
      const message = rpc.responseDeserialize(bytes as Buffer);
      const data = method.response ? method.response(message as never) : payload && adapt(message, payload);
      return { gap: false, event: { id: localId(), time: new Date().toISOString(), data } };
    },
  };
}

/** A list is the one list of its message. */
function unwrap(message: unknown, { node }: TypeUse): unknown {
  if (node.kind !== 'list' || typeof message !== 'object' || message === null) return message;
  const lists = Object.values(message).filter(Array.isArray);
  return lists.length === 1 ? lists[0] : message;
}

/** What generated code makes of a type, as the schema has it. What does not fit is left for the schema to refuse. */
function adapt(value: unknown, use: TypeUse): unknown {
  const { node } = use;
  if (value === undefined || value === null) return use.nullable ? null : undefined;
  switch (node.kind) {
    case 'string':
      if (value instanceof Date) return value.toISOString();
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
    case 'integer':
    case 'number':
      return isNumberText(value) || typeof value === 'bigint' || isLong(value) ? Number(value) : value;
    case 'list':
      return Array.isArray(value) ? value.map((item) => adapt(item, node.items)) : value;
    case 'record':
      return mapOf(value, () => node.values);
    case 'object':
      return mapOf(value, (key) => node.fields.find((field) => field.name === key));
    default:
      return value;
  }
}

function mapOf(value: unknown, useOf: (key: string) => TypeUse | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = value instanceof Map ? [...(value as Map<string, unknown>)] : Object.entries(value);
  return Object.fromEntries(
    entries.flatMap(([key, member]): [string, unknown][] => {
      const use = useOf(key);
      const adapted = use && adapt(member, use);
      return adapted === undefined ? [] : [[key, adapted]];
    }),
  );
}

function isNumberText(value: unknown): boolean {
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
}

function isLong(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'low' in value && 'high' in value;
}
