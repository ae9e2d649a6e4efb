import { decodePercent } from '../../peer/text/percent.ts';
import { ApiError } from '../../core/errors.ts';
import type { CloudEventAttributes } from '../../events/cloud/cloud-event.ts';
import { wellFormed } from '../../peer/text/well-formed.ts';

const PREFIX = 'ce-';

/**
 * The attributes of a CloudEvent as HTTP headers of the binary mode.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#313-metadata-headers
 */
export function cloudEventHeaders(attributes: CloudEventAttributes): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) headers[PREFIX + name] = escaped(value);
  return headers;
}

/** The attributes in the headers of a request, unescaped. Throws INVALID_ARGUMENT for an escape that is not UTF-8. */
export function cloudEventAttributes(headers: Readonly<Record<string, string | readonly string[] | undefined>>): CloudEventAttributes {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    // The content type says it.
    if (!lower.startsWith(PREFIX) || lower === 'ce-datacontenttype' || typeof value !== 'string') continue;
    attributes[lower.slice(PREFIX.length)] = unescaped(lower, value);
  }
  return attributes;
}

function escaped(value: string): string {
  return wellFormed(value).replace(/[^\x21\x23\x24\x26-\x7e]/gu, (char) => encodeURIComponent(char));
}

function unescaped(name: string, value: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value)?.[1];
  const text = quoted === undefined ? value : quoted.replace(/\\(.)/g, '$1');
  // A percent sign that begins no escape stands for itself.
  const decoded = decodePercent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'));
  if (decoded === undefined) throw new ApiError('INVALID_ARGUMENT', `the header '${name}' of a CloudEvent is not UTF-8 in percent escapes`);
  return decoded;
}
