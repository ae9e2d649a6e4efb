import type { Contract, EventDefinition } from '../../core/contract.ts';
import {
  CLOUD_EVENT_TYPE,
  structuredCloudEvent,
  type CloudEventAttributes,
  type CloudEventWriter,
} from '../../events/cloud/cloud-event.ts';
import { cloudEventHeaders } from './cloud-event-headers.ts';
import { parseJson } from '../../peer/json.ts';
import type { StoredMessage, StoredSubscription } from '../store/store.ts';
import { encodeEnvelope, JSON_TYPE, XML_TYPE } from '../wire.ts';
import { compileXmlEncoder } from './xml.ts';

/** A message as it is sent. */
export interface WebhookBody {
  readonly body: string;
  readonly type: string;
  /** The further members of the head. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bodies by message, as long as it is held: an event is encoded once, not once for each endpoint and attempt. */
interface Bodies {
  json?: WebhookBody;
  xml?: WebhookBody;
}

/** Makes what writes bodies. */
export function compileEncoder(
  contract: Contract,
  cloud?: CloudEventWriter,
): (message: StoredMessage, subscription: Pick<StoredSubscription, 'format'>) => WebhookBody {
  const bodies = new WeakMap<StoredMessage, Bodies>();
  const toJson = cloud
    ? compileCloudEncoder(contract, cloud)
    : (message: StoredMessage) => ({ body: encodeEnvelope(message), type: JSON_TYPE });
  let toXml: ((message: StoredMessage) => string) | undefined;
  return (message, { format }) => {
    let known = bodies.get(message);
    if (!known) bodies.set(message, (known = {}));
    if (format === 'json') return (known.json ??= toJson(message));
    toXml ??= compileXmlEncoder(contract);
    return (known.xml ??= { body: toXml(message), type: XML_TYPE });
  };
}

/** Writes messages as CloudEvents: the attributes in the head, or in the body. */
function compileCloudEncoder(contract: Contract, cloud: CloudEventWriter): (message: StoredMessage) => WebhookBody {
  const events = new Map<string, EventDefinition>(Object.values(contract.events).map((event) => [event.type, event]));
  const attributesOf = ({ id, type, time, data, traceparent }: StoredMessage): CloudEventAttributes => {
    const event = events.get(type);
    return event ? cloud.attributes(event, { id, time, data: parseJson(data, Infinity), traceparent }) : cloud.notice(type, id, time);
  };
  if (cloud.mode === 'binary')
    return (message) => ({ body: message.data, type: JSON_TYPE, headers: cloudEventHeaders(attributesOf(message)) });
  return (message) => ({ body: structuredCloudEvent(attributesOf(message), message.data), type: `${CLOUD_EVENT_TYPE}; charset=utf-8` });
}
