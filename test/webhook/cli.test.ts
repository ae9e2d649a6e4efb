import { expect, test, describe } from 'vitest';
import { CLI, finish, start, type Result } from '../support/program.ts';
import { startEndpoint, verified } from '../support/webhooks.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const BODY = '{"test": 2432232314}';

const run = (args: readonly string[], input?: string): Promise<Result> =>
  finish(start([CLI, 'webhook', ...args], { WEBHOOK_SECRET: SECRET, NO_COLOR: '1' }), input);

describe('the command webhook', () => {
  test('sign, verify and send', async () => {
    const signed = await run(['sign', '--id', 'msg_p5jXN8AQM9LWM0D4loKWxJek', '--timestamp', '1614265330'], BODY);
    expect(signed).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\nwebhook-timestamp: 1614265330\nwebhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n',
    });
    const headers = signed.stdout
      .trim()
      .split('\n')
      .flatMap((line) => ['-H', line]);
    const old = await run(['verify', BODY, ...headers]);
    expect([old.code, JSON.parse(old.stderr).reason]).toEqual([1, 'timestamp-too-old']);
    const good = await run(['verify', BODY, '--tolerance-s', '9999999999', ...headers]);
    expect([good.code, JSON.parse(good.stdout)]).toEqual([
      0,
      { verified: true, id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', sentAt: '2021-02-25T15:02:10.000Z' },
    ]);

    const endpoint = await startEndpoint((_, count) => (count === 1 ? 204 : 500));
    const sent = await run(['send', '{"title":"x"}', '--event', 'article.published', '--url', endpoint.url]);
    expect([sent.code, JSON.parse(sent.stdout)]).toEqual([0, { status: 204, durationMs: expect.any(Number) }]);
    expect((await verified(endpoint.got[0], SECRET)).json()).toEqual({
      event: 'article.published',
      timestamp: expect.any(String),
      data: { title: 'x' },
    });
    expect((await run(['send', 'raw', '--url', endpoint.url])).code).toBe(1);
    await endpoint.close();
    expect((await run(['send', 'raw', '--url', endpoint.url])).stderr).toContain('UNAVAILABLE');
  }, 40_000);

  test('wrong usage', async () => {
    for (const [args, message] of [
      [[], 'webhook <sign|verify|send>'],
      [['sing'], 'did you mean sign?'],
      [['sign', '--scheme', 'githup'], 'did you mean github?'],
      [['send', 'x'], '--url'],
    ] as const) {
      const { code, stderr } = await run(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  }, 40_000);
});
