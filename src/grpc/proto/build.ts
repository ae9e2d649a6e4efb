import { deprecationNote } from '../../peer/deprecation.ts';
import type { Contract, EventDefinition, Operation } from '../../core/contract.ts';
import type { Outline, OutlinedEvent, OutlinedOperation } from '../../schema/outline/outline.ts';
import type { ObjectNode, TypeUse } from '../../schema/node.ts';
import { checkLock, serviceOf } from './lock-check.ts';
import type { ProtoLock } from './lock.ts';
import { MessageBuilder } from './message-build.ts';
import { checkName, pascal, snake } from './names.ts';
import {
  grpcMeta, isNamed, messageName, type ChannelMethod, type EventMethod, type OperationMethod, type ProtoEntry, type ProtoFile, type ProtoMessage, type ProtoMethod, type ProtoType,
} from './proto.ts'; // prettier-ignore
import { memberNotes } from '../../schema/member-notes.ts';

/** Lowers a contract to a .proto file; made once per contract and lock. */
export type ProtoOf = (contract: Contract, lock?: ProtoLock) => ProtoFile;

/**
 * Lowers contracts by what `describe` says of their types.
 * Throws a `TypeError` that names the message or field if names or numbers collide.
 */
export function protoBy(describe: (contract: Contract) => Outline): ProtoOf {
  const files = new WeakMap<Contract, Map<ProtoLock | undefined, ProtoFile>>();
  return (contract, lock) => {
    let byLock = files.get(contract);
    if (!byLock) files.set(contract, (byLock = new Map<ProtoLock | undefined, ProtoFile>()));
    let file = byLock.get(lock);
    if (!file) byLock.set(lock, (file = new FileBuilder(contract, lock, describe).build()));
    return file;
  };
}

const TEXT: ProtoType = { kind: 'scalar', scalar: 'string', conversion: 'none' };

class FileBuilder {
  readonly #view: Outline;
  readonly #builder: MessageBuilder;
  readonly #package: string;

  readonly #operations = new Map<string, OperationMethod>();

  private readonly contract: Contract;
  private readonly lock: ProtoLock | undefined;

  constructor(contract: Contract, lock: ProtoLock | undefined, describe: (contract: Contract) => Outline) {
    this.contract = contract;
    this.lock = lock;
    this.#package = `${contract.name}.v${contract.version.split('.')[0] ?? '1'}`;
    if (lock && lock.package !== this.#package) {
      throw new TypeError(`gRPC: the lock is that of ${lock.package}, not of ${this.#package}`);
    }
    this.#view = describe(contract);
    this.#builder = new MessageBuilder(lock);
  }

  build(): ProtoFile {
    const { contract, lock } = this;
    const events = new Map<string, EventMethod>();
    const channels = new Map<string, ChannelMethod>();
    const services = new Map<string, ProtoMethod[]>();
    const add = (method: ProtoMethod): void => {
      const { service } = method;
      const methods = services.get(service) ?? [];
      services.set(service, methods);
      const other = methods.find((each) => each.name === method.name);
      if (other) throw new TypeError(`gRPC: ${service} would have two methods '${method.name}': give one a meta: { grpc: { name: '…' } }, or its event a meta: { grpc: { channel: '…' } }`); // prettier-ignore
      methods.push(method);
    };
    for (const service of contract.services) {
      for (const view of this.#view.operations.values()) if (view.operation.service === service) add(this.#operation(view));
      const ours = [...this.#view.events.values()].filter(({ event }) => event.service === service);
      for (const view of ours) {
        const method = this.#event(view);
        events.set(view.event.name, method);
        add(method);
      }
      for (const view of ours) {
        const { writtenBy, params } = view.event;
        const writer = writtenBy === undefined ? undefined : this.#view.operations.get(writtenBy);
        // A channel with parameters is many channels: which one a stream would be is not known.
        if (!writer || params.length > 0) continue;
        const method = this.#channel(view, writer);
        channels.set(view.event.name, method);
        add(method);
      }
    }
    for (const name of services.keys()) this.#builder.claim(name, 'a service');
    const { messages, enums, changes } = this.#builder;
    const file: ProtoFile = {
      package: this.#package,
      comment: contract.description,
      services: [...services].map(([name, methods]) => ({ name, methods })),
      messages,
      enums,
      operations: this.#operations,
      events,
      channels,
    };
    if (lock) checkLock(file, lock, changes);
    return file;
  }

  #method(name: string, of: Operation | EventDefinition): Pick<ProtoMethod, 'name' | 'service' | 'path' | 'comment' | 'deprecated'> {
    const service = serviceOf(this.lock, of.service.endsWith('Service') ? of.service : `${of.service}Service`, name);
    const comment = [of.summary, of.description, memberNotes(of), noteOf(of)];
    return {
      name,
      service,
      path: `/${this.#package}.${service}/${name}`,
      comment: comment.filter((part) => part !== undefined).join('\n\n') || undefined,
      deprecated: of.deprecated !== undefined && of.deprecated !== false,
    };
  }

  #operation(view: OutlinedOperation): OperationMethod {
    const known = this.#operations.get(view.operation.name);
    if (known) return known;
    const { operation, input, item } = view;
    // Each message of a stream is an item.
    const output = item ?? view.output;
    const meta = grpcMeta(operation);
    const name = meta.name === undefined ? pascal(operation.name) : checkName(meta.name, operation.name);
    const request = input ? this.#builder.object(input, `${name}Request`) : this.#builder.envelope(`${name}Request`, undefined, []);
    const wrapsOutput = output !== undefined && (output.node.kind !== 'object' || output.nullable);
    const response = output && (wrapsOutput ? this.#response(`${name}Response`, output) : this.#builder.object(output.node as ObjectNode));
    const method: OperationMethod = {
      ...this.#method(name, operation),
      serves: 'operation',
      request,
      response,
      requestStream: false,
      responseStream: item !== undefined,
      hasNoSideEffects: operation.kind === 'query',
      view,
      wrapsOutput,
    };
    this.#operations.set(operation.name, method);
    return method;
  }

  #response(name: string, output: TypeUse): ProtoMessage {
    const { node } = output;
    if (node.kind !== 'list' || output.nullable) return this.#builder.wrapper(name, 'value', output);
    const item = node.items.node;
    const property =
      isNamed(item) && !item.derived && !node.items.nullable
        ? `${snake(messageName(item))}s`
        : item.kind === 'string' && !node.items.nullable
          ? 'strings'
          : 'items';
    return this.#builder.wrapper(name, property, output);
  }

