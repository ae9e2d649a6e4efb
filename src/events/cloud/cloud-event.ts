import type { Contract, EventDefinition } from '../../core/contract.ts';
import type { EventMessage } from '../../core/transport.ts';
import { cloudEventSource } from '../../schema/asyncapi/cloud-event-source.ts';

/** The media type of one CloudEvent in JSON. Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
export const CLOUD_EVENT_TYPE = 'application/cloudevents+json';

/** The form of CloudEvents: `binary` has attributes and payload apart, `structured` has one JSON object with both. */
export type CloudEventsMode = 'binary' | 'structured';

/** How events are written as CloudEvents 1.0. */
export interface CloudEventsOptions<M extends CloudEventsMode = CloudEventsMode> {
  /** Attributes and payload apart, or one JSON object with both. */
  readonly mode: M;
  /** The context that the events are from, a URI reference. @default '/blog/v1': the contract's name and the major number of its version */
  readonly source?: string;
  /** Makes the type of an event, for example with the reversed domain name of its owner. @default the event's `type` in the contract */
  readonly type?: (event: EventDefinition) => string;
  /** Makes the subject of an event. @default the values of the channel's parameters, joined by '/'; none for a channel without parameters */
  readonly subject?: (event: EventDefinition, message: EventMessage) => string | undefined;
  /** Makes the address of the schema of an event's data, an absolute URI. @default none */
  readonly dataSchema?: (event: EventDefinition) => string | undefined;
  /**
   * Makes further attributes. Names have the letters a to z and digits.
   * @default none
   */
  readonly extensions?: (event: EventDefinition, message: EventMessage) => Readonly<Record<string, string | undefined>>;
}

/** The option `cloudEvents` of what publishes events. */
export type CloudEventsOption<M extends CloudEventsMode = CloudEventsMode> = M | CloudEventsOptions<M>;

/** The attributes of a CloudEvent, all of them text. */
export type CloudEventAttributes = Readonly<Record<string, string>>;

/** Writes events as CloudEvents. */
export interface CloudEventWriter {
  readonly mode: CloudEventsMode;
  /** The attributes of an event, without `datacontenttype`. `more` are extensions of the carrier. */
  attributes(event: EventDefinition, message: EventMessage, more?: CloudEventAttributes): CloudEventAttributes;
  /** The attributes of a message of the carrier's own, which is not an event of the contract. */
  notice(type: string, id: string, time: string): CloudEventAttributes;
}

const EXTENSION = /^[a-z0-9]{1,40}$/;
const OWN = new Set(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema', 'data']);

/**
 * Makes a writer. Lean, because pages load it: unknown names in the option are refused by `compileCloudEvents`.
 * @throws TypeError for an unknown mode, or one that the carrier does not have
 */
export function cloudEventWriter(
  owner: string,
  contract: Contract,
  option: CloudEventsOption,
  modes: readonly CloudEventsMode[],
): CloudEventWriter {
  const given: CloudEventsOptions = typeof option === 'string' ? { mode: option } : option;
  const { mode, source = cloudEventSource(contract), type, subject, dataSchema } = given;
  if (!modes.includes(mode))
    throw new TypeError(`${owner}: cloudEvents must be ${modes.map((each) => `'${each}'`).join(' or ')}, not ${JSON.stringify(mode)}`);
  if (typeof source !== 'string' || source === '' || /[^\x21-\x7e]/.test(source))
    throw new TypeError(`${owner}: the source of cloudEvents must be a URI reference, such as '/shop' or 'https://shop.example'`);
  const notice: CloudEventWriter['notice'] = (name, id, time) => ({ specversion: '1.0', id, source, type: name, time });
  const attributes: CloudEventWriter['attributes'] = (event, message, more) => {
    const about = subject ? subject(event, message) : subjectOf(event, message);
    const schema = dataSchema?.(event);
    return {
      ...notice(type ? type(event) : event.type, message.id, message.time),
      ...(about !== undefined && about !== '' && { subject: about }),
      ...(schema !== undefined && { dataschema: schema }),
      ...(message.traceparent !== undefined && { traceparent: message.traceparent }),
      ...more,
      ...(given.extensions && checkExtensions(owner, given.extensions(event, message))),
    };
  };
  return { mode, attributes, notice };
}

/** A CloudEvent in the JSON format; `data` is JSON already. */
export function structuredCloudEvent(attributes: CloudEventAttributes, data: string): string {
  return `${JSON.stringify({ ...attributes, datacontenttype: 'application/json' }).slice(0, -1)},"data":${data}}`;
}

function subjectOf({ params }: EventDefinition, { data }: EventMessage): string | undefined {
  const values = params.map((name) => (data as Readonly<Record<string, unknown>>)[name]);
  return values.includes(undefined) ? undefined : values.join('/');
}

function checkExtensions(owner: string, given: Readonly<Record<string, string | undefined>>): CloudEventAttributes {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!EXTENSION.test(name) || OWN.has(name))
      throw new TypeError(`${owner}: '${name}' is not the name of an extension of CloudEvents: it has the letters a to z and digits`);
    if (typeof value !== 'string') throw new TypeError(`${owner}: the extension '${name}' of CloudEvents must be a string`);
    kept[name] = value;
  }
  return kept;
}
