import { ApiError } from '../../core/errors.ts';
import { cloudEventAttributes } from './cloud-event-headers.ts';
import { isCloudEventType, readCloudEvent } from '../../events/cloud/read-cloud-event.ts';
import { HttpError } from '../../http/message/error.ts';
import type { RawHeaders } from '../../guard/serve-call.ts';
import type { VerifiedWebhook } from '../signing/signature.ts';
import type { WebhookContent } from './content.ts';

const JSON_DATA = /^\s*(?:application|text)\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/**
 * The content of a webhook that is a CloudEvent, in either mode; `undefined` for another one. Throws INVALID_ARGUMENT for one that is broken, and
 * an `HttpError` with 415 for a format that is not read here.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#3-http-message-mapping
 */
export function readCloudWebhook(webhook: VerifiedWebhook, headers: RawHeaders): WebhookContent | undefined {
  const type = String(headers['content-type'] ?? '');
  const isStructured = isCloudEventType(type);
  if (!isStructured) {
    if (/^\s*application\/cloudevents/i.test(type))
      throw new HttpError(415, `CloudEvents come here one by one and in JSON, not as ${type.slice(0, 100)}`);
    if (headers['ce-specversion'] === undefined) return undefined;
    if (!JSON_DATA.test(type))
      throw new HttpError(415, `the data of a CloudEvent must be JSON, not ${type.slice(0, 100) || 'without a content type'}`);
  }
  const event = readCloudEvent(isStructured ? webhook.json() : { ...cloudEventAttributes(headers), data: webhook.json() });
  if (event.data === undefined) throw new ApiError('INVALID_ARGUMENT', "a CloudEvent has 'data' here");
  // The signature covers this id, and in binary mode no other one.
  return { type: event.type, id: webhook.id ?? event.id, time: event.time, data: event.data };
}
