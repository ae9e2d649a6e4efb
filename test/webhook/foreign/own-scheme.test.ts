import { describe, expect, it } from 'vitest';
import { isWebhookError, verifyWebhook, webhook, type WebhookSchemeDefinition } from '../../../src/webhook/client.ts';
import { contractOf, FORM, hmac, receive } from './support.ts';

// https://linear.app/developers/webhooks#securing-webhooks
const linear: WebhookSchemeDefinition = {
  signature: 'linear-signature',
  timestamp: { body: 'webhookTimestamp' },
  toleranceMs: 60_000,
  id: 'linear-delivery',
  type: 'linear-event',
};
// https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/#Secure-webhooks
const bitbucket: WebhookSchemeDefinition = {
  signature: 'x-hub-signature',
  prefix: 'sha256=',
  id: 'x-request-uuid',
  type: 'x-event-key',
};
// https://www.twilio.com/docs/usage/security#validating-requests
const twilio: WebhookSchemeDefinition = {
  signature: 'x-twilio-signature',
  hash: 'sha1',
  encoding: 'base64',
  signed: ({ url, form }) =>
    url +
    [...form]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .flat()
      .join(''),
  id: 'i-twilio-idempotency-token',
  type: ({ form }) => (form.has('MessageStatus') ? 'message.status' : 'message.received'),
};
// https://docs.gitlab.com/user/project/integrations/webhooks/
const gitlab: WebhookSchemeDefinition = {
  hash: 'token',
  signature: 'x-gitlab-token',
  id: 'idempotency-key',
  type: { body: 'object_kind' },
};

