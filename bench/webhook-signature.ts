import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { signWebhook, verifyWebhook } from 'multi-api-sdk/webhook';
import { Webhook } from 'standardwebhooks';
import { median, printTable } from './table.ts';

const CALLS = 20_000;
const ROUNDS = 9;

const key = randomBytes(32);
const secret = `whsec_${key.toString('base64')}`;
const payload = 'x'.repeat(1024);
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const timestampMs = Date.now();
const seconds = Math.floor(timestampMs / 1000);
const headers = await signWebhook({ payload, secret, id, timestampMs });
const standard = new Webhook(secret);

/** What someone writes who knows the specification and nothing else. */
const bare = {
  sign: () => ({
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${payload}`).digest('base64')}`,
  }),
  verify() {
    const expected = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${payload}`).digest();
    const given = Buffer.from((headers['webhook-signature'] ?? '').slice(3), 'base64');
    if (Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp'])) > 300 || !timingSafeEqual(expected, given)) throw new Error();
  },
};

async function microseconds(call: () => unknown): Promise<number> {
  const begun = process.hrtime.bigint();
  for (let index = 0; index < CALLS; index++) await call();
  return Number(process.hrtime.bigint() - begun) / 1000 / CALLS;
}

async function compare(what: string, goal: string, calls: { ours: () => unknown; raw: () => unknown; peer: () => unknown }) {
  const rounds: { ours: number; raw: number; peer: number }[] = [];
  for (let index = 0; index < ROUNDS; index++) {
    rounds.push({ raw: await microseconds(calls.raw), ours: await microseconds(calls.ours), peer: await microseconds(calls.peer) });
  }
  const us = (which: 'ours' | 'raw' | 'peer') => `${median(rounds.slice(1).map((round) => round[which])).toFixed(2)} µs`;
  const ratio = (which: 'ours' | 'peer') => median(rounds.slice(1).map((round) => round[which] / round.raw));
  return [
    { what, ours: us('ours'), raw: us('raw'), ratio: ratio('ours'), goal },
    { what: `${what}, standardwebhooks`, ours: us('peer'), raw: us('raw'), ratio: ratio('peer'), goal: '-' },
  ];
}

printTable('Webhook signatures, 1 KiB, against bare node:crypto', [
  ...(await compare('sign', '<= 1.15', {
    ours: () => signWebhook({ payload, secret, id, timestampMs }),
    raw: bare.sign,
    peer: () => standard.sign(id, new Date(timestampMs), payload),
  })),
  ...(await compare('verify', '<= 1.25', {
    ours: () => verifyWebhook({ payload, headers, secret }),
    raw: bare.verify,
    peer: () => standard.verify(payload, headers, { jsonParse: false }),
  })),
]);
