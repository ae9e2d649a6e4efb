// Webhooks of GitHub and of Stripe: each verified by its own scheme, typed by a contract of your own, handled once.
// Run it: npx tsx examples/webhook-providers.ts
import { createClient, defineContract, event } from 'multi-api-sdk';
import { composeHandlers, listen } from 'multi-api-sdk/http';
import { signWebhook, webhook } from 'multi-api-sdk/webhook';
import * as z from 'zod';

const repository = defineContract({
  name: 'repository',
  events: { issues: event({ channel: 'issues', payload: z.object({ action: z.string(), issue: z.object({ title: z.string() }) }) }) },
});
const payments = defineContract({
  name: 'payments',
  events: { paid: event({ channel: 'paid', payload: z.object({ id: z.string(), amount: z.int() }) }) },
});

const secrets = { github: "It's a Secret", stripe: 'whsec_test' };
const github = webhook({ secret: secrets.github, scheme: 'github', path: '/github', events: { issues: { type: 'issues' } } });
const stripe = webhook({
  secret: secrets.stripe,
  scheme: 'stripe',
  path: '/stripe',
  events: { paid: { type: 'payment_intent.succeeded', read: (body) => (body as { data: { object: unknown } }).data.object } },
});
const server = await listen(composeHandlers(github.handler, stripe.handler)); // a free port

const issues = createClient({ contract: repository, transport: github });
const money = createClient({ contract: payments, transport: stripe });
await issues.onIssues(({ action, issue }) => console.log(`GitHub: ${action} '${issue.title}'`));
await money.onPaid(({ id, amount }) => console.log(`Stripe: ${id} of ${amount / 100} €`));

/** Stands for the provider: signs and posts as it does. */
async function post(scheme: 'github' | 'stripe', body: object, headers: Record<string, string>, secret = secrets[scheme]): Promise<number> {
  const payload = JSON.stringify(body);
  const signature = await signWebhook({ payload, secret, scheme });
  const sent = { 'content-type': 'application/json', ...signature, ...headers };
  return (await fetch(`${server.url}/${scheme}`, { method: 'POST', headers: sent, body: payload })).status;
}
const opened = { action: 'opened', issue: { title: 'It does not start' } };
const delivery = { 'x-github-event': 'issues', 'x-github-delivery': '72d3162e' };
const succeeded = { id: 'evt_1', type: 'payment_intent.succeeded', data: { object: { id: 'pi_1', amount: 1999 } } };
console.log(await post('github', opened, delivery), await post('stripe', succeeded, {}));
console.log('sent again:', await post('github', opened, delivery), 'forged:', await post('github', opened, delivery, 'a guess'));

await issues.close();
await money.close();
await server.close(0);
