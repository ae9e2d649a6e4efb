import type { Contract, EventDefinition } from '../../core/contract.ts';
import type { JsonSchema } from '../view.ts';
import { cloudEventSource } from './cloud-event-source.ts';

/** The media type of one CloudEvent in JSON. */
export const CLOUD_EVENT_JSON = 'application/cloudevents+json';

/** How a protocol carries events as CloudEvents: the value of its option `cloudEvents`. */
export type DescribedCloudEvents =
  | 'binary'
  | 'structured'
  | {
      /** Whether attributes travel beside the payload, or with it in one JSON. */
      readonly mode: 'binary' | 'structured';
      /** The attribute `source` of all events. @default `/<name>/v<major version>` of the contract */
      readonly source?: string;
      /** Gives the attribute `type` of an event. @default the event's `type` */
      readonly type?: (event: EventDefinition) => string;
    };

/** The mode of a protocol's CloudEvents. */
export function modeOf(described: DescribedCloudEvents): 'binary' | 'structured' {
  return typeof described === 'string' ? described : described.mode;
}

/**
 * The attributes of an event as a JSON Schema of an object, whose names begin with `prefix`.
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes
 */
export function attributesSchema(
  contract: Contract,
  event: EventDefinition,
  described: DescribedCloudEvents,
  prefix = '',
): AttributesSchema {
  const { source = cloudEventSource(contract), type }: Partial<Exclude<DescribedCloudEvents, string>> =
    typeof described === 'string' ? {} : described;
  const properties: Record<string, JsonSchema> = {
    specversion: { type: 'string', const: '1.0' },
    id: { type: 'string', minLength: 1, description: 'The id of the event: the same one may come more than once.' },
    source: { type: 'string', format: 'uri-reference', const: source },
    type: { type: 'string', const: type ? type(event) : event.type },
    time: { type: 'string', format: 'date-time' },
    subject: { type: 'string', description: subjectNote(event) },
    dataschema: { type: 'string', format: 'uri' },
  };
  const required = ['specversion', 'id', 'source', 'type'];
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(properties).map(([name, schema]) => [prefix + name, schema])),
    required: required.map((name) => prefix + name),
  };
}

/** A schema of an object with the attributes. */
export interface AttributesSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required: readonly string[];
}

function subjectNote({ params }: EventDefinition): string {
  return params.length === 0
    ? 'The subject of the event.'
    : `The subject of the event: ${params.join('/')}, if the service says nothing else.`;
}

/** An event in the JSON format: its attributes, and `data` as it is described. */
export function structuredSchema(
  contract: Contract,
  event: EventDefinition,
  described: DescribedCloudEvents,
  data: JsonSchema,
): JsonSchema {
  const { properties, required, type } = attributesSchema(contract, event, described);
  return {
    type,
    properties: { ...properties, datacontenttype: { type: 'string', const: 'application/json' }, data },
    required: [...required, 'data'],
  };
}