  #event(view: OutlinedEvent): EventMethod {
    const { event, payload } = view;
    const meta = grpcMeta(event);
    const name = meta.name === undefined ? `On${pascal(event.name)}` : checkName(meta.name, event.name);
    const data = this.#builder.object(payload);
    const params = event.params.map((param) => {
      const field = payload.fields.find((each) => each.name === param);
      const entry = data.entries.find((each) => each.property === param);
      if (!field || !entry) throw new TypeError(`event ${event.name}: the payload has no field '${param}'`);
      return {
        property: param,
        name: entry.field.name,
        type: entry.field.type,
        optional: entry.field.type.kind !== 'timestamp',
        use: field,
      };
    });
    const request = this.#builder.envelope(`${name}Request`, undefined, [
      { property: 'lastEventId', name: 'last_event_id', type: TEXT, optional: false },
      ...params,
    ]);
    const envelope = this.#builder.envelope(`${pascal(event.name)}Event`, undefined, [
      { property: 'id', name: 'id', type: TEXT, optional: false },
      { property: 'time', name: 'time', type: { kind: 'timestamp', digits: 3 }, optional: false },
      { property: 'data', name: 'data', type: { kind: 'message', message: data }, optional: false },
      { property: 'gap', name: 'gap', type: { kind: 'scalar', scalar: 'bool', conversion: 'none' }, optional: false },
      { property: 'traceparent', name: 'traceparent', type: TEXT, optional: false },
    ]);
    return {
      ...this.#method(name, event),
      serves: 'event',
      request,
      response: envelope,
      requestStream: false,
      responseStream: true,
      view,
      payload: data,
    };
  }

  #channel(view: OutlinedEvent, writer: OutlinedOperation): ChannelMethod {
    const { event, payload } = view;
    const meta = grpcMeta(event);
    const name = meta.channel === undefined ? pascal(event.channel) : checkName(meta.channel, event.name);
    const data = this.#builder.object(payload);
    // If both have the same shape, one message serves for both directions.
    const sent = this.#operation(writer).request;
    const request = sent && isAlike(sent, data) ? data : sent;
    return {
      ...this.#method(name, event),
      comment: `Sends what ${pascal(writer.operation.name)} takes, and gives what everyone has sent.`,
      serves: 'channel',
      request,
      response: data,
      requestStream: true,
      responseStream: true,
      view,
      operation: writer,
      payload: data,
    };
  }
}

/** Whether two messages have the same fields with the same properties behind them, so that either can stand for the other. */
function isAlike(a: ProtoMessage, b: ProtoMessage): boolean {
  return a.shape === b.shape && a.entries.map(identityOf).join() === b.entries.map(identityOf).join();
}

/** The facts on which the wire and its values depend; within a file, names of messages and enums are unique. */
function identityOf({ property, field, nullField, implied, required }: ProtoEntry): string {
  const { name, number, label, optional, oneof, type } = field;
  const typeName = type.kind === 'message' ? type.message.name : type.kind === 'enum' ? type.enum.name : type;
  return JSON.stringify([property, name, number, label, optional, oneof, typeName, nullField?.number, implied, required]);
}

function noteOf({ deprecated }: Operation | EventDefinition): string | undefined {
  const note = deprecationNote(deprecated);
  return note === '' ? undefined : `Deprecated: ${note}`;
}
