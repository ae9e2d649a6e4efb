import { checkForeign } from '#contract-check';
import { checkMappings } from '../../guard/check-mappings.ts';
import type { Contract, EventDefinition, Operation, Schema } from '../../core/contract.ts';
import { own } from '../../core/own.ts';
import { shapeOf } from '../../core/shape.ts';
import type { ReadContext } from '../../guard/mapped-sink.ts';
import { overlap } from '../filters.ts';
import type { ForeignMessage } from './message.ts';
import { compilePattern, type TopicPattern } from './pattern.ts';
import type { Qos } from '../wire.ts';

/** How an event of the contract looks at a foreign broker. */
export interface MqttEventMapping {
  /**
   * Any topic or filter: `zigbee2mqtt/{device}`, `$SYS/broker/uptime`, `home/#`. `{device}` is a level or a part of one, `{+path}` the rest of the
   * levels; a parameter that is a property of the payload gets its value from the topic.
   */
  readonly topic: string;
  /** @default the adapter's `qos` */
  readonly qos?: Qos;
  /**
   * The payload of the event, a list for several events in one message, or `undefined` for a message that is not this event. An error that
   * it throws is reported, and ends nothing. `context` tells those who hear the topic of a gap or an end; its state belongs to the event.
   * @default the message as JSON, which must be an object
   */
  read?(message: ForeignMessage, context: ReadContext): unknown;
}

/** How an operation of the contract is sent to a foreign device. */
export interface MqttOperationMapping {
  /** The topic of the message: `zigbee2mqtt/{device}/set`. Each parameter names a property of the input. */
  readonly topic: string;
  /** @default the adapter's `qos` */
  readonly qos?: Qos;
  /** Whether the broker keeps the message for those who subscribe later. @default false */
  readonly retain?: boolean;
  /**
   * The payload: a text or bytes as they are, anything else as JSON, `undefined` for none.
   * @default the input without what is in the topic, as JSON
   */
  input?(input: Readonly<Record<string, unknown>>): unknown;
  /** The topics of the device's answer, if it answers, with parameters of the input. Without it the call ends when the broker has the message. */
  readonly reply?: string | readonly string[];
  /**
   * The output in a message on `reply`, or `undefined` for a message that is not the answer to this call. Throw an `ApiError` for a refusal. `sent` is what
   * `input` made, such as an id that the answer repeats.
   * @default the message as JSON, taken by the call that waits longest
   */
  output?(message: ForeignMessage, input: Readonly<Record<string, unknown>>, sent: unknown): unknown;
}

/** The mappings of an adapter. */
export interface Mappings {
  readonly events?: Readonly<Record<string, MqttEventMapping>> | undefined;
  readonly operations?: Readonly<Record<string, MqttOperationMapping>> | undefined;
}

/** An event's mapping, compiled. */
export interface MappedEvent {
  readonly pattern: TopicPattern;
  readonly mapping: MqttEventMapping;
  /** Goes with the subscription if the filters of events overlap, so that a message comes to each event once. */
  readonly identifier: number | undefined;
}

/** An operation's mapping, compiled. */
export interface MappedOperation {
  readonly pattern: TopicPattern;
  readonly replies: readonly TopicPattern[];
  readonly mapping: MqttOperationMapping;
}

/**
 * Compiles the mappings of an adapter.
 * @throws TypeError for a name that the contract does not have, and for a topic that cannot be
 */
export class CompiledMappings {
  readonly #events = new Map<string, MappedEvent>();
  readonly #operations = new Map<string, MappedOperation>();

  constructor(contract: Contract, { events = {}, operations = {} }: Mappings) {
    checkMappings('mqtt: events', events, ['topic', 'qos', 'read']);
    checkMappings('mqtt: operations', operations, ['topic', 'qos', 'retain', 'input', 'reply', 'output']);
    checkForeign('mqtt', contract, { operations, events });
    const patterns = Object.entries(events).map(([name, mapping]) => {
      const where = `mqtt: events.${name}`;
      checkQos(where, mapping.qos);
      return { name, mapping, pattern: compilePattern(mapping.topic, where, true) };
    });
    // Events of one filter share one subscription, and its number.
    const filters = [...new Set(patterns.map(({ pattern }) => pattern.filter({})))];
    for (const { name, mapping, pattern } of patterns) {
      const filter = pattern.filter({});
      const doesOverlap = filters.some((other) => other !== filter && overlap(other, filter));
      this.#events.set(name, { pattern, mapping, identifier: doesOverlap ? filters.indexOf(filter) + 1 : undefined });
    }
    for (const [name, mapping] of Object.entries(operations)) {
      const where = `mqtt: operations.${name}`;
      const operation = own(contract.operations, name);
      if (!operation) continue;
      if (operation.item) throw new TypeError(`${where}: a device cannot answer with a stream: make it an event`);
      checkQos(where, mapping.qos);
      this.#operations.set(name, compileOperation(where, operation, mapping));
    }
  }

  /** The contract without the events that have foreign topics. */
  withoutMapped(contract: Contract): Contract {
    const events = Object.entries(contract.events).filter(([name]) => !this.#events.has(name));
    return this.#events.size === 0 ? contract : { ...contract, events: Object.fromEntries(events) };
  }

  get isEmpty(): boolean {
    return this.#events.size === 0 && this.#operations.size === 0;
  }

  event({ name }: EventDefinition): MappedEvent | undefined {
    return this.#events.get(name);
  }

  operation({ name }: Operation): MappedOperation | undefined {
    return this.#operations.get(name);
  }
}

function compileOperation(where: string, operation: Operation, mapping: MqttOperationMapping): MappedOperation {
  const pattern = compilePattern(mapping.topic, where, false);
  const replies = (typeof mapping.reply === 'string' ? [mapping.reply] : (mapping.reply ?? [])).map((topic) =>
    compilePattern(topic, `${where}: reply`, true),
  );
  const fields = fieldsOf(operation.input);
  const stray = [pattern, ...replies].flatMap(({ params }) => params).find((param) => !own(fields, param));
  if (stray !== undefined) throw new TypeError(`${where}: the topic's parameter {${stray}} is not a property of the input`);
  if (operation.output && replies.length === 0)
    throw new TypeError(
      `${where}: the operation has an output: say with 'reply' on which topic the device answers, or leave the output out`,
    );
  return { pattern, replies, mapping };
}

function checkQos(where: string, qos: unknown): void {
  if (qos !== undefined && qos !== 0 && qos !== 1 && qos !== 2)
    throw new TypeError(`${where}: qos must be 0, 1 or 2, not ${JSON.stringify(qos)}`);
}

/** The properties of an object schema. */
export function fieldsOf(schema: Schema | undefined): Readonly<Record<string, Schema>> {
  const shape = schema && shapeOf(schema);
  return shape?.kind === 'object' ? shape.fields : {};
}
