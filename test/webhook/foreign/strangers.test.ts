/** Schemes of more providers, each by its documentation. */
import { describe, expect, it } from 'vitest';
import type { WebhookSchemeDefinition } from '../../../src/webhook/client.ts';
import { contractOf, FORM, hmac, receive, seconds } from './support.ts';

const SECRET = 'a secret';

interface Provider {
  readonly scheme: WebhookSchemeDefinition;
  readonly type: string;
  readonly body: string;
  readonly headers: (body: string) => Record<string, string>;
  readonly read?: (data: unknown) => unknown;
}

const part = (name: string, text: string | undefined) => new RegExp(`(?:^|[,;])\\s*${name}=([^,;]*)`).exec(text ?? '')?.[1];

const PROVIDERS: Readonly<Record<string, Provider>> = {
  // https://developers.intercom.com/docs/webhooks/webhook-notifications
  Intercom: {
    scheme: { signature: 'x-hub-signature', prefix: 'sha1=', hash: 'sha1', id: { body: 'id' }, type: { body: 'topic' } },
    type: 'conversation.user.created',
    body: '{"type":"notification_event","id":"n_1","topic":"conversation.user.created"}',
    headers: (body) => ({ 'x-hub-signature': `sha1=${hmac('sha1', 'hex', SECRET, body)}` }),
  },
  // https://developer.zendesk.com/documentation/webhooks/verifying/
  Zendesk: {
    scheme: {
      signature: 'x-zendesk-webhook-signature',
      encoding: 'base64',
      timestamp: 'x-zendesk-webhook-signature-timestamp',
      signed: ({ header, text }) => `${header('x-zendesk-webhook-signature-timestamp')}${text}`,
      id: 'x-zendesk-webhook-invocation-id',
    },
    type: 'zen:event-type:user.created',
    body: '{"type":"zen:event-type:user.created"}',
    headers(body) {
      const at = new Date().toISOString();
      return {
        'x-zendesk-webhook-signature': hmac('sha256', 'base64', SECRET, at + body),
        'x-zendesk-webhook-signature-timestamp': at,
        'x-zendesk-webhook-invocation-id': 'i-1',
      };
    },
  },
  // https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
  'HubSpot, version 3': {
    scheme: {
      signature: 'x-hubspot-signature-v3',
      encoding: 'base64',
      timestamp: 'x-hubspot-request-timestamp',
      signed: ({ method, url, header, text }) => `${method}${url}${text}${header('x-hubspot-request-timestamp')}`,
      id: { digest: true },
      type: ({ json }) => (json as { subscriptionType: string }[]).map(({ subscriptionType }) => subscriptionType),
    },
    type: 'contact.creation',
    // Several events in one request.
    read: (events) => events,
    body: '[{"eventId":1,"subscriptionType":"contact.creation","objectId":5}]',
    headers(body) {
      const at = String(Date.now());
      return {
        'x-hubspot-signature-v3': hmac('sha256', 'base64', SECRET, `POSThttp://receiver.example/hook${body}${at}`),
        'x-hubspot-request-timestamp': at,
      };
    },
  },
  // https://developer.paddle.com/webhooks/signature-verification
  Paddle: {
    scheme: {
      signature: ({ header }) => part('h1', header('paddle-signature')),
      timestamp: ({ header }) => part('ts', header('paddle-signature')),
      signed: ({ header, text }) => `${part('ts', header('paddle-signature'))}:${text}`,
      id: { body: 'event_id' },
      type: { body: 'event_type' },
    },
    type: 'transaction.billed',
    body: '{"event_id":"evt_1","event_type":"transaction.billed"}',
    headers(body) {
      const at = seconds();
      return { 'paddle-signature': `ts=${at};h1=${hmac('sha256', 'hex', SECRET, `${at}:${body}`)}` };
    },
  },
  // https://www.typeform.com/developers/webhooks/secure-your-webhooks/
  Typeform: {
    scheme: { signature: 'typeform-signature', prefix: 'sha256=', encoding: 'base64', id: { body: 'event_id' }, type: { body: 'event_type' } },
    type: 'form_response',
    body: '{"event_id":"e1","event_type":"form_response"}',
    headers: (body) => ({ 'typeform-signature': `sha256=${hmac('sha256', 'base64', SECRET, body)}` }),
  },
  // https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures
  Calendly: {
    scheme: {
      signature: ({ header }) => part('v1', header('calendly-webhook-signature')),
      timestamp: ({ header }) => part('t', header('calendly-webhook-signature')),
      signed: ({ header, text }) => `${part('t', header('calendly-webhook-signature'))}.${text}`,
      id: { digest: true },
      type: { body: 'event' },
    },
    type: 'invitee.created',
    body: '{"event":"invitee.created","payload":{}}',
    headers(body) {
      const at = seconds();
      return { 'calendly-webhook-signature': `t=${at},v1=${hmac('sha256', 'hex', SECRET, `${at}.${body}`)}` };
    },
  },
  // https://core.telegram.org/bots/api#setwebhook
  Telegram: {
    scheme: {
      hash: 'token',
      signature: 'x-telegram-bot-api-secret-token',
      id: ({ json }) => String((json as { update_id: number }).update_id),
      type: ({ json }) => Object.keys(json as object).find((name) => name !== 'update_id'),
    },
    type: 'message',
    body: '{"update_id":10000,"message":{"text":"/start"}}',
    headers: () => ({ 'x-telegram-bot-api-secret-token': SECRET }),
  },
  // https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
  LINE: {
    scheme: {
      signature: 'x-line-signature',
      encoding: 'base64',
      id: { digest: true },
      type: ({ json }) => (json as { events: { type: string }[] }).events.map(({ type }) => type),
    },
    type: 'message',
    read: (body) => (body as { events: unknown[] }).events,
    body: '{"destination":"x","events":[{"type":"message","webhookEventId":"w1"}]}',
    headers: (body) => ({ 'x-line-signature': hmac('sha256', 'base64', SECRET, body) }),
  },
  // https://woocommerce.com/document/webhooks/
  WooCommerce: {
    scheme: { signature: 'x-wc-webhook-signature', encoding: 'base64', id: 'x-wc-webhook-delivery-id', type: 'x-wc-webhook-topic' },
    type: 'order.created',
    body: '{"id":7}',
    headers: (body) => ({
      'x-wc-webhook-signature': hmac('sha256', 'base64', SECRET, body),
      'x-wc-webhook-topic': 'order.created',
      'x-wc-webhook-delivery-id': 'd1',
    }),
  },
  // https://razorpay.com/docs/webhooks/validate-test/
  Razorpay: {
    scheme: { signature: 'x-razorpay-signature', id: 'x-razorpay-event-id', type: { body: 'event' } },
    type: 'payment.captured',
    body: '{"entity":"event","event":"payment.captured"}',
    headers: (body) => ({ 'x-razorpay-signature': hmac('sha256', 'hex', SECRET, body), 'x-razorpay-event-id': 'e1' }),
  },
  // https://vercel.com/docs/webhooks/webhooks-api#securing-webhooks
  Vercel: {
    scheme: { signature: 'x-vercel-signature', hash: 'sha1', id: { body: 'id' }, time: ({ json }) => (json as { createdAt: number }).createdAt },
    type: 'deployment.created',
    body: '{"id":"u1","type":"deployment.created","createdAt":1718446300000,"payload":{}}',
    headers: (body) => ({ 'x-vercel-signature': hmac('sha1', 'hex', SECRET, body) }),
  },
  // https://docs.docusign.com/platform/webhooks/connect/hmac/: one signature for each of its keys
  Docusign: {
    scheme: {
      signature: ({ header }) => [1, 2, 3].flatMap((at) => header(`x-docusign-signature-${at}`) ?? []),
      encoding: 'base64',
      id: { digest: true },
      type: { body: 'event' },
    },
    type: 'envelope-completed',
    body: '{"event":"envelope-completed"}',
    headers: (body) => ({ 'x-docusign-signature-1': hmac('sha256', 'base64', 'an older key', body), 'x-docusign-signature-2': hmac('sha256', 'base64', SECRET, body) }),
  },
  // https://developer.box.com/guides/webhooks/v2/signatures-v2/: over the body and the time
  Box: {
    scheme: {
      signature: ({ header }) => [header('box-signature-primary') ?? '', header('box-signature-secondary') ?? ''],
      encoding: 'base64',
      timestamp: 'box-delivery-timestamp',
      toleranceMs: 600_000,
      signed: ({ bytes, header }) => [bytes, header('box-delivery-timestamp') ?? ''],
      id: 'box-delivery-id',
      type: { body: 'trigger' },
    },
    type: 'FILE.UPLOADED',
    body: '{"type":"webhook_event","trigger":"FILE.UPLOADED"}',
    headers(body) {
      const at = new Date().toISOString();
      const [primary, secondary] = [hmac('sha256', 'base64', 'another key', body, at), hmac('sha256', 'base64', SECRET, body, at)];
      return { 'box-signature-primary': primary, 'box-signature-secondary': secondary, 'box-delivery-timestamp': at, 'box-delivery-id': 'b1' };
    },
  },
}; // prettier-ignore

