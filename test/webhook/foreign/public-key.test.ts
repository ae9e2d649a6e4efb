import { createSign, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isWebhookError, verifyWebhook, webhook, type WebhookSchemeDefinition } from '../../../src/webhook/client.ts';
import { contractOf, receive, seconds } from './support.ts';

// https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
const discord: WebhookSchemeDefinition = {
  signature: 'x-signature-ed25519',
  publicKey: 'ed25519',
  timestamp: 'x-signature-timestamp',
  signed: ({ header, bytes }) => [header('x-signature-timestamp') ?? '', bytes],
  id: { body: 'id' },
  type: { body: 'data.name' },
  handshake: { isSigned: true, answer: ({ json }) => ((json as { type?: number }).type === 1 ? { type: 1 } : undefined) },
};
// https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
const sendgrid: WebhookSchemeDefinition = {
  signature: 'x-twilio-email-event-webhook-signature',
  publicKey: 'ecdsa',
  encoding: 'base64',
  timestamp: 'x-twilio-email-event-webhook-timestamp',
  signed: ({ header, bytes }) => [header('x-twilio-email-event-webhook-timestamp') ?? '', bytes],
  type: ({ json }) => (json as { event: string }[]).map(({ event }) => event),
  id: { digest: true },
};
// https://docs.bunq.com/basics/authentication/signing: SHA-256 of the body, with the server's key.
const bunq: WebhookSchemeDefinition = { signature: 'x-bunq-server-signature', publicKey: 'rsa', encoding: 'base64', id: { digest: true } };

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const der = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

describe('senders that sign with a private key', () => {
  it('Discord: ed25519, whose signature its PING demands to be checked', async () => {
    const pair = generateKeyPairSync('ed25519');
    const secret = der(pair.publicKey).subarray(-32).toString('hex');
    const { post, heard } = await receive(contractOf({ weather: 'weather' }), { secret, scheme: discord });
    const headers = (body: string, at = seconds()) => ({
      'x-signature-timestamp': at,
      'x-signature-ed25519': sign(null, Buffer.from(at + body), pair.privateKey).toString('hex'),
    });
    const ping = '{"type":1}';
    const answer = await post(ping, headers(ping));
    expect([answer.status, answer.text]).toEqual([200, ping]);
    expect((await post('{"type": 1}', headers(ping))).status).toBe(401);
    expect((await post(ping, headers(ping, String(Number(seconds()) - 3600)))).status).toBe(401);
    const command = '{"type":2,"id":"i-1","data":{"name":"weather"}}';
    expect((await post(command, headers(command))).status).toBe(200);
    expect(heard).toMatchObject([{ event: 'weather', id: 'i-1' }]);
  });

  it('SendGrid: ECDSA in DER, and each number of it as short as it may be', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const of = (type: string) => (body: unknown) => (body as { event: string }[]).filter(({ event }) => event === type);
    const events = { delivered: { read: of('delivered') }, opened: { type: 'open', read: of('open') } };
    const options = { secret: der(publicKey).toString('base64'), scheme: sendgrid, events };
    const { post, heard } = await receive(contractOf({ delivered: 'delivered', opened: 'opened' }), options);
    // Some of so many have numbers with zeros before them, or without.
    for (let n = 0; n < 100; n++) {
      const body = JSON.stringify([{ event: n % 2 ? 'open' : 'delivered', n }]);
      const at = seconds();
      const signature = createSign('sha256').update(at + body).sign(privateKey, 'base64'); // prettier-ignore
      const headers = { 'x-twilio-email-event-webhook-timestamp': at, 'x-twilio-email-event-webhook-signature': signature };
      expect((await post(body, headers)).status, signature).toBe(200);
      expect((await post(`${body} `, headers)).status).toBe(401);
    }
    expect(heard.map(({ event }) => event).slice(0, 2)).toEqual(['delivered', 'opened']);
    expect(heard).toHaveLength(100);
  });

  it('takes keys as dashboards show them, and says what is wrong with others', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const ed = generateKeyPairSync('ed25519');
    const body = '{"type":"a"}';
    const header = (value: Buffer) => ({ 'x-bunq-server-signature': value.toString('base64') });
    const raw = { key: ec.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    const cases = [
      { publicKey: 'rsa', keys: rsa, headers: header(sign('sha256', Buffer.from(body), rsa.privateKey)) },
      { publicKey: 'rsa', hash: 'sha512', keys: rsa, headers: header(sign('sha512', Buffer.from(body), rsa.privateKey)) },
      { publicKey: 'ecdsa', hash: 'sha384', keys: ec, headers: header(sign('sha384', Buffer.from(body), raw)) },
      { publicKey: 'ecdsa', hash: 'sha384', keys: ec, headers: header(sign('sha384', Buffer.from(body), ec.privateKey)) },
      { publicKey: 'ed25519', keys: ed, headers: header(sign(null, Buffer.from(body), ed.privateKey)) },
    ] as const;
    for (const { keys, headers, ...members } of cases) {
      const scheme = { ...bunq, ...members };
      const verify = (secret: string | Uint8Array, given: Record<string, string> = headers) =>
        verifyWebhook({ payload: body, headers: given, secret, scheme });
      const bytes = der(keys.publicKey);
      for (const secret of [
        pem(keys.publicKey),
        pem(keys.publicKey).replaceAll('\n', '\\n'),
        bytes.toString('base64'),
        bytes.toString('hex'),
        bytes,
      ])
        await verify(secret);
      const reasonOf = async (work: Promise<unknown>) => {
        const error: unknown = await work.catch((reason: unknown) => reason);
        return isWebhookError(error) ? [error.reason, error.message] : [];
      };
      for (const wrong of ['AAAA', 'A', Buffer.alloc(64).toString('base64'), Buffer.alloc(72, 0x30).toString('base64'), '!'])
        expect((await reasonOf(verify(bytes, { 'x-bunq-server-signature': wrong })))[0]).toBe('no-matching-signature');
      for (const secret of ['no key', Buffer.alloc(90).toString('base64'), '-----BEGIN PUBLIC KEY-----'])
        expect(await reasonOf(verify(secret))).toEqual([
          'bad-secret',
          expect.stringContaining(`public key of the kind ${members.publicKey}`),
        ]);
      expect((await reasonOf(verify('-----BEGIN CERTIFICATE-----\nAAAA')))[1]).toContain('openssl x509 -pubkey');
    }
    const make = (scheme: unknown) => () => webhook({ secret: 's', scheme: scheme as never });
    expect(make({ signature: 'x', publicKey: 'dsa' })).toThrow(/publicKey must be one of ed25519, ecdsa, rsa/);
    expect(make({ signature: 'x', publicKey: 'ecdsa' })).toThrow(/public key of the kind ecdsa/);
    expect(make({ signature: 'x', publicKey: 'rsa', hash: 'token' })).toThrow(/has no public key/);
  });
});
