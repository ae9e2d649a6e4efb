import { describe, expect, it } from 'vitest';
import { isWebhookError } from '../../../src/webhook/client.ts';
import { contractOf, FORM, github, hmac, receive, slack } from './support.ts';

const pushes = contractOf({ push: 'push', opened: 'issues.opened', issues: 'issues' });

describe('forms', () => {
  it('takes what GitHub sends by default: a form whose field is the JSON', async () => {
    const { heard, post, errors } = await receive(pushes, { secret: 'github secret', scheme: 'github' });
    const json = '{"ref":"refs/heads/main","zen":"Ünïcode + & = 😀"}';
    const body = new URLSearchParams({ payload: json }).toString();
    expect((await post(body, { ...github(body, 'push'), ...FORM })).status).toBe(200);
    expect(heard).toMatchObject([{ event: 'push', id: 'd-1', data: JSON.parse(json) as unknown }]);
    expect(errors).toEqual([]);
  });

  it('gives an action of GitHub to who listens to the type, and to who listens to the action', async () => {
    const { heard, post } = await receive(pushes, { secret: 'github secret', scheme: 'github' });
    for (const action of ['opened', 'closed']) {
      const body = JSON.stringify({ action });
      expect((await post(body, github(body, 'issues', action))).status).toBe(200);
    }
    expect(heard.map(({ event, id }) => [event, id])).toEqual(
      expect.arrayContaining([
        ['opened', 'opened'],
        ['issues', 'opened'],
        ['issues', 'closed'],
      ]),
    );
    expect(heard).toHaveLength(3);
  });

  it("takes Slack's commands as fields, and buttons as the JSON in a field", async () => {
    const contract = contractOf({ weather: 'weather', clicked: 'block_actions', mentioned: 'app_mention' });
    const { heard, post, errors } = await receive(contract, { secret: 'slack secret', scheme: 'slack' });
    const command = 'command=%2Fweather&text=94070+%26+more&user_id=U1&trigger_id=13345224609.738474920.8088930838d88f008e0';
    expect(await post(command, { ...slack(command), ...FORM })).toMatchObject({ status: 200, text: '' });
    const click = `payload=${encodeURIComponent('{"type":"block_actions","trigger_id":"t-2","actions":[{"value":"yes"}]}')}`;
    expect((await post(click, { ...slack(click), ...FORM })).status).toBe(200);
    const mention = '{"type":"event_callback","event_id":"Ev1","event_time":1500000000,"event":{"type":"app_mention","text":"hi"}}';
    expect((await post(mention, slack(mention))).status).toBe(200);
    expect(heard).toMatchObject([
      {
        event: 'weather',
        data: { command: '/weather', text: '94070 & more', user_id: 'U1' },
        id: '13345224609.738474920.8088930838d88f008e0',
      },
      { event: 'clicked', data: { actions: [{ value: 'yes' }] }, id: 't-2' },
      { event: 'mentioned', data: { event: { text: 'hi' } }, id: 'Ev1', time: '2017-07-14T02:40:00.000Z' },
    ]);
    expect(errors).toEqual([]);
  });

  it('refuses a form whose field is missing or is not JSON', async () => {
    const { heard, post } = await receive(pushes, { secret: 'github secret', scheme: 'github' });
    for (const body of ['payload=%7B', 'other=1', '', 'payload'])
      expect((await post(body, { ...github(body, 'push'), ...FORM })).status, body).toBe(400);
    expect(heard).toEqual([]);
  });

  it('verifies a form without the rest, and reads its fields', async () => {
    const { verifyWebhook } = await import('../../../src/webhook/client.ts');
    const payload = 'text=a+b&text=c';
    const webhook = await verifyWebhook({ payload, headers: slack(payload), secret: 'slack secret', scheme: 'slack' });
    expect(webhook.form().getAll('text')).toEqual(['a b', 'c']);
  });
});

