import type { EventDefinition } from '../../core/contract.ts';
import { ApiError } from '../../core/errors.ts';
import { hasField } from '../../core/shape.ts';
import { isObject } from '../../peer/error-body.ts';
import { parseJson } from '../../peer/json.ts';

/** A CloudEvent of the JSON format, read. */
export interface ReadCloudEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: string | undefined;
  readonly data: unknown;
  /** All attributes that are text, extensions included. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Whether a content type says that the body is one CloudEvent in JSON. */
export function isCloudEventType(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*application\/cloudevents\+json\s*(?:;|$)/i.test(contentType);
}

/**
 * Whether a value without a content type is a CloudEvent by its look. An event whose payload has a `specversion` of its own is described as a
 * CloudEvent by its contract, and stays as it is.
 */
export function looksLikeCloudEvent(value: unknown, event: EventDefinition): boolean {
  return (
    isObject(value) &&
    ['specversion', 'id', 'source', 'type'].every((name) => typeof value[name] === 'string') &&
    !hasField(event.payload, 'specversion')
  );
}

/** Reads a CloudEvent. Throws INVALID_ARGUMENT that names what is missing. */
export function readCloudEvent(value: unknown): ReadCloudEvent {
  if (!isObject(value)) throw new ApiError('INVALID_ARGUMENT', 'a CloudEvent is a JSON object');
  const { specversion, data, data_base64: base64 } = value;
  if (typeof specversion !== 'string' || !/^1\.\d+$/.test(specversion))
    throw new ApiError('INVALID_ARGUMENT', "a CloudEvent has the specversion '1.0'");
  const attributes: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) if (typeof text === 'string' && name !== 'data' && name !== 'data_base64') attributes[name] = text; // prettier-ignore
  const { id, source, type, time } = attributes;
  if (!id || !source || !type)
    throw new ApiError('INVALID_ARGUMENT', "a CloudEvent has an 'id', a 'source' and a 'type', none of them empty");
  return { id, source, type, time: instantOf(time), attributes, data: typeof base64 === 'string' ? fromBase64(base64) : data };
}

function instantOf(time: string | undefined): string | undefined {
  const at = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** JSON in base64, as senders write it that do not look into the data. */
function fromBase64(text: string): unknown {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch (cause) {
    throw new ApiError('INVALID_ARGUMENT', "the 'data_base64' of a CloudEvent is not base64", { cause });
  }
  return parseJson(new TextDecoder().decode(bytes));
}
