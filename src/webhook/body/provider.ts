import { parseJson } from '../../peer/json.ts';
import { fieldsOf } from '../signing/foreign-scheme.ts';
import { isForm } from '../signing/request.ts';
import type { SigningScheme } from '../signing/schemes.ts';
import type { VerifiedWebhook } from '../signing/signature.ts';
import type { WebhookContent } from './content.ts';
import { decodeEnvelope, instantOf, isObject, type ReceivedEnvelope } from '../wire.ts';

/** Finds the content of a verified webhook. */
export type ReadWebhook = (webhook: VerifiedWebhook, header: (name: string) => string | undefined) => WebhookContent;

/** The form in which the providers of the named schemes write their webhooks: the places of the type and the id. The data is the whole body. */
export const READERS: Readonly<Record<SigningScheme, ReadWebhook>> = {
  standard: readEnvelope,
  svix: readEnvelope,
  github(webhook, header) {
    // Its default is a form whose only field is the JSON: https://docs.github.com/en/webhooks/using-webhooks/creating-webhooks
    const data = isForm(header('content-type')) ? payloadOf(webhook) : webhook.json();
    const type = header('x-github-event') ?? '';
    const action = isObject(data) ? textOf(data['action']) : undefined;
    return { type: action === undefined ? type : [type, `${type}.${action}`], id: webhook.id, time: undefined, data };
  },
  shopify: (webhook, header) => ({
    type: header('x-shopify-topic') ?? '',
    id: webhook.id,
    time: instantOf(header('x-shopify-triggered-at')),
    data: webhook.json(),
  }),
  stripe(webhook) {
    const data = webhook.json();
    const { id, type, created } = isObject(data) ? data : {};
    return {
      type: textOf(type) ?? '',
      id: textOf(id),
      time: instantOfSeconds(created),
      data,
    };
  },
  slack(webhook, header) {
    const form = isForm(header('content-type')) ? webhook.form() : undefined;
    // Commands are fields, buttons and dialogs a field with JSON: https://docs.slack.dev/interactivity/handling-user-interaction
    if (form && !form.has('payload'))
      return { type: form.get('command') ?? '', id: form.get('trigger_id') ?? undefined, time: undefined, data: fieldsOf(form) };
    const data = form ? payloadOf(webhook) : webhook.json();
    const { trigger_id: trigger, event_id: id, type, event, event_time: time } = isObject(data) ? data : {};
    const inner = isObject(event) ? textOf(event['type']) : undefined;
    return {
      type: inner ?? textOf(type) ?? '',
      id: textOf(id) ?? textOf(trigger),
      time: instantOfSeconds(time),
      data,
    };
  },
};

/** The JSON in the field `payload` of a form. */
function payloadOf(webhook: VerifiedWebhook): unknown {
  return parseJson(webhook.form().get('payload') ?? '');
}

function readEnvelope(webhook: VerifiedWebhook): WebhookContent {
  return contentOf(decodeEnvelope(webhook.json()), webhook);
}

export function contentOf({ event, timestamp, data }: ReceivedEnvelope, webhook: VerifiedWebhook): WebhookContent {
  return { type: event, id: webhook.id, time: timestamp, data };
}

function instantOfSeconds(seconds: unknown): string | undefined {
  const at = new Date(typeof seconds === 'number' ? seconds * 1000 : NaN);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