describe('limits of a body', () => {
  const large = (bytes: number) => JSON.stringify({ ref: 'x'.repeat(bytes) });

  it('are as large as the largest that the provider sends, unless the option says otherwise', async () => {
    const { heard, post } = await receive(pushes, { secret: 'github secret', scheme: 'github' });
    const body = large(24 * 1024 * 1024);
    expect((await post(body, github(body, 'push'))).status).toBe(200);
    expect(heard).toHaveLength(1);
    const over = large(25 * 1024 * 1024);
    expect((await post(over, github(over, 'push', 'd-2'))).status).toBe(413);
    const small = await receive(pushes, { secret: 'github secret', scheme: 'github', maxBodyBytes: 100 });
    expect((await small.post(large(100), github(large(100), 'push'))).status).toBe(413);
  });

  it('do not matter to a body without a signature, which is not read', async () => {
    const { ask, errors } = await receive(pushes, { secret: 'github secret', scheme: 'github' });
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    expect((await ask('', { method: 'POST', body, duplex: 'half' } as RequestInit)).status).toBe(401);
    expect(pulled).toBeLessThan(3);
    expect(errors.map((error) => isWebhookError(error) && error.reason)).toEqual(['missing-header']);
  });
});

describe('secrets as dashboards show them', () => {
  const verify = async (scheme: 'standard' | 'github' | 'stripe', secret: string | Uint8Array, key: Uint8Array | string) => {
    const { verifyWebhook } = await import('../../../src/webhook/client.ts');
    const payload = '{"a":1}';
    const at = seconds();
    const headers =
      scheme === 'standard'
        ? { 'webhook-id': 'm', 'webhook-timestamp': at, 'webhook-signature': `v1,${hmac('sha256', 'base64', key, `m.${at}.${payload}`)}` }
        : scheme === 'github'
          ? { 'x-hub-signature-256': `sha256=${hmac('sha256', 'hex', key, payload)}` }
          : { 'stripe-signature': `t=${at},v1=${hmac('sha256', 'hex', key, `${at}.${payload}`)}` };
    return verifyWebhook({ payload, headers, secret, scheme }).then(
      () => 'verified',
      (error: unknown) => (isWebhookError(error) ? error.message : Promise.reject(error as Error)),
    );
  };
  const seconds = () => String(Math.floor(Date.now() / 1000));
  const key = Uint8Array.from({ length: 32 }, (_, at) => 255 - at * 5);
  const base64 = Buffer.from(key).toString('base64');

  it.each([
    ['with its prefix', `whsec_${base64}`],
    ['without its prefix', base64],
    ['in the form for URLs', base64.replaceAll('+', '-').replaceAll('/', '_')],
    ['without padding', `whsec_${base64.replaceAll('=', '')}`],
    ['with a newline and spaces around it', `  whsec_${base64}\r\n`],
  ])('takes the one of Standard Webhooks %s', async (_, secret) => {
    expect(await verify('standard', secret, key)).toBe('verified');
  });

  it('takes a text as it is, without the white space around it, and bytes with it', async () => {
    expect(await verify('github', ' my secret\n', 'my secret')).toBe('verified');
    expect(await verify('github', new TextEncoder().encode('my secret\n'), 'my secret\n')).toBe('verified');
    expect(await verify('stripe', 'whsec_abc', 'whsec_abc')).toBe('verified');
  });

  it('names the likely mistake, and never the secret', async () => {
    const hex = Buffer.from(key).toString('hex');
    const cases: [Promise<string>, RegExp][] = [
      [verify('standard', hex, key), /the bytes that the secret's hex stands for/],
      [verify('standard', `whsec_${base64}`, `whsec_${base64}`), /the secret's text as the key/],
      [verify('github', base64, key), /the bytes that the secret's base64 stands for/],
      [verify('stripe', 'abc', 'whsec_abc'), /'whsec_' at the secret's beginning was left out/],
      [verify('github', 'my secret\n', 'my secret\n'), /white space around the secret is part of it/],
      [verify('stripe', 'sk_live_abc', 'whsec_abc'), /an API key of Stripe/],
      [verify('github', 'ghp_abc', 'other'), /an access token of GitHub/],
      [verify('github', '"quoted"', 'quoted'), /quotes/],
    ];
    for (const [message, pattern] of cases) expect(await message).toMatch(pattern);
    for (const [message] of cases) expect(await message).not.toMatch(/abc|my secret|[0-9a-f]{20}/);
  });
});
