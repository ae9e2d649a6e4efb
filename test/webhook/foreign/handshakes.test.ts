import { describe, expect, it } from 'vitest';
import { webhook } from '../../../src/webhook/client.ts';
import { contractOf, hmac, receive, seconds, slack } from './support.ts';

const contract = contractOf({ mentioned: 'app_mention' });
const harmless = (headers: Headers) => ({
  type: headers.get('content-type'),
  sniff: headers.get('x-content-type-options'),
  policy: headers.get('content-security-policy'),
});
const TEXT = { type: 'text/plain; charset=utf-8', sniff: 'nosniff', policy: "default-src 'none'; sandbox" };

/** Zoom and Twitch as their documentation has it. */
function zoom(body: string, secret = 'zoom secret'): Record<string, string> {
  const at = seconds();
  return { 'x-zm-request-timestamp': at, 'x-zm-signature': `v0=${hmac('sha256', 'hex', secret, `v0:${at}:${body}`)}` };
}

function twitch(body: string, type: string, secret = 'twitch secret'): Record<string, string> {
  const [id, at] = ['e76c6bd4-55c9-4987-8304-da1588d8988b', new Date().toISOString()];
  return {
    'twitch-eventsub-message-id': id,
    'twitch-eventsub-message-timestamp': at,
    'twitch-eventsub-message-type': type,
    'twitch-eventsub-subscription-type': 'channel.follow',
    'twitch-eventsub-message-signature': `sha256=${hmac('sha256', 'hex', secret, id, at, body)}`,
  };
}

