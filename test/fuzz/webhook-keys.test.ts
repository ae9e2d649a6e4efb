/** Webhooks that a private key signed, or several in one request, spoiled after that: what was not signed is never taken, and nothing throws. */
import { createHmac, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createClient, defineContract, event } from '../../src/core.ts';
import { fetchHandler } from '../../src/http/fetch/handler.ts';
import { webhook, type WebhookSchemeDefinition } from '../../src/webhook/client.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoil, tellsNothingInternal } from '../support/fuzz.ts';

const RUNS = runs(150);
const contract = defineContract({ name: 'keys', events: { made: event({ channel: 'made', type: 'made', payload: z.looseObject({}) }) } });

async function open(scheme: WebhookSchemeDefinition, secret: string | undefined) {
  let heard = 0;
  const hooks = webhook({ scheme, secret, onError: () => {}, onUnhandled: () => void heard++ });
  const client = createClient({ contract, transport: hooks, onError: () => {} });
  await client.onMade(() => void heard++);
  const handle = fetchHandler(hooks.handler);
  return {
    heard: () => heard,
    close: () => client.close(),
    post: async (body: Uint8Array, headers: Record<string, string>) => {
      const request = new Request('http://hook.test/', { method: 'POST', headers, body: Uint8Array.from(body) });
      const response = await inTime(handle(request), () => JSON.stringify(headers));
      tellsNothingInternal(await response.text());
      return response.status;
    },
  };
}

/** A header that was spoiled, as far as it can be sent. */
const spoiled = (dice: Dice, text: string) => spoil(dice, [text]).toString('latin1').replace(/[^\x21-\x7e]/g, '').slice(0, 4000); // prettier-ignore

const pairs: Readonly<Record<'ed25519' | 'ecdsa' | 'rsa', { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>> = {
  ed25519: generateKeyPairSync('ed25519'),
  ecdsa: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

describe('receivers of webhooks that a private key signed', () => {
  it.each(Object.entries(pairs) as ['ed25519' | 'ecdsa' | 'rsa', (typeof pairs)['rsa']][])(
    '%s',
    FUZZ_TIMEOUT,
    async (kind, { publicKey, privateKey }) => {
      const hash = kind === 'ed25519' ? null : 'sha256';
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const isFound = kind === 'ecdsa';
      const receiver = await open(
        {
          signature: 'x-sig',
          publicKey: kind,
          encoding: 'base64',
          ...(isFound && {
            key: ({ header }: { header(name: string): string | undefined }) => (header('x-key') === 'k1' ? pem : undefined),
          }),
        },
        isFound ? undefined : pem,
      );
      const counts: Record<string, number> = {};
      await each(RUNS, 1, async (n) => {
        const dice = new Dice(n);
        const valid = Buffer.from(JSON.stringify({ type: 'made', n, text: dice.text() }));
        const signature = sign(hash, valid, privateKey).toString('base64');
        const isSame = dice.chance(0.2);
        const body = isSame || dice.chance(0.5) ? valid : spoil(dice, [valid.toString()]);
        const given = isSame ? signature : dice.chance(0.5) ? signature : spoiled(dice, signature);
        const keyId = isSame ? 'k1' : dice.pick(['k1', 'k1', 'k2', '__proto__']);
        const before = receiver.heard();
        const status = await receiver.post(body, { 'content-type': 'application/json', 'x-sig': given, 'x-key': keyId });
        const isSigned = (!isFound || keyId === 'k1') && verify(hash, body, publicKey, Buffer.from(given, 'base64'));
        if (isSame) expect(status).toBe(200);
        expect([200, 401, ...(isSigned ? [400] : [])]).toContain(status);
        if (!isSigned) expect([status, receiver.heard()]).toEqual([401, before]);
        counts[status] = (counts[status] ?? 0) + 1;
      });
      await receiver.close();
      figures(`webhooks, ${kind}`, counts);
    },
  );

  it('several in one request', FUZZ_TIMEOUT, async () => {
    const digest = (n: unknown) => createHmac('sha256', 's').update(String(n)).digest('hex');
    const receiver = await open(
      {
        split: ({ json }) => (json as { items: unknown[] }).items,
        signature: { body: 'sig' },
        signed: ({ json }) => String((json as { n: unknown }).n),
        id: ({ json }) => String((json as { n: unknown }).n),
      },
      's',
    );
    const counts: Record<string, number> = {};
    const signed = new Set<string>();
    await each(RUNS, 1, async (n) => {
      const dice = new Dice(n);
      const items = dice
        .list(4, () => dice.int(1000))
        .map((id, at) => ({ type: 'made', n: `${n}-${at}-${id}`, sig: digest(`${n}-${at}-${id}`) }));
      for (const item of items) signed.add(item.n);
      const text = JSON.stringify({ items });
      const isSame = dice.chance(0.3);
      const body = isSame ? Buffer.from(text) : spoil(dice, [text]);
      const status = await receiver.post(body, { 'content-type': 'application/json' });
      if (isSame) expect(status).toBe(items.length > 0 ? 200 : 401);
      expect([200, 400, 401]).toContain(status);
      expect(receiver.heard()).toBeLessThanOrEqual(signed.size);
      counts[status] = (counts[status] ?? 0) + 1;
    });
    await receiver.close();
    figures('webhooks, several in one request', counts);
  });
});
