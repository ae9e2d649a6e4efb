import { checkForeign } from '#contract-check';
import { readContext, type ReadContext } from '../../guard/mapped-sink.ts';
import { checkMappings } from '../../guard/check-mappings.ts';
import type { Contract } from '../../core/contract.ts';
import { nearest } from '../../core/nearest.ts';
import { localId } from '../../events/event-id.ts';
import type { ObjectNode, TypeUse } from '../../schema/node.ts';
import { describeContract, type ContractView } from '../../schema/view.ts';
import { MAX_DEPTH } from '../../peer/json.ts';
import type { ProtoType } from '../proto/proto.ts';
import { compileEvent, type EventWire, type OperationWire, type Wire } from '../wire.ts';
import { Descriptors, type DescribedRpc } from './descriptors.ts';
import { buffersOf } from '../codec/buffers.ts';
import type { MessageCodec } from '../codec/codec.ts';
import { bareCodec } from './any.ts';
import type { ForeignRpc } from './generated-code.ts';
import { adaptMessage, adaptRequest, checkAnswer } from './opaque.ts';
import { isOwnEvent, ownItemNode, ownRequestNode } from './own-event.ts';
import { Planner, someOf } from './plan.ts';
import { readSources, type DescriptorSource } from './sources.ts';

export type { ForeignRpc } from './generated-code.ts';
export type { DescriptorSource, FileLike, LoadedPackage, ServiceLike } from './sources.ts';

/** A service definition of generated code, or several in one record. */
export type ForeignDefinition = Readonly<Record<string, ForeignRpc>>;

/** Which rpc an operation is, and how its messages differ from the contract's values. */
export interface GrpcOperation {
  /** `acme.v1.Users/Fetch`. */
  readonly method: string;
  /** Makes the request message of the input. @default by the contract's schema */
  readonly input?: (input: never) => unknown;
  /** Makes the output of the response message. @default by the contract's schema */
  readonly output?: (message: never) => unknown;
  /** Of a streamed operation: makes an item of each message; a message for which it gives `undefined` is not an item; `context` ends the stream. @default by the contract's schema */
  readonly read?: (message: never, context: ReadContext) => unknown;
}

/** Which rpc an event is, and how its messages differ from the contract's values. */
export interface GrpcEvent {
  /** `acme.v1.Users/Watch`, a server stream. */
  readonly method: string;
  /** Makes the request message of the channel's parameters. @default by the contract's schema */
  readonly input?: (params: never) => unknown;
  /** Makes the event's data of a message; a message for which it gives `undefined` is none of this event; `context` tells of gaps. @default by the contract's schema */
  readonly read?: (message: never, context: ReadContext) => unknown;
}

/** For services that someone else designed. */
export interface ForeignOptions {
  /**
   * The description of the service: see {@link DescriptorSource}; or a service definition of ts-proto or protoc's grpc plugin, which says
   * nothing of its messages.
   * @default the contract's own messages, with the names and numbers that its schemas' `.meta({ grpc })` say
   */
  readonly definition?: DescriptorSource | ForeignDefinition | readonly (DescriptorSource | ForeignDefinition)[];
  /** Describes the messages of a `definition` that does not. */
  readonly descriptors?: DescriptorSource | readonly DescriptorSource[];
  /** Which rpc each operation is, by the operation's name. @default the one of the definition that has its name */
  readonly operations?: Readonly<Record<string, string | GrpcOperation>>;
  /** Which server stream each event is, by the event's name. @default the one of the definition that has its name */
  readonly events?: Readonly<Record<string, string | GrpcEvent>>;
}

type Codecs = Pick<Wire, 'operations' | 'events'>;
type Rpc = { readonly described: DescribedRpc } | { readonly described?: undefined; readonly opaque: ForeignRpc };

/** Puts foreign rpcs in the place of the contract's own. Throws a `TypeError` that names all that does not fit. */
export function compileForeign(contract: Contract, own: Wire, options: ForeignOptions): Codecs {
  const { definition, descriptors, operations = {}, events = {} } = options;
  if (definition === undefined && descriptors === undefined && Object.keys({ ...operations, ...events }).length === 0) return own;
  return new ForeignCompiler(contract, own, listOf(definition), listOf(descriptors)).compile(operations, events);
}

function listOf(given: unknown): readonly unknown[] {
  return given === undefined ? [] : Array.isArray(given) ? (given as readonly unknown[]) : [given];
}

/** The parts of which the wires are made when no fault was found. */
type Late<T> = () => T;

class ForeignCompiler {
  readonly #contract: Contract;
  readonly #own: Wire;
  readonly #view: ContractView;
  readonly #rpcs: ReadonlyMap<string, Rpc>;
  readonly #isDefined: boolean;
  readonly #planner: Planner;
  readonly #problems: string[] = [];