describe('providers', () => {
  it.each(Object.entries(PROVIDERS))('%s: its signature is checked, a repetition is not heard, another body is refused', async (_, { scheme, type, body, headers, read }) => {
    const { post, heard } = await receive(contractOf({ it: 'it' }), { secret: SECRET, scheme, events: { it: { type, ...(read && { read }) } } });
    const sent = headers(body);
    expect((await post(body, sent)).status).toBe(200);
    expect((await post(body, sent)).status).toBe(200);
    expect(heard.map(({ event }) => event)).toEqual(['it']);
    if (scheme.hash === 'token') return expect((await post(body, { ...sent, 'x-telegram-bot-api-secret-token': 'guess' })).status).toBe(401);
    expect((await post(body.replace('"', ' "'), sent)).status).toBe(401);
    expect(heard).toHaveLength(1);
  }); // prettier-ignore
});

describe('handshakes', () => {
  const github: WebhookSchemeDefinition = { signature: 'x-hub-signature', prefix: 'sha1=', hash: 'sha1', id: { digest: true } };

  it('of Strava: a GET with a token, answered in JSON', async () => {
    // https://developers.strava.com/docs/webhooks/
    const { ask } = await receive(contractOf({ it: 'activity' }), {
      secret: SECRET,
      scheme: { ...github, type: { body: 'object_type' } },
      handshake: {
        isSigned: false,
        answer: ({ method, url }) => {
          const asked = new URL(url).searchParams;
          return method === 'GET' && asked.get('hub.verify_token') === 'STRAVA'
            ? { 'hub.challenge': asked.get('hub.challenge') }
            : undefined;
        },
      },
    });
    const right = await ask('?hub.verify_token=STRAVA&hub.challenge=15f7d1a91c1f40f8a748fd134752feb3&hub.mode=subscribe');
    expect([right.status, right.text]).toEqual([200, '{"hub.challenge":"15f7d1a91c1f40f8a748fd134752feb3"}']);
    expect((await ask('?hub.verify_token=x&hub.challenge=1&hub.mode=subscribe')).status).toBeGreaterThanOrEqual(400);
  });

  it('of monday.com: a challenge in the body, as it came', async () => {
    // https://developer.monday.com/api-reference/reference/webhooks
    const { post, heard } = await receive(contractOf({ it: 'create_item' }), {
      secret: SECRET,
      scheme: { hash: 'token', signature: 'authorization', id: { digest: true }, type: { body: 'event.type' } },
      handshake: {
        isSigned: false,
        answer: ({ json }) => {
          const { challenge } = Object(json) as { challenge?: unknown };
          return typeof challenge === 'string' ? { challenge } : undefined;
        },
      },
    });
    expect((await post('{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}', {})).text).toBe(
      '{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}',
    );
    expect((await post('{"event":{"type":"create_item"}}', { authorization: SECRET })).status).toBe(200);
    expect(heard).toHaveLength(1);
  });

  it('of WooCommerce: a form that only tries the address, and is not signed', async () => {
    const { post } = await receive(contractOf({ it: 'order.created' }), { secret: SECRET, scheme: PROVIDERS['WooCommerce']?.scheme ?? github });
    expect((await post('webhook_id=5', FORM)).status).toBe(401);
  }); // prettier-ignore
});
