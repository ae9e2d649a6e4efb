import type { EventDefinition } from '../../core/contract.ts';
import { looksLikeCloudEvent, isCloudEventType, readCloudEvent } from '../../events/cloud/read-cloud-event.ts';
import type { Properties } from '../wire.ts';

/**
 * Opens a CloudEvent in JSON: its data, and its attributes as the user properties that they are in binary mode. Gives nothing for what is not one.
 * Throws INVALID_ARGUMENT for one that is broken.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/mqtt-protocol-binding.md
 */
export function openCloudEvent(
  value: unknown,
  event: EventDefinition,
  properties: Properties | undefined,
): { readonly data: unknown; readonly properties: Properties } | undefined {
  if (properties?.contentType === undefined ? !looksLikeCloudEvent(value, event) : !isCloudEventType(properties.contentType))
    return undefined;
  const { data, time, attributes } = readCloudEvent(value);
  return { data, properties: { ...properties, userProperties: { ...attributes, ...(time !== undefined && { time }) } } };
}
