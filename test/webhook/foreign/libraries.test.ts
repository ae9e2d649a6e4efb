/** The providers' own libraries as senders and judges. Slack's and Shopify's take 120 packages: what those sign and take is recorded in `signature.test.ts`. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { signWebhook } from '../../../src/webhook/client.ts';
import { contractOf, later, receive } from './support.ts';

interface StripeWebhooks {
  generateTestHeaderString(options: { payload: string; secret: string; timestamp?: number }): string;
  constructEvent(payload: string | Buffer, header: string, secret: string): { readonly id: string; readonly type: string };
}
interface OctokitWebhooks {
  sign(payload: string): Promise<string>;
  verify(payload: string, signature: string): Promise<boolean>;
  on(event: string, listener: (event: { readonly id: string; readonly name: string; readonly payload: unknown }) => void): void;
}
interface Octokit {
  readonly Webhooks: new (options: { secret: string }) => OctokitWebhooks;
  createNodeMiddleware(webhooks: OctokitWebhooks, options: { path: string }): RequestListener;
}

// By variables: their declarations are 20 MB, which the compiler would read for three functions.
const [stripePackage, octokitPackage]: string[] = ['stripe', '@octokit/webhooks'];
const { default: Stripe } = (await import(stripePackage ?? '')) as { default: new (key: string) => { readonly webhooks: StripeWebhooks } };
const { Webhooks, createNodeMiddleware } = (await import(octokitPackage ?? '')) as Octokit;

const CHARGE = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.succeeded', data: { object: { name: 'Ünïcode 😀' } } });
const ISSUE = JSON.stringify({ action: 'opened', issue: { title: 'Ünïcode 😀' } });

describe('the library of Stripe', () => {
  const { webhooks } = new Stripe('sk_test_1');
  const secret = 'whsec_test_secret';

  it('signs what a receiver takes', async () => {
    const { post, heard, errors } = await receive(contractOf({ paid: 'charge.succeeded' }), { secret, scheme: 'stripe' });
    const header = webhooks.generateTestHeaderString({ payload: CHARGE, secret });
    expect((await post(CHARGE, { 'stripe-signature': header })).status).toBe(200);
    expect(heard).toMatchObject([{ event: 'paid', id: 'evt_1', data: JSON.parse(CHARGE) as unknown }]);
    expect((await post(CHARGE.replace('evt_1', 'evt_2'), { 'stripe-signature': header })).status).toBe(401);
    const old = webhooks.generateTestHeaderString({ payload: CHARGE, secret, timestamp: Math.floor(Date.now() / 1000) - 3600 });
    expect((await post(CHARGE, { 'stripe-signature': old })).status).toBe(401);
    expect(errors).toHaveLength(2);
  });

  it('takes what is signed here, and no other body with it', async () => {
    const { 'stripe-signature': header = '' } = await signWebhook({ payload: CHARGE, secret, id: 'evt_1', scheme: 'stripe' });
    expect(webhooks.constructEvent(CHARGE, header, secret)).toMatchObject({ id: 'evt_1', type: 'charge.succeeded' });
    expect(() => webhooks.constructEvent(`${CHARGE} `, header, secret)).toThrow(/signature/i);
    expect(() => webhooks.constructEvent(CHARGE, header, 'whsec_other')).toThrow(/signature/i);
  });
});

describe('the library of GitHub', () => {
  const secret = 'github secret';

  it('signs what a receiver takes', async () => {
    const { post, heard } = await receive(contractOf({ issues: 'issues' }), { secret, scheme: 'github' });
    const headers = async (payload: string) => ({
      'x-github-event': 'issues',
      'x-github-delivery': 'd-1',
      'x-hub-signature-256': await new Webhooks({ secret }).sign(payload),
    });
    expect((await post(`${ISSUE} `, await headers(ISSUE))).status).toBe(401);
    expect((await post(ISSUE, await headers(ISSUE))).status).toBe(200);
    expect(heard).toMatchObject([{ event: 'issues', id: 'd-1', data: { action: 'opened' } }]);
  });

  it("takes what is signed here, in Node's server too", async () => {
    const webhooks = new Webhooks({ secret });
    const got: unknown[] = [];
    webhooks.on('issues', ({ id, name, payload }) => void got.push({ id, name, payload }));
    const server = createServer(createNodeMiddleware(webhooks, { path: '/hook' }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    later(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const signed = await signWebhook({ payload: ISSUE, secret, id: 'd-1', scheme: 'github' });
    const send = (body: string) =>
      fetch(url, {
        method: 'POST',
        body,
        headers: { ...signed, 'content-type': 'application/json', 'x-github-event': 'issues', 'x-github-delivery': 'd-1' },
      });
    expect((await send(ISSUE)).status).toBe(200);
    expect((await send(`${ISSUE} `)).status).toBe(400);
    expect(got).toEqual([{ id: 'd-1', name: 'issues', payload: JSON.parse(ISSUE) as unknown }]);
    expect(await webhooks.verify(ISSUE, signed['x-hub-signature-256'] ?? '')).toBe(true);
  });
});