describe('a scheme of its own', () => {
  it('is Linear: a time in milliseconds within the body', async () => {
    const { post, heard, errors } = await receive(contractOf({ issue: 'Issue' }), { secret: 'lin_wh_x', scheme: linear });
    const send = (at: number, id: string, type = 'Issue') => {
      const body = JSON.stringify({ action: 'create', type, webhookTimestamp: at });
      return post(body, { 'linear-signature': hmac('sha256', 'hex', 'lin_wh_x', body), 'linear-delivery': id, 'linear-event': type });
    };
    const now = Date.now();
    expect((await send(now, 'd-1')).status).toBe(200);
    expect((await send(now, 'd-1')).status).toBe(200);
    expect((await send(now - 61_000, 'd-2')).status).toBe(401);
    expect((await send(now + 62_000, 'd-3')).status).toBe(401);
    expect(heard).toMatchObject([{ event: 'issue', id: 'd-1', time: new Date(now).toISOString() }]);
    expect(errors.map((error) => isWebhookError(error) && error.reason)).toEqual(['timestamp-too-old', 'timestamp-too-new']);
  });

  it('is Bitbucket, with the example of its documentation', async () => {
    const { post, heard } = await receive(contractOf({ push: 'repo.push' }), { secret: "It's a Secret to Everybody", scheme: bitbucket });
    const payload = 'Hello World!';
    const headers = { 'X-Hub-Signature': 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9' };
    await verifyWebhook({ payload, headers, secret: "It's a Secret to Everybody", scheme: bitbucket });
    const body = '{"push":{"changes":[]}}';
    const signature = `sha256=${hmac('sha256', 'hex', "It's a Secret to Everybody", body)}`;
    const more = { 'x-event-key': 'repo:push', 'x-request-uuid': '{3a0a6a18}' };
    expect((await post(body, { ...more, 'x-hub-signature': signature })).status).toBe(200);
    expect((await post(body, { ...more, 'x-hub-signature': signature.toUpperCase().replace('SHA', 'sha') })).status).toBe(200);
    expect((await post(body, { ...more, 'x-hub-signature': signature.slice(7) })).status).toBe(401);
    expect((await post(`${body} `, { ...more, 'x-hub-signature': signature })).status).toBe(401);
    expect(heard).toMatchObject([{ event: 'push', id: '{3a0a6a18}' }]);
  });

  it('is Twilio, with the example of its documentation', async () => {
    const url = 'https://example.com/myapp.php?foo=1&bar=2';
    const fields = { CallSid: 'CA1234567890ABCDE', Caller: '+14158675310', Digits: '1234', From: '+14158675310', To: '+18005551212' };
    const payload = new URLSearchParams(fields).toString();
    const documented = { payload, url, secret: '12345', scheme: twilio, headers: { 'x-twilio-signature': 'L/OH5YylLD5NRKLltdqwSvS0BnU=' } };
    await verifyWebhook(documented);
    await expect(verifyWebhook({ ...documented, url: `${url}3` })).rejects.toMatchObject({ reason: 'no-matching-signature' });
    // What its library signs (twilio 6.2, getExpectedTwilioSignature), with fields that are not in order and not ASCII.
    await verifyWebhook({
      ...documented,
      payload: new URLSearchParams({ CallSid: 'CA1', Body: 'Hi & ü', From: '+1' }).toString(),
      url: 'https://example.com/hook?a=1',
      headers: { 'x-twilio-signature': 'kzW5VCf2fQRdsidNi8vQFMPLtZs=' },
    });
    // Behind a proxy that hides scheme and host.
    const { post, heard } = await receive(contractOf({ received: 'message.received', changed: 'message.status' }), {
      secret: '12345',
      scheme: twilio,
      publicUrl: 'https://example.com/',
    });
    const headers = { ...FORM, ...documented.headers, 'i-twilio-idempotency-token': 'token-1' };
    expect((await post(payload, headers, '/myapp.php?foo=1&bar=2')).status).toBe(200);
    expect((await post(payload, headers, '/other.php?foo=1&bar=2')).status).toBe(401);
    expect(heard).toMatchObject([{ event: 'received', id: 'token-1', data: fields }]);
  });

  it('is GitLab, which sends the secret itself', async () => {
    const { post, heard } = await receive(contractOf({ push: 'push' }), { secret: ['new token', 'my token'], scheme: gitlab });
    const body = '{"object_kind":"push"}';
    for (const [token, status] of [
      ['my token', 200],
      ['new token', 200],
      ['my toke', 401],
      ['', 401],
      ['MY TOKEN', 401],
    ] as const)
      expect((await post(body, { 'x-gitlab-token': token, 'idempotency-key': 'k' })).status, token).toBe(status);
    expect(heard).toHaveLength(1);
  });

  it('has any hash, secrets in hex, several signatures, and texts that are made of parts', async () => {
    for (const hash of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const key = Uint8Array.from({ length: 20 }, (_, at) => at * 9);
      const scheme: WebhookSchemeDefinition = {
        hash,
        secrets: 'hex',
        signature: ({ header }) => header('x-signatures')?.split(' '),
        signed: ({ method, header, bytes }) => [method, '\n', header('x-at') ?? '', '\n', bytes],
        timestamp: 'x-at',
      };
      const [payload, at] = [Uint8Array.of(0, 255, 128), new Date().toISOString()];
      const headers = { 'x-at': at, 'x-signatures': `00 ${hmac(hash, 'hex', key, `POST\n${at}\n`, payload)}` };
      const verified = await verifyWebhook({ payload, headers, scheme, secret: Buffer.from(key).toString('hex') });
      expect(verified.timestampMs).toBe(Date.parse(at));
      await expect(verifyWebhook({ payload, headers, scheme, secret: '00' })).rejects.toMatchObject({ reason: 'no-matching-signature' });
    }
  });

  it('refuses what it cannot read, whatever its functions make of it', async () => {
    const scheme: WebhookSchemeDefinition = {
      signature: ({ json }) => (json as { deep: { signature: string } }).deep.signature,
      timestamp: { body: 'at' },
    };
    const check = async (payload: string) =>
      verifyWebhook({ payload, headers: {}, secret: 's', scheme }).catch((error: unknown) => (error as { reason?: string }).reason);
    expect(await check('{')).toBe('malformed-signature');
    expect(await check('null')).toBe('malformed-signature');
    expect(await check('{"deep":{}}')).toBe('missing-header');
    expect(await check('{"deep":{"signature":7}}')).toBe('missing-header');
    expect(await check('{"deep":{"signature":"x"}}')).toBe('missing-header');
    for (const at of ['soon', '1e9', -1, 1.5, {}, '20200101', '2020-13-01T00:00:00Z'])
      expect(await check(JSON.stringify({ deep: { signature: 'x' }, at })), JSON.stringify(at)).toMatch(
        /^(malformed-timestamp|timestamp-too-old)$/,
      );
    expect(await check(`{"deep":{"signature":"x"},"at":${Date.now()}}`)).toBe('no-matching-signature');
    expect(await check(`${'['.repeat(100_000)}`)).toBe('malformed-signature');
  });

  it('is checked when the receiver is made', () => {
    const make = (scheme: unknown) => () => webhook({ secret: 's', scheme: scheme as never });
    expect(make({})).toThrow(/the place of the signature in 'signature'/);
    expect(make({ signature: 'x', hash: 'md5' })).toThrow(/hash must be one of sha1, .*not "md5"/);
    expect(make({ signature: 'x', signatur: 'y' })).toThrow(/unknown option 'signatur', do you mean 'signature'/);
    expect(make({ signature: 'not a header' })).toThrow(/signature must be a header's name/);
    expect(make({ signature: 'x', id: 7 })).toThrow(/id must be a header's name/);
    expect(make({ signature: 'x', maxBodyBytes: -1 })).toThrow(/maxBodyBytes/);
    expect(make('linear')).toThrow(/no scheme 'linear': use one of standard, .*or describe one/);
  });
});
