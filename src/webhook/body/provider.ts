import type { WebhookScheme } from '../signing/schemes.ts';
import type { VerifiedWebhook } from '../signing/signature.ts';
import { decodeEnvelope, instantOf, isObject, type ReceivedEnvelope } from '../wire.ts';

/** What a webhook says, apart from how its sender writes it. */
export interface WebhookContent {
  /** The event's type, as the contract's event has it. */
  readonly type: string;
  /** The same for each attempt; without one, repetitions are not told apart. */
  readonly id: string | undefined;
  /** When it happened, ISO 8601. */
  readonly time: string | undefined;
  readonly data: unknown;
}

/** Finds the content of a verified webhook. */
export type ReadWebhook = (webhook: VerifiedWebhook, header: (name: string) => string | undefined) => WebhookContent;

/** How the providers of the named schemes write their webhooks: where the type and the id are; the data is the whole body. */
export const READERS: Readonly<Record<WebhookScheme, ReadWebhook>> = {
  standard: readEnvelope,
  svix: readEnvelope,
  github: (webhook, header) => ({ type: header('x-github-event') ?? '', id: webhook.id, time: undefined, data: webhook.json() }),
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
  slack(webhook) {
    const data = webhook.json();
    const { event_id: id, type, event, event_time: time } = isObject(data) ? data : {};
    const inner = isObject(event) ? textOf(event['type']) : undefined;
    return {
      type: inner ?? textOf(type) ?? '',
      id: textOf(id),
      time: instantOfSeconds(time),
      data,
    };
  },
};

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
