/** Senders that are received from their documentation. */
import { createHash, createPublicKey, createSign, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/index.ts';
import { verifyWebhook, webhook, type WebhookSchemeDefinition } from '../../../src/webhook/client.ts';
import { contractOf, FORM, hmac, receive, seconds } from './support.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
type Json = any;

// https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures
const adyen: WebhookSchemeDefinition = {
  split: ({ json }) => (json as Json).notificationItems,
  signature: { body: 'NotificationRequestItem.additionalData.hmacSignature' },
  encoding: 'base64',
  secrets: 'hex',
  signed({ json }) {
    const { pspReference, originalReference = '', merchantAccountCode, merchantReference, amount, eventCode, success } = (json as Json).NotificationRequestItem;
    return [pspReference, originalReference, merchantAccountCode, merchantReference, amount.value, amount.currency, eventCode, success].join(':');
  },
  id: ({ json }) => `${(json as Json).NotificationRequestItem.eventCode}-${(json as Json).NotificationRequestItem.pspReference}`,
  type: { body: 'NotificationRequestItem.eventCode' },
  time: { body: 'NotificationRequestItem.eventDate' },
  data: ({ json }) => (json as Json).NotificationRequestItem,
  status: 202,
}; // prettier-ignore

describe('Adyen', () => {
  const key = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
  const item = (pspReference: string, change: object = {}) => {
    const one = { pspReference, originalReference: '', merchantAccountCode: 'TestMerchant', merchantReference: 'TestPayment-1407325143704', amount: { value: 1130, currency: 'EUR' }, eventCode: 'AUTHORISATION', eventDate: '2026-01-19T16:42:03+01:00', success: 'true' };
    const text = `${one.pspReference}:::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true`.replace(':::', '::');
    return { NotificationRequestItem: { ...one, ...change, additionalData: { hmacSignature: hmac('sha256', 'base64', Buffer.from(key, 'hex'), text) } } };
  }; // prettier-ignore
  const bodyOf = (...items: object[]) => JSON.stringify({ live: 'false', notificationItems: items });

  it('signs each of several notifications within the body, as its documentation shows', async () => {
    // The documented example, of which this is the signature.
    const [documented] = [item('7914073381342284')];
    expect(documented.NotificationRequestItem.additionalData.hmacSignature).toBe('coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=');
    const { post, heard } = await receive(contractOf({ paid: 'AUTHORISATION' }), { secret: key, scheme: adyen });
    expect((await post(bodyOf(item('7914073381342284'), item('2')), {})).status).toBe(202);
    expect((await post(bodyOf(item('2'), item('3')), {})).status).toBe(202);
    expect(heard.map(({ id }) => id)).toEqual(['AUTHORISATION-7914073381342284', 'AUTHORISATION-2', 'AUTHORISATION-3']);
    expect(heard[0]).toMatchObject({ time: '2026-01-19T15:42:03.000Z', data: { amount: { value: 1130 } } });
  });

  it('is refused for one of them, and those before it are not handled twice', async () => {
    const { post, heard } = await receive(contractOf({ paid: 'AUTHORISATION' }), { secret: key, scheme: adyen });
    expect((await post(bodyOf(item('1'), item('2', { success: 'false' })), {})).status).toBe(401);
    expect((await post(bodyOf(item('1'), item('2')), {})).status).toBe(202);
    expect(heard.map(({ id }) => id)).toEqual(['AUTHORISATION-1', 'AUTHORISATION-2']);
    for (const body of [bodyOf(), '{}', 'x', '{"notificationItems":{}}', '{"notificationItems":[null]}'])
      expect((await post(body, {})).status, body).toBe(401);
  });
});

describe('senders that name their key in each request', () => {
  // https://plaid.com/docs/api/webhooks/webhook-verification/
  it('such as Plaid, by a token over the digest of the body', async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keys = new Map([['k1', pair.publicKey.export({ format: 'jwk' })]]);
    let isDown = false;
    let asked = 0;
    const plaid: WebhookSchemeDefinition = {
      signature: ({ header }) => header('plaid-verification')?.split('.')[2]?.replaceAll('-', '+').replaceAll('_', '/').padEnd(88, '='),
      publicKey: 'ecdsa',
      encoding: 'base64',
      async key({ header }) {
        asked++;
        const { kid, alg } = JSON.parse(Buffer.from(header('plaid-verification')?.split('.')[0] ?? '', 'base64url').toString());
        if (isDown) throw new Error('no connection to the key endpoint');
        const jwk = alg === 'ES256' ? keys.get(kid) : undefined;
        return jwk && createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
      },
      signed({ header, text }) {
        const [head = '', payload = ''] = header('plaid-verification')?.split('.') ?? [];
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
        if (claims.request_body_sha256 !== sha256(text)) throw new Error('the token is for another body');
        return `${head}.${payload}`;
      },
      timestamp: ({ header }) => JSON.parse(Buffer.from(header('plaid-verification')?.split('.')[1] ?? '', 'base64url').toString()).iat,
      id: { digest: true },
      type: ({ json }) => `${(json as Json).webhook_type}.${(json as Json).webhook_code}`,
    }; // prettier-ignore
    const token = (body: string, head: object = {}, at = Number(seconds())) => {
      const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const text = `${encode({ alg: 'ES256', kid: 'k1', typ: 'JWT', ...head })}.${encode({ iat: at, request_body_sha256: sha256(body) })}`;
      return `${text}.${sign('sha256', Buffer.from(text), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    const { post, heard } = await receive(contractOf({ synced: 'TRANSACTIONS.SYNC_UPDATES_AVAILABLE' }), { scheme: plaid });
    const body = '{"webhook_type":"TRANSACTIONS","webhook_code":"SYNC_UPDATES_AVAILABLE","item_id":"i"}';
    const send = async (made: string, text = body) => (await post(text, { 'plaid-verification': made })).status;
    expect(await send(token(body))).toBe(200);
    expect(await send(token(body), `${body} `)).toBe(401);
    expect(await send(token(body, { kid: 'k2' }))).toBe(401);
    expect(await send(token(body, { alg: 'none' }))).toBe(401);
    expect(await send(token(body, {}, Number(seconds()) - 400))).toBe(401);
    const before = asked;
    expect(await send('nonsense')).toBe(401);
    expect(asked).toBe(before);
    isDown = true;
    expect(await send(token(body))).toBe(503);
    expect(heard).toMatchObject([{ event: 'synced', data: { item_id: 'i' } }]);
    isDown = false;
    await verifyWebhook({ payload: body, headers: { 'plaid-verification': token(body) }, scheme: plaid });
  });

  // https://developer.paypal.com/api/rest/webhooks/rest/#link-selfverificationmethod
  it('such as PayPal, by the address of a certificate and a checksum of the body', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const crc32 = (bytes: Uint8Array) => {
      let crc = ~0;
      for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
      }
      return ~crc >>> 0;
    };
    const paypal = (webhookId: string): WebhookSchemeDefinition => ({
      signature: 'paypal-transmission-sig',
      publicKey: 'rsa',
      encoding: 'base64',
      timestamp: 'paypal-transmission-time',
      key({ header }) {
        const { hostname } = new URL(header('paypal-cert-url') ?? '');
        if (!hostname.endsWith('.paypal.com')) throw new ApiError('UNAUTHENTICATED', 'the certificate is not at PayPal');
        // A program gets the certificate there: new X509Certificate(pem).publicKey.
        return pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
      },
      signed: ({ header, bytes }) => [header('paypal-transmission-id'), header('paypal-transmission-time'), webhookId, crc32(bytes)].join('|'),
      id: { body: 'id' },
      type: { body: 'event_type' },
      time: { body: 'create_time' },
      data: ({ json }) => (json as Json).resource,
    }); // prettier-ignore
    const { post, heard } = await receive(contractOf({ captured: 'PAYMENT.CAPTURE.COMPLETED' }), { scheme: paypal('WH-1') });
    const send = async (body: string, id = 'WH-1', more: Record<string, string> = {}) => {
      const at = new Date().toISOString().replace(/\.\d+/, '');
      const text = ['t-1', at, id, crc32(Buffer.from(body))].join('|');
      return (await post(body, { 'paypal-transmission-id': 't-1', 'paypal-transmission-time': at, 'paypal-cert-url': 'https://api.paypal.com/v1/notifications/certs/CERT-1', 'paypal-auth-algo': 'SHA256withRSA', 'paypal-transmission-sig': createSign('sha256').update(text).sign(pair.privateKey, 'base64'), ...more })).status; // prettier-ignore
    };
    const body = '{"id":"WH-E1","event_type":"PAYMENT.CAPTURE.COMPLETED","create_time":"2026-01-01T00:00:00Z","resource":{"id":"2GG"}}';
    expect(await send(body)).toBe(200);
    expect(await send(body, 'WH-2')).toBe(401);
    expect(await send(body, 'WH-1', { 'paypal-cert-url': 'https://evil.example/cert' })).toBe(401);
    expect(heard).toMatchObject([{ id: 'WH-E1', time: '2026-01-01T00:00:00.000Z', data: { id: '2GG' } }]);
  });

  it('need no secret, and others do', () => {
    expect(() => webhook({ scheme: { signature: 'x-sig' } })).toThrow("give the sender's 'secret'");
    expect(() => webhook({ scheme: { signature: 'x-sig', key: () => 'k' } })).not.toThrow();
  });
});

describe('senders with a secret', () => {
  // https://developer.squareup.com/docs/webhooks/step3validate
  it('such as Square, which signs its address', async () => {
    const square: WebhookSchemeDefinition = { signature: 'x-square-hmacsha256-signature', encoding: 'base64', signed: ({ url, bytes }) => [url, bytes], id: { body: 'event_id' }, time: { body: 'created_at' } }; // prettier-ignore
    const { post, heard } = await receive(contractOf({ paid: 'payment.updated' }), {
      secret: 's',
      scheme: square,
      publicUrl: 'https://shop.example',
    });
    const body = '{"merchant_id":"m","type":"payment.updated","event_id":"e1","created_at":"2026-01-01T00:00:00Z","data":{}}';
    const signature = (url: string) => ({ 'x-square-hmacsha256-signature': hmac('sha256', 'base64', 's', url, body) });
    expect((await post(body, signature('https://shop.example/hook'))).status).toBe(200);
    expect((await post(body, signature('http://receiver.example/hook'))).status).toBe(401);
    expect(heard).toMatchObject([{ id: 'e1' }]);
  });

  // https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
  it('such as Mailgun, whose signature is a member of the body', async () => {
    const mailgun: WebhookSchemeDefinition = {
      signature: { body: 'signature.signature' },
      signed: ({ json }) => `${(json as Json).signature.timestamp}${(json as Json).signature.token}`,
      timestamp: { body: 'signature.timestamp' },
      id: { body: 'signature.token' },
      type: { body: 'event-data.event' },
      data: ({ json }) => (json as Json)['event-data'],
    };
    const { post, heard } = await receive(contractOf({ delivered: 'delivered' }), { secret: 'key-1', scheme: mailgun });
    const send = async (at: string, token: string) =>
      (await post(JSON.stringify({ signature: { timestamp: at, token, signature: hmac('sha256', 'hex', 'key-1', at, token) }, 'event-data': { event: 'delivered', recipient: 'a@b' } }), {})).status; // prettier-ignore
    expect(await send(seconds(), 't1')).toBe(200);
    expect(await send(seconds(), 't1')).toBe(200);
    expect(await send('1600000000', 't2')).toBe(401);
    expect(heard).toMatchObject([{ id: 't1', data: { recipient: 'a@b' } }]);
  });

  // https://developers.intercom.com/docs/references/webhooks/webhook-models#signed-notifications
  // https://developer.calendly.com/api-docs/ZG9jOjM2MzE2MDM4-webhook-signatures, https://developers.docusign.com/platform/webhooks/connect/hmac/
  it.each([
    ['Intercom', { signature: 'x-hub-signature', prefix: 'sha1=', hash: 'sha1', id: { body: 'id' }, type: { body: 'topic' } }, (body: string) => ({ 'x-hub-signature': `sha1=${hmac('sha1', 'hex', 's', body)}` }), '{"type":"notification_event","id":"n1","topic":"made"}'],
    ['Calendly', { signature: ({ header }) => /v1=(\w+)/.exec(header('calendly-webhook-signature') ?? '')?.[1], timestamp: ({ header }) => /t=(\d+)/.exec(header('calendly-webhook-signature') ?? '')?.[1], toleranceMs: 180_000, signed: ({ header, bytes }) => [/t=(\d+)/.exec(header('calendly-webhook-signature') ?? '')?.[1] ?? '', '.', bytes], type: { body: 'event' }, id: { digest: true } }, (body: string) => { const at = seconds(); return { 'calendly-webhook-signature': `t=${at},v1=${hmac('sha256', 'hex', 's', `${at}.${body}`)}` }; }, '{"event":"made","payload":{}}'],
    ['DocuSign', { signature: ({ header }) => ['x-docusign-signature-1', 'x-docusign-signature-2'].map((name) => header(name)), encoding: 'base64', type: { body: 'event' }, id: ({ json }) => `${(json as Json).data.envelopeId}-${(json as Json).event}` }, (body: string) => ({ 'x-docusign-signature-1': hmac('sha256', 'base64', 'other', body), 'x-docusign-signature-2': hmac('sha256', 'base64', 's', body) }), '{"event":"made","data":{"envelopeId":"e"}}'],
    ['Telegram', { hash: 'token', signature: 'x-telegram-bot-api-secret-token', id: { body: 'update_id' }, type: ({ json }) => (Object.hasOwn(json as object, 'message') ? 'made' : 'other') }, () => ({ 'x-telegram-bot-api-secret-token': 's' }), '{"update_id":10000,"message":{"text":"hi"}}'],
  ] as [string, WebhookSchemeDefinition, (body: string) => Record<string, string>, string][])('such as %s', async (_, scheme, headers, body) => {
    const { post, heard } = await receive(contractOf({ made: 'made' }), { secret: 's', scheme });
    expect((await post(body, headers(body))).status).toBe(200);
    expect((await post(body, headers(body))).status).toBe(200);
    expect((await post(body, Object.fromEntries(Object.keys(headers(body)).map((name) => [name, 'x'])))).status).toBe(401);
    expect(heard).toHaveLength(1);
  }); // prettier-ignore

  it('may send forms', async () => {
    const form: WebhookSchemeDefinition = {
      signature: { body: 'sig' },
      signed: ({ form: fields }) => fields.get('text') ?? '',
      type: () => 'made',
    };
    const { post, heard } = await receive(contractOf({ made: 'made' }), { secret: 's', scheme: form });
    expect((await post(`text=a+b&sig=${hmac('sha256', 'hex', 's', 'a b')}`, FORM)).status).toBe(200);
    expect(heard).toMatchObject([{ data: { text: 'a b' } }]);
  });
});
