import { isObject } from '../../peer/error-body.ts';
import type { WebhookSchemeDefinition } from './definition.ts';
import { HANDSHAKES } from './handshakes.ts';

/** Providers that are described as a scheme of one's own would be. */
export type ProviderName = 'meta' | 'twitch' | 'zoom' | 'dropbox' | 'microsoft-graph';

export const PROVIDERS: Readonly<Record<ProviderName, WebhookSchemeDefinition>> = {
  // https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
  meta: {
    signature: 'x-hub-signature-256',
    prefix: 'sha256=',
    // Each entry has its time and the id of what changed.
    id: { digest: true },
    type: ({ json }) => metaTypes(json),
  },
  // https://dev.twitch.tv/docs/eventsub/handling-webhook-events#verifying-the-event-message
  twitch: {
    signature: 'twitch-eventsub-message-signature',
    prefix: 'sha256=',
    signed: ({ header, bytes }) => [header('twitch-eventsub-message-id') ?? '', header('twitch-eventsub-message-timestamp') ?? '', bytes],
    timestamp: 'twitch-eventsub-message-timestamp',
    toleranceMs: 600_000,
    id: 'twitch-eventsub-message-id',
    type({ header }) {
      const kind = header('twitch-eventsub-message-type');
      return kind === 'notification' ? header('twitch-eventsub-subscription-type') : kind;
    },
    handshake: HANDSHAKES.twitch,
  },
  // https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header
  zoom: {
    signature: 'x-zm-signature',
    prefix: 'v0=',
    signed: ({ header, bytes }) => [`v0:${header('x-zm-request-timestamp') ?? ''}:`, bytes],
    timestamp: 'x-zm-request-timestamp',
    id: { digest: true },
    type: { body: 'event' },
    time: { body: 'event_ts' },
    handshake: HANDSHAKES.zoom,
  },
  // https://www.dropbox.com/developers/reference/webhooks#notifications
  dropbox: {
    signature: 'x-dropbox-signature',
    type: ({ json }) => (isObject(json) ? Object.keys(json).slice(0, 8) : []),
    handshake: HANDSHAKES.dropbox,
  },
  // https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#processing-the-change-notification
  'microsoft-graph': {
    hash: 'token',
    signature: ({ json }) => graphStates(json),
    type: ({ json }) => graphTypes(json),
    handshake: HANDSHAKES['microsoft-graph'],
    status: 202,
    maxBodyBytes: 4_194_304,
  },
};

/** `page`, and `page.feed` for each field that changed. */
function metaTypes(body: unknown): string[] {
  if (!isObject(body) || typeof body['object'] !== 'string') return [];
  const { object } = body;
  const types = new Set([object]);
  for (const entry of listOf(body['entry'])) {
    if (!isObject(entry)) continue;
    if (Array.isArray(entry['messaging'])) types.add(`${object}.messaging`);
    for (const change of listOf(entry['changes']))
      if (isObject(change) && typeof change['field'] === 'string') types.add(`${object}.${change['field']}`);
  }
  return [...types];
}

/** The `clientState` of a batch; none if its notifications do not have the same one, since one that fits must not vouch for the others. */
function graphStates(body: unknown): string | undefined {
  const states = new Set(
    listOf(isObject(body) ? body['value'] : undefined).map((each) => (isObject(each) ? each['clientState'] : undefined)),
  );
  const [state] = states;
  return states.size === 1 && typeof state === 'string' ? state : undefined;
}

function graphTypes(body: unknown): string[] {
  const types = new Set<string>();
  for (const each of listOf(isObject(body) ? body['value'] : undefined)) {
    if (!isObject(each)) continue;
    const { changeType, lifecycleEvent } = each;
    if (typeof changeType === 'string') types.add(changeType);
    if (typeof lifecycleEvent === 'string') types.add(`lifecycle.${lifecycleEvent}`);
  }
  return [...types];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