  constructor(contract: Contract, own: Wire, definition: readonly unknown[], descriptors: readonly unknown[]) {
    this.#contract = contract;
    this.#own = own;
    this.#view = describeContract(contract);
    this.#isDefined = definition.length + descriptors.length > 0;
    const { files, opaque } = readSources([...definition, ...descriptors]);
    const described = new Descriptors(files);
    this.#planner = new Planner(described);
    this.#rpcs = new Map<string, Rpc>([
      ...[...opaque].map(([path, rpc]): [string, Rpc] => [path, { opaque: rpc }]),
      ...[...described.rpcs].map(([path, rpc]): [string, Rpc] => [path, { described: rpc }]),
    ]);
  }

  compile(operations: NonNullable<ForeignOptions['operations']>, events: NonNullable<ForeignOptions['events']>): Codecs {
    const contract = this.#contract;
    checkMappings('grpc: operations', operations, ['method', 'input', 'output', 'read']);
    checkMappings('grpc: events', events, ['method', 'input', 'read']);
    checkForeign('grpc', contract, { operations, events }, { operations: 'method', events: 'method' });
    const late = { operations: new Map<string, Late<OperationWire>>(), events: new Map<string, Late<EventWire>>() };
    for (const [name, wire] of this.#own.operations) {
      const mapping = mappingOf(operations[name]) ?? this.#byName(name, wire.path, contract.operations[name]?.item !== undefined);
      late.operations.set(name, mapping ? this.#operation(name, wire, mapping) : () => wire);
    }
    for (const [name, wire] of this.#own.events) {
      const mapping = mappingOf(events[name]) ?? this.#byName(name, wire.path, true);
      late.events.set(name, mapping ? this.#event(name, wire, mapping) : () => wire);
    }
    const problems = [...new Set([...this.#problems, ...this.#planner.problems])];
    if (problems.length > 0) {
      throw new TypeError(
        `grpc: the definition does not fit the contract ${contract.name}: ${problems.join('; ')}\nGive 'input', 'output' or 'read' if values differ, and 'descriptors' beside generated code.`,
      );
    }
    const settle = <T>(map: ReadonlyMap<string, Late<T>>) => new Map([...map].map(([name, make]) => [name, make()]));
    return { operations: settle(late.operations), events: settle(late.events) };
  }

  /** Without a mapping: the contract's own path, else the only rpc of that name. */
  #byName(name: string, ownPath: string, isStream: boolean): GrpcOperation | GrpcEvent | undefined {
    if (!this.#isDefined) return undefined;
    if (this.#rpcs.has(ownPath)) return { method: ownPath };
    const alike = [...this.#rpcs].filter(([path, rpc]) => {
      const { requestStream, responseStream } = rpc.described ?? rpc.opaque;
      return path.slice(path.lastIndexOf('/') + 1).toLowerCase() === name.toLowerCase() && !requestStream && responseStream === isStream;
    });
    return alike.length === 1 && alike[0] ? { method: alike[0][0] } : undefined;
  }

  #rpc(
    name: string,
    { method }: GrpcOperation | GrpcEvent,
    isStream: boolean,
    what: string,
  ): { readonly path: string; readonly rpc: Rpc | undefined } {
    const path = method.startsWith('/') ? method : `/${method}`;
    const rpc = this.#rpcs.get(path);
    if (!rpc) {
      if (!this.#isDefined) return { path, rpc };
      const paths = [...this.#rpcs.keys()];
      const like = nearest(path, paths);
      throw new TypeError(
        `grpc: the definition has no method '${path}' for '${name}': ${like === undefined ? `it has ${someOf(paths)}` : `did you mean '${like}'?`}`,
      );
    }
    const { requestStream, responseStream } = rpc.described ?? rpc.opaque;
    if (requestStream) throw new TypeError(`grpc: ${path} takes a stream: client and bidirectional streaming are not carried ('${name}')`);
    if (!isStream && responseStream)
      throw new TypeError(`grpc: ${path} is a server stream, and '${name}' is an operation: make it a stream or an event`);
    if (isStream && !responseStream) throw new TypeError(`grpc: '${name}' is ${what}, and ${path} is not a server stream`);
    return { path, rpc };
  }

  #operation(name: string, own: OperationWire, mapping: GrpcOperation): Late<OperationWire> {
    const view = this.#view.operations.get(name);
    const isStream = view?.item !== undefined;
    const { path, rpc } = this.#rpc(name, mapping, isStream, 'a stream');
    const hook = isStream ? 'read' : 'output';
    const other = isStream ? 'output' : 'read';
    if (mapping[other])
      throw new TypeError(`grpc: '${name}' is ${isStream ? 'a stream' : 'no stream'}: give '${hook}' instead of '${other}'`);
    const encode = this.#encoder(`${name} (input)`, rpc, mapping.input, view?.input);
    const decode = this.#decoder(`${name} (${isStream ? 'item' : 'output'})`, rpc, mapping[hook], view?.item ?? view?.output);
    if (!encode || !decode) {
      return () => ({ ...own, path, isForeign: true });
    }
    return () => {
      const [write, read] = [encode(), decode()];
      return {
        path,
        isForeign: true,
        encodeInput: (value) => write(value ?? {}),
        decodeInput: (bytes) => bytes,
        encodeOutput: () => Buffer.alloc(0),
        decodeOutput: read,
      };
    };
  }

  #event(name: string, own: EventWire, mapping: GrpcEvent): Late<EventWire> {
    const { path, rpc } = this.#rpc(name, mapping, true, 'an event');
    const view = this.#view.events.get(name);
    const params = view && { ...view.payload, fields: view.payload.fields.filter((field) => view.event.params.includes(field.name)) };
    const payload = view && { node: view.payload, nullable: false, meta: {} };
    if (rpc?.described && view && params && !mapping.input && !mapping.read && isOwnEvent(rpc.described, view.payload)) {
      const request = this.#planner.object(rpc.described.request, ownRequestNode(params), `${name} (parameters)`);
      const item = this.#planner.object(rpc.described.response, ownItemNode(view.payload), `${name} (payload)`);
      return () => ({ path, ...compileEvent(buffersOf(request), buffersOf(item), view) });
    }
    const encode = this.#encoder(`${name} (parameters)`, rpc, mapping.input, params);
    const decode = this.#decoder(`${name} (payload)`, rpc, mapping.read, payload);
    if (!encode || !decode) return () => ({ ...own, path, isForeign: true });
    return () => {
      const [write, read] = [encode(), decode()];
      return {
        path,
        isForeign: true,
        encodeRequest: (request) => write(request.params),
        decodeRequest: () => ({ lastEventId: undefined, params: {} }),
        encodeItem: () => Buffer.alloc(0),
        decodeItem(bytes, context) {
          const data = read(bytes, context);
          // A message that `read` does not want is not an event of this kind.
          return data === undefined && mapping.read
            ? undefined
            : { gap: false, event: { id: localId(), time: new Date().toISOString(), data } };
        },
      };
    };
  }

  /** Makes bytes of an input; `undefined` if the contract's own codec does. */
  #encoder(
    at: string,
    rpc: Rpc | undefined,
    hook: ((value: never) => unknown) | undefined,
    node: ObjectNode | undefined,
  ): Late<(value: unknown) => Buffer> | undefined {
    if (!rpc) return undefined;
    if (!rpc.described) {
      const { opaque } = rpc;
      const serialize = opaque.requestSerialize as (message: unknown) => Buffer;
      // A hook takes what its author says, which no type here knows.
      if (hook) return () => (value) => serialize(hook(value as never));
      if (!node) return () => () => Buffer.alloc(0);
      const adapt = adaptRequest(opaque, node, at, this.#problems);
      return () => (value) => serialize(adapt(value));
    }
    const { request } = rpc.described;
    if (!hook && (!node || node.fields.length === 0)) return () => () => Buffer.alloc(0);
    const type: ProtoType =
      !hook && node && request.name === 'google.protobuf.Struct'
        ? this.#planner.value(request, { node, nullable: false, meta: {} }, at)
        : { kind: 'message', message: hook || !node ? this.#planner.json(request) : this.#planner.object(request, node, at) };
    return () => {
      const codec = messageCodec(type);
      return hook ? (value) => codec.encode(hook(value as never) ?? {}) : (value) => codec.encode(value);
    };
  }

  /** Makes an output of bytes; `undefined` if the contract's own codec does. */
  #decoder(
    at: string,
    rpc: Rpc | undefined,
    hook: ((message: never, context: ReadContext) => unknown) | undefined,
    use: TypeUse | undefined,
  ): Late<(bytes: Uint8Array, context?: ReadContext) => unknown> | undefined {
    if (!rpc) return undefined;
    if (!rpc.described) {
      const { opaque } = rpc;
      if (!hook && use) checkAnswer(opaque, use, at, this.#problems);
      return () =>
        (bytes, context = NO_CONTEXT) => {
          const message = opaque.responseDeserialize(bytes as Buffer);
          // As above.
          return hook ? hook(message as never, context) : use && adaptMessage(message, use);
        };
    }
    if (!use && !hook) return () => () => undefined;
    const { response } = rpc.described;
    const type: ProtoType =
      hook || !use ? { kind: 'message', message: this.#planner.json(response) } : this.#planner.value(response, use, at);
    return () => {
      const codec = messageCodec(type);
      return hook ? (bytes, context = NO_CONTEXT) => hook(codec.decode(bytes) as never, context) : (bytes) => codec.decode(bytes);
    };
  }
}

/** Given to the hooks of single answers. */
const NO_CONTEXT = readContext({ gap: () => {}, end: () => {} }).context;

function messageCodec(type: ProtoType): MessageCodec<Buffer> {
  return type.kind === 'message' ? buffersOf(type.message) : bareCodec(type, MAX_DEPTH);
}

function mappingOf(given: string | GrpcOperation | GrpcEvent | undefined): (GrpcOperation & GrpcEvent) | undefined {
  return typeof given === 'string' ? { method: given } : given;
}