describe('handshakes that the provider signs', () => {
  it("answers Slack's challenge, before anybody listens, and only if it is signed", async () => {
    const { post } = await receive(contract, { secret: 'slack secret', scheme: 'slack' }, []);
    const body = '{"type":"url_verification","token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}';
    const answer = await post(body, slack(body));
    expect(answer).toMatchObject({ status: 200, text: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P' });
    expect(harmless(answer.headers)).toEqual(TEXT);
    expect((await post(body, slack(body, 'other secret'))).status).toBe(401);
    expect((await post(body, {})).status).toBe(401);
  });

  it("answers Twitch's challenge", async () => {
    const { post, heard } = await receive(contractOf({ followed: 'channel.follow', revoked: 'revocation' }), {
      secret: 'twitch secret',
      scheme: 'twitch',
    });
    const body = '{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"id":"f1"}}';
    expect(await post(body, twitch(body, 'webhook_callback_verification'))).toMatchObject({
      status: 200,
      text: 'pogchamp-kappa-360noscope-vohiyo',
    });
    expect((await post(body, twitch(body, 'webhook_callback_verification', 'other'))).status).toBe(401);
    const event = '{"event":{"user_id":"1"}}';
    expect((await post(event, twitch(event, 'notification'))).status).toBe(200);
    const old = { ...twitch(event, 'notification'), 'twitch-eventsub-message-timestamp': '2020-01-01T00:00:00.123456789Z' };
    expect((await post(event, old)).status).toBe(401);
    expect(heard).toMatchObject([{ event: 'followed', id: 'e76c6bd4-55c9-4987-8304-da1588d8988b', data: { event: { user_id: '1' } } }]);
  });

  it("answers Zoom's with the HMAC of its token, which is no signature of a webhook", async () => {
    const { post, heard, errors } = await receive(contractOf({ started: 'meeting.started' }), { secret: 'zoom secret', scheme: 'zoom' });
    const ask = (plainToken: string) =>
      JSON.stringify({ event: 'endpoint.url_validation', payload: { plainToken }, event_ts: 1654503849680 });
    const body = ask('qgg8vlvZRS6UYooatFL8Aw');
    const answer = await post(body, zoom(body));
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(answer.text)).toEqual({
      plainToken: 'qgg8vlvZRS6UYooatFL8Aw',
      encryptedToken: hmac('sha256', 'hex', 'zoom secret', 'qgg8vlvZRS6UYooatFL8Aw'),
    });
    expect((await post(body, {})).status).toBe(401);
    expect((await post(body, zoom(body, 'other'))).status).toBe(401);
    const oracle = ask(`v0:${seconds()}:{}`);
    expect((await post(oracle, zoom(oracle))).text).not.toContain('encryptedToken');
    const event = '{"event":"meeting.started","event_ts":1654503849680,"payload":{}}';
    expect((await post(event, zoom(event))).status).toBe(200);
    expect((await post(event, zoom(event))).status).toBe(200);
    expect(heard).toMatchObject([{ event: 'started', time: '2022-06-06T08:24:09.680Z' }]);
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe('handshakes that nobody signs', () => {
  it("answers Meta's with the token that was agreed on", async () => {
    const messages = contractOf({ messages: 'whatsapp_business_account.messages', page: 'page' });
    const { ask, post, heard } = await receive(messages, { secret: 'meta secret', scheme: 'meta', handshake: { verifyToken: 'mine' } });
    const get = (token: string, challenge = '1158201444') =>
      ask(`?hub.mode=subscribe&hub.challenge=${encodeURIComponent(challenge)}&hub.verify_token=${token}`);
    const answer = await get('mine');
    expect(answer).toMatchObject({ status: 200, text: '1158201444' });
    expect(harmless(answer.headers)).toEqual(TEXT);
    expect((await get('other')).status).toBe(403);
    expect((await ask('?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=mine')).status).toBe(405);
    const body = '{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{}}]}]}';
    const signed = { 'x-hub-signature-256': `sha256=${hmac('sha256', 'hex', 'meta secret', body)}` };
    expect([(await post(body, signed)).status, (await post(body, signed)).status]).toEqual([200, 200]);
    expect(heard).toMatchObject([{ event: 'messages' }]);
  });

  it("answers Dropbox's", async () => {
    const { ask, post, heard } = await receive(contractOf({ changed: 'list_folder' }), { secret: 'dropbox secret', scheme: 'dropbox' });
    expect(await ask('?challenge=MuLpPWzEw-D_0iZDEO3Q')).toMatchObject({ status: 200, text: 'MuLpPWzEw-D_0iZDEO3Q' });
    const body = '{"list_folder":{"accounts":["dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"]}}';
    // The same again is another change of the same account.
    for (let at = 0; at < 2; at++)
      expect((await post(body, { 'x-dropbox-signature': hmac('sha256', 'hex', 'dropbox secret', body) })).status).toBe(200);
    expect(heard).toHaveLength(2);
  });

  it("answers Microsoft Graph's, and takes notifications with the client's state", async () => {
    const { ask, post, heard } = await receive(contractOf({ updated: 'updated' }), { secret: 'state', scheme: 'microsoft-graph' });
    const token = 'Validation: Testing client application reachability for subscription Request-Id: 522a8e7e-096a-494c-aaf1-ac0dcfca45b7';
    const answer = await ask(`?validationToken=${encodeURIComponent(token)}`, { method: 'POST' });
    expect(answer).toMatchObject({ status: 200, text: token });
    expect(harmless(answer.headers)).toEqual(TEXT);
    const batch = (...states: (string | undefined)[]) =>
      JSON.stringify({ value: states.map((clientState) => ({ clientState, changeType: 'updated' })) });
    expect((await post(batch('state', 'state'), {})).status).toBe(202);
    for (const body of [batch('state', 'other'), batch('other'), batch(undefined), batch(), '[]', '{', ''])
      expect((await post(body, {})).status, body).toBe(401);
    expect(heard).toHaveLength(1);
  });

  it('sends nothing back that could be a page or a script, nor anything long', async () => {
    const { ask } = await receive(contract, { secret: 'x', scheme: 'dropbox' });
    const bad = ['<script>alert(1)</script>', '"><img src=x>', "'", '&lt;', 'a\nb', 'a\0b', 'ü', '\u202e', 'x'.repeat(1025), '', '`', '\\'];
    for (const challenge of bad) {
      const { status, text } = await ask(`?challenge=${encodeURIComponent(challenge)}`);
      expect(status, challenge.slice(0, 20)).toBe(400);
      if (challenge !== '') expect(text).not.toContain(challenge);
    }
    expect((await ask(`?challenge=${'x'.repeat(1024)}`)).status).toBe(200);
  });
});

describe('the option handshake', () => {
  it('names the handshake of another scheme, or describes one', async () => {
    const standard = await receive(contract, { secret: 'x'.repeat(32), handshake: 'dropbox' });
    expect((await standard.ask('?challenge=abc')).text).toBe('abc');
    const okta = await receive(contract, {
      secret: 'github secret',
      scheme: 'github',
      handshake: {
        isSigned: false,
        answer: ({ method, header }) => (method === 'GET' ? { verification: header('X-Okta-Verification-Challenge') } : undefined),
      },
    });
    const answer = await okta.ask('', { headers: { 'x-okta-verification-challenge': 'abc' } });
    expect([answer.text, answer.headers.get('content-type')]).toEqual(['{"verification":"abc"}', 'application/json']);
  });

  it("stands beside the scheme's own", async () => {
    const { ask, post } = await receive(contract, { secret: 'slack secret', scheme: 'slack', handshake: { verifyToken: 'mine' } }, []);
    const body = '{"type":"url_verification","challenge":"abc"}';
    expect(await post(body, slack(body))).toMatchObject({ status: 200, text: 'abc' });
    expect(await ask('?hub.mode=subscribe&hub.challenge=115&hub.verify_token=mine')).toMatchObject({ status: 200, text: '115' });
  });

  it('is named once to onError if a sender asks for a handshake that nobody answers', async () => {
    const { ask, errors } = await receive(contract, { secret: 's', scheme: 'slack' });
    for (let at = 0; at < 3; at++) expect((await ask('?hub.mode=subscribe&hub.challenge=115&hub.verify_token=t')).status).toBe(405);
    expect((await ask('?validationToken=abc', { method: 'POST' })).status).toBe(401);
    expect(errors.map(String).filter((text) => text.includes("option 'handshake'"))).toEqual([
      expect.stringContaining('verifyToken'),
      expect.stringContaining('microsoft-graph'),
    ]);
  });

  it('is checked when the receiver is made', () => {
    const make = (handshake: unknown) => () => webhook({ secret: 's', scheme: 'slack', handshake: handshake as never });
    expect(make('facebook')).toThrow(/no handshake 'facebook': use one of slack, twitch/);
    expect(make({ verifyToken: '' })).toThrow(/environment variable/);
    expect(make({ verifyToken: undefined })).toThrow(/environment variable/);
    expect(make(() => 'x')).toThrow(/isSigned, answer/);
    expect(make({ answer: () => 'x' })).toThrow(/isSigned, answer/);
  });
});
