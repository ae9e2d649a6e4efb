import { ApiError } from '../../core/errors.ts';
import { isObject } from '../../peer/error-body.ts';
import { tryParseJson } from '../../peer/json.ts';
import { sameText } from './crypto.ts';
import type { WebhookHandshake } from './definition.ts';
import type { WebhookRequest } from './request.ts';

/** Providers whose handshake is known by name. */
export type WebhookHandshakeName = 'slack' | 'twitch' | 'zoom' | 'dropbox' | 'microsoft-graph';

/** How each provider makes sure that an address is yours, by its own documentation. */
export const HANDSHAKES: Readonly<Record<WebhookHandshakeName, WebhookHandshake>> = {
  // https://docs.slack.dev/reference/events/url_verification
  slack: {
    isSigned: true,
    answer(request) {
      const { type, challenge } = bodyOf(request);
      return type === 'url_verification' && typeof challenge === 'string' ? challenge : undefined;
    },
  },
  // https://dev.twitch.tv/docs/eventsub/handling-webhook-events#responding-to-a-challenge-request
  twitch: {
    isSigned: true,
    answer(request) {
      if (request.header('twitch-eventsub-message-type') !== 'webhook_callback_verification') return undefined;
      const { challenge } = bodyOf(request);
      return typeof challenge === 'string' ? challenge : undefined;
    },
  },
  // https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint
  zoom: {
    isSigned: true,
    async answer(request, sign) {
      const { event, payload } = bodyOf(request);
      if (event !== 'endpoint.url_validation' || !isObject(payload)) return undefined;
      const { plainToken } = payload;
      // Nothing that could be the signed text of a webhook, because the answer is a signature.
      if (typeof plainToken !== 'string' || !/^[A-Za-z0-9_+/=-]{1,256}$/.test(plainToken)) return undefined;
      return { plainToken, encryptedToken: await sign(plainToken) };
    },
  },
  // https://www.dropbox.com/developers/reference/webhooks#documentation
  dropbox: {
    isSigned: false,
    answer: ({ method, query }) => (method === 'GET' ? (query.get('challenge') ?? undefined) : undefined),
  },
  // https://learn.microsoft.com/graph/change-notifications-delivery-webhooks#notificationurl-validation
  'microsoft-graph': {
    isSigned: false,
    answer: ({ method, query }) => (method === 'POST' ? (query.get('validationToken') ?? undefined) : undefined),
  },
};

/**
 * The handshake of Meta's webhooks: a `GET` with `hub.challenge`, and the token that you chose for this endpoint.
 * @see https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
 */
export function hubHandshake(verifyToken: string): WebhookHandshake {
  return {
    isSigned: false,
    answer({ method, query }) {
      if (method !== 'GET' || query.get('hub.mode') !== 'subscribe') return undefined;
      if (!sameText(query.get('hub.verify_token') ?? '', verifyToken))
        throw new ApiError('PERMISSION_DENIED', "the verify token of the sender is not the one in the option 'handshake'");
      return query.get('hub.challenge') ?? undefined;
    },
  };
}

/** The name of the handshake that a request looks like. */
export function looksLike({ method, query }: WebhookRequest): string | undefined {
  if (method === 'GET' && query.has('hub.challenge')) return "{ verifyToken: '…' }";
  if (method === 'GET' && query.has('challenge')) return "'dropbox'";
  return method === 'POST' && query.has('validationToken') ? "'microsoft-graph'" : undefined;
}

function bodyOf({ text }: WebhookRequest): Readonly<Record<string, unknown>> {
  const body = tryParseJson(text);
  return isObject(body) ? body : {};
}
