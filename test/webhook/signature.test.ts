import { createHmac, generateKeyPairSync, sign as signRaw, createPrivateKey } from 'node:crypto';
import fc from 'fast-check';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { describe, expect, it, test } from 'vitest';
import { fromBase64, platformCrypto, toBase64, webCrypto } from '../../src/webhook/signing/crypto.ts';
import {
  isWebhookError,
  makeWebhookSecret,
  signWebhook,
  verifyWebhook,
  type VerifyWebhookOptions,
  type SigningScheme,
  type WebhookReason,
  type WebhookScheme,
} from '../../src/webhook/client.ts';
import { signWith, verifyWith } from '../../src/webhook/signing/signature.ts';

/** The example of the specification, which its libraries in ten languages have as a test. */
const SPEC = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  payload: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const AT = Number(SPEC.timestamp) * 1000;
const headers = { 'webhook-id': SPEC.id, 'webhook-timestamp': SPEC.timestamp, 'webhook-signature': SPEC.signature };
const spec = { payload: SPEC.payload, headers, secret: SPEC.secret, clock: () => AT };

/** RFC 8032, section 7.1, test 2: the secret key. */
const SEED = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
const PUBLIC = Buffer.from('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', 'hex');

/** Of the providers' own pages and of other implementations: scheme, secret, payload, seconds, headers. */
const FOREIGN: [string, WebhookScheme, string, string, string, Record<string, string>][] = [
  // https://docs.svix.com/receiving/verifying-payloads/how-manual
  [
    'what Svix shows',
    'svix',
    'whsec_plJ3nmyCDGBKInavdOK15jsl',
    '{"event_type":"ping","data":{"success":true}}',
    '1731705121',
    {
      'svix-id': 'msg_loFOjxBNrRLzqYUf',
      'svix-timestamp': '1731705121',
      'svix-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    },
  ],
  // The test of Svix's server for v1a, and the signature that the specification shows.
  [
    "the v1a signature of Svix's server",
    'standard',
    'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=',
    SPEC.payload,
    SPEC.timestamp,
    {
      ...headers,
      'webhook-signature': 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==',
    },
  ],
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  [
    'what GitHub shows',
    'github',
    "It's a Secret to Everybody",
    'Hello, World!',
    '0',
    { 'X-Hub-Signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
  ],
  // https://docs.slack.dev/authentication/verifying-requests-from-slack
  [
    'what Slack shows, and its library takes (recorded)',
    'slack',
    '8f742231b10e8888abcd99yyyzzz85a5',
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    '1531420618',
    {
      'X-Slack-Request-Timestamp': '1531420618',
      'X-Slack-Signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    },
  ],
  // What the providers' own libraries sign. Those of Stripe and GitHub also run as peers, in `foreign/libraries.test.ts`; @shopify/shopify-api 13.1
  // (webhooks.validate calls it valid) and @slack/bolt 5.1 (verifySlackRequest takes it, and no other body with it) are 120 packages, so recorded.
  [
    'what the library of Stripe signs',
    'stripe',
    'whsec_test_secret',
    '{"id":"evt_1","object":"event","type":"charge.succeeded","data":{"object":{"name":"Ünïcode 😀"}}}',
    '1700000000',
    { 'stripe-signature': 't=1700000000,v1=9c6a59fe6f48e6c4e4a2b5c874f7a0be187cbcb850d878178827a4466f63cecb' },
  ],
  [
    'what the library of GitHub signs',
    'github',
    's',
    '{"id":"evt_1","object":"event","type":"charge.succeeded","data":{"object":{"name":"Ünïcode 😀"}}}',
    '0',
    { 'x-hub-signature-256': 'sha256=7450e9ea3be9518e84b61cf69b5e3694993309145d8e31aad4d1c9b4d33b46ec' },
  ],
  [
    'what the library of Shopify calls valid (recorded)',
    'shopify',
    'hush',
    '{"id":"evt_1","object":"event","type":"charge.succeeded","data":{"object":{"name":"Ünïcode 😀"}}}',
    '0',
    { 'x-shopify-hmac-sha256': 'dmgyrSnE6v6JGbw3tP7dlL2QC88zqm6N0Ds8IywNffo=', 'x-shopify-webhook-id': 'w1' },
  ],
  // Shopify shows none: from the tests of SQLPage, which is written in Rust.
  [
    "another implementation's Shopify signature",
    'shopify',
    'test-webhook-secret',
    '{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}',
    '0',
    { 'X-Shopify-Hmac-Sha256': 'QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw=' },
  ],
];

for (const [name, crypto] of Object.entries({ platformCrypto, webCrypto })) {
  const verifyWebhook = (options: VerifyWebhookOptions) => verifyWith(crypto, options);
  const signWebhook = (options: Parameters<typeof signWith>[1]) => signWith(crypto, options);
  const refused = async (options: VerifyWebhookOptions): Promise<[WebhookReason, string]> => {
    const error: unknown = await verifyWebhook(options).then(
      () => new Error('it was accepted'),
      (failure: unknown) => failure,
    );
    if (!isWebhookError(error)) throw error as Error;
    return [error.reason, error.message];
  };

  describe(name, () => {
    it('has the vector of the specification, both ways', async () => {
      const verified = await verifyWebhook(spec);
      expect([verified.id, verified.timestampMs, verified.secretIndex, verified.json()]).toEqual([SPEC.id, AT, 0, { test: 2432232314 }]);
      expect(await signWebhook({ payload: SPEC.payload, secret: SPEC.secret, id: SPEC.id, timestampMs: AT + 999 })).toEqual(headers);
    });

    it('takes the payload as text, bytes, buffer or request, and headers of every shape', async () => {
      const bytes = new TextEncoder().encode(SPEC.payload);
      for (const payload of [bytes, Buffer.from(bytes), bytes.buffer]) await verifyWebhook({ ...spec, payload });
      const request = new Request('http://example.com', { method: 'POST', body: SPEC.payload, headers });
      expect((await verifyWebhook({ payload: request, secret: SPEC.secret, clock: () => AT })).text()).toBe(SPEC.payload);
      const upper = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toUpperCase(), [value]]));
      for (const each of [new Headers(headers), upper, new Map(Object.entries(headers)) as never])
        await verifyWebhook({ ...spec, headers: each });
    });

    it('verifies what standardwebhooks and svix sign, and they verify what it signs', async () => {
      await fc.assert(
        fc.asyncProperty(fc.string(), fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.uuid(), async (text, key, id) => {
          const secret = `whsec_${toBase64(key)}`;
          // An empty payload is no JSON for them.
          const payload = JSON.stringify({ text });
          const now = new Date();
          for (const peer of [new Standard(secret), new Svix(secret)]) {
            await verifyWebhook({
              payload,
              secret,
              headers: {
                'webhook-id': id,
                'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
                'webhook-signature': peer.sign(id, now, payload),
              },
            });
          }
          expect(new Standard(secret).verify(payload, await signWebhook({ payload, secret, id }))).toEqual({ text });
          expect(new Svix(secret).verify(payload, await signWebhook({ payload, secret, id, scheme: 'svix' }))).toEqual({ text });
        }),
        { numRuns: 25 },
      );
    });

    it('signs and verifies v1a, with keys of RFC 8032', async () => {
      const [whsk, whpk] = [`whsk_${SEED.toString('base64')}`, `whpk_${PUBLIC.toString('base64')}`];
      const signed = await signWebhook({ payload: SPEC.payload, secret: [SPEC.secret, whsk], id: SPEC.id, timestampMs: AT });
      const key = createPrivateKey({
        key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED]),
        format: 'der',
        type: 'pkcs8',
      });
      const content = Buffer.from(`${SPEC.id}.${SPEC.timestamp}.${SPEC.payload}`);
      expect(signed['webhook-signature']).toBe(`${SPEC.signature} v1a,${signRaw(null, content, key).toString('base64')}`);
      for (const secret of [whpk, whsk, `whsk_${Buffer.concat([SEED, PUBLIC]).toString('base64')}`, SPEC.secret])
        await verifyWebhook({ ...spec, headers: signed, secret });
      const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '';
      expect((await refused({ ...spec, headers: signed, secret: `whpk_${Buffer.from(other, 'base64url').toString('base64')}` }))[0]).toBe(
        'no-matching-signature',
      );
      expect((await refused({ ...spec, headers: signed, payload: `${SPEC.payload} `, secret: whpk }))[0]).toBe('no-matching-signature');
      await expect(signWebhook({ payload: '', secret: whpk })).rejects.toThrow('can only verify');
    });

    it('takes several secrets, and tells which one fits', async () => {
      const secrets = [makeWebhookSecret(), SPEC.secret];
      expect((await verifyWebhook({ ...spec, secret: secrets })).secretIndex).toBe(1);
      const both = await signWebhook({ payload: 'x', secret: secrets });
      for (const secret of secrets) await verifyWebhook({ payload: 'x', headers: both, secret });
    });

    it('rejects every change of a single bit in signature, timestamp, id and body', async () => {
      const flip = (text: string, bit: number) => {
        const bytes = Buffer.from(text, 'latin1');
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return bytes.toString('latin1');
      };
      for (const key of ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const) {
        for (let bit = 0; bit < headers[key].length * 8; bit++) {
          await refused({ ...spec, toleranceMs: Infinity, headers: { ...headers, [key]: flip(headers[key], bit) } });
        }
      }
      for (let bit = 0; bit < SPEC.payload.length * 8; bit++)
        await refused({ ...spec, payload: Buffer.from(flip(SPEC.payload, bit), 'latin1') });
    });

    it('names the likely mistake', async () => {
      const at = (seconds: string) => ({ ...headers, 'webhook-timestamp': seconds });
      const { timestamp, signature } = SPEC;
      const cases: [Partial<VerifyWebhookOptions>, WebhookReason, RegExp][] = [
        [{ payload: JSON.parse(SPEC.payload) as never }, 'parsed-body', /parsed before it reached the verifier.*express\.raw/],
        [{ payload: undefined as never }, 'parsed-body', /undefined/],
        [{ secret: ' \n' }, 'bad-secret', /environment variable/],
        [{ secret: `"${SPEC.secret}"` }, 'bad-secret', /quotes/],
        [{ secret: '' }, 'bad-secret', /environment variable/],
        [{ secret: undefined }, 'bad-secret', /environment variable/],
        [{ secret: [] }, 'bad-secret', /empty/],
        [{ secret: 'whsec_a!c' }, 'bad-secret', /base64/],
        [{ headers: {} }, 'missing-header', /'webhook-id' is missing/],
        [{ headers: undefined }, 'missing-header', /pass those/],
        [{ clock: () => AT + 20 * 60_000 }, 'timestamp-too-old', /20 minutes old: a clock that is off, or a replay/],
        [{ clock: () => AT - 20 * 60_000 }, 'timestamp-too-new', /20 minutes ahead/],
        [{ toleranceMs: 1000, clock: () => AT + 1001 }, 'timestamp-too-old', /1 seconds/],
        ...['1614265330.0', '+1614265330', ' 1614265330', '1614265330abc', '0x6037BC32', '01614265330', '1e9'].map(
          (text): [Partial<VerifyWebhookOptions>, WebhookReason, RegExp] => [{ headers: at(text) }, 'malformed-timestamp', /whole number/],
        ),
        [{ headers: { ...headers, 'webhook-id': 'a.b' } }, 'malformed-id', /dots/],
        [{ headers: { ...headers, 'webhook-signature': 'v9,abc' } }, 'malformed-signature', /known version/],
        [{ headers: { ...headers, 'webhook-signature': [signature, signature] } }, 'malformed-signature', /2 times/],
        [{ headers: { ...headers, 'webhook-signature': `${signature} ` } }, 'no-matching-signature', /^$|./],
        [{ payload: '{"test":2432232314}' }, 'no-matching-signature', /parsed and printed again/],
        [{ secret: makeWebhookSecret() }, 'no-matching-signature', /another secret/],
        [
          {
            headers: {
              ...headers,
              'webhook-signature': `v1,${createHmac('sha256', SPEC.secret).update(`${SPEC.id}.${timestamp}.${SPEC.payload}`).digest('base64')}`,
            },
          },
          'no-matching-signature',
          /secret's text as the key/,
        ],
      ];
      for (const [change, reason, message] of cases) {
        if (reason === 'no-matching-signature' && message.source === '^$|.') continue;
        const [got, text] = await refused({ ...spec, ...change });
        expect([reason, got], text).toEqual([got, reason]);
        expect(text).toMatch(message);
        expect(text).not.toContain(SPEC.secret.slice(8));
      }
      const used = new Request('http://example.com', { method: 'POST', body: SPEC.payload, headers });
      await used.text();
      expect(await refused({ payload: used, secret: SPEC.secret, clock: () => AT })).toEqual([
        'parsed-body',
        expect.stringMatching(/was read before/),
      ]);
      await expect(verifyWebhook({ ...spec, scheme: 'paypal' as never })).rejects.toThrow(/standard, svix, github/);
    });

    test.each<[string, WebhookScheme, string, string, string, Record<string, string>]>(FOREIGN)(
      'verifies %s',
      async (_, scheme, secret, payload, at, headers) => {
        const verified = { scheme, secret, payload, headers, clock: () => Number(at) * 1000 };
        await verifyWebhook(verified);
        expect((await refused({ ...verified, payload: `${payload} ` }))[0]).toBe('no-matching-signature');
      },
    );

    test.each<[SigningScheme, string, (payload: string, seconds: string, secret: string) => Record<string, string>]>([
      ['github', 'It’s a Secret', (body, _, key) => ({ 'X-Hub-Signature-256': `sha256=${hex(key, body)}`, 'X-GitHub-Delivery': 'd-1' })],
      [
        'stripe',
        'whsec_not-base64',
        (body, at, key) => ({ 'Stripe-Signature': `t=${at},v1=${hex('old', body)},v1=${hex(key, `${at}.${body}`)},v0=abc` }),
      ],
      [
        'slack',
        '8f742231b10e8888abcd99yyyzzz85a5',
        (body, at, key) => ({ 'X-Slack-Request-Timestamp': at, 'X-Slack-Signature': `v0=${hex(key, `v0:${at}:${body}`)}` }),
      ],
      [
        'shopify',
        'hush',
        (body, _, key) => ({
          'X-Shopify-Hmac-Sha256': createHmac('sha256', key).update(body).digest('base64'),
          'X-Shopify-Webhook-Id': 'w-1',
        }),
      ],
    ])('knows the scheme of %s', async (scheme, secret, provider) => {
      const payload = '{"zen":"Ünïcode 😀"}';
      const seconds = String(Math.floor(Date.now() / 1000));
      const verified = await verifyWebhook({ payload, secret, scheme, headers: provider(payload, seconds, secret) });
      expect(verified.timestampMs).toBe(/stripe|slack/.test(scheme) ? Number(seconds) * 1000 : undefined);
      await verifyWebhook({ payload, secret, scheme, headers: await signWebhook({ payload, secret, scheme }) });
      expect((await refused({ payload: `${payload}\n`, secret, scheme, headers: provider(payload, seconds, secret) }))[0]).toBe(
        'no-matching-signature',
      );
      expect((await refused({ payload, secret: 'other', scheme, headers: provider(payload, seconds, secret) }))[0]).toBe(
        'no-matching-signature',
      );
      expect((await refused({ payload, secret, scheme, headers: {} }))[0]).toBe('missing-header');
    });

    it('has the published example of GitHub', async () => {
      await verifyWebhook({
        payload: 'Hello, World!',
        secret: "It's a Secret to Everybody",
        scheme: 'github',
        headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
      });
    });
  });
}

const hex = (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex');

describe('base64', () => {
  it('is read strictly', () => {
    expect(fromBase64('QQ==')).toEqual(Uint8Array.of(65));
    for (const text of ['QQ', 'QR==', 'QQ= =', 'QQ==\n', 'Q-==', 'QQ===', '=']) expect(fromBase64(text), text).toBeUndefined();
  });
});

describe('options of verifyWebhook and signWebhook', () => {
  it.each([NaN, -1, 1.5, '300000'])('refuses a tolerance of %o, which would take webhooks of any age', async (toleranceMs) => {
    await expect(verifyWebhook({ ...spec, toleranceMs: toleranceMs as number })).rejects.toThrow(/toleranceMs must be a whole number/);
  });

  it('refuses names that it does not know', async () => {
    await expect(verifyWebhook({ ...spec, tolerance: 5 } as never)).rejects.toThrow(
      new TypeError("verifyWebhook: unknown option 'tolerance', do you mean 'toleranceMs'?"),
    );
    await expect(signWebhook({ payload: '', secret: SPEC.secret, timestamp: 5 } as never)).rejects.toThrow(
      /signWebhook: unknown option 'timestamp'/,
    );
  });
});
