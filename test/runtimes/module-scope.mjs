// A service, its handlers and a webhook receiver made where a module is loaded, as workers do it.
import { createClient, createService, defineContract, event, mutation, query } from 'multi-api-sdk';
import { graphqlHandler } from 'multi-api-sdk/graphql/server';
import { connectHandler } from 'multi-api-sdk/grpc/connect/server';
import { composeHandlers, fetchHandler } from 'multi-api-sdk/http/fetch';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import { signWebhook, verifyWebhook, webhook } from 'multi-api-sdk/webhook';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string() }).meta({ id: 'Task' });
const contract = defineContract({
  name: 'tasks',
  operations: {
    getTask: query({ input: z.object({ id: z.int32() }), output: Task, http: 'GET /tasks/{id}' }),
    addTask: mutation({ input: z.object({ title: z.string() }), output: Task, http: 'POST /tasks' }),
  },
  events: { taskAdded: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});
const service = createService(contract, { getTask: ({ id }) => ({ id, title: 'read' }), addTask: ({ title }) => ({ id: 7, title }) });
export const handle = fetchHandler(composeHandlers(restHandler(service), connectHandler(service)));
export const graph = fetchHandler(graphqlHandler(service));
const hooks = webhook({ secret: 'slack secret', scheme: 'slack', handshake: { verifyToken: 'mine' } });
const slack = webhook({ secret: 'slack secret', scheme: 'slack' });
const mentions = defineContract({
  name: 'mentions',
  events: { mentioned: event({ channel: 'mentions', type: 'app_mention', payload: z.looseObject({}) }) },
});
// A listener that begins with the module, as a worker that only receives has it. Releases of workerd before autumn 2026 refuse its signal there.
const early = [];
const listening = createClient({ contract: mentions, transport: slack }).onMentioned((_, { id }) => void early.push(id));
const isEarly = listening.then(
  () => true,
  (error) => {
    if (!/within global scope/.test(error.message)) throw error;
    return false;
  },
);
const secret = 'whsec_VigceYHVXdMIUpAlR3+zDuSYkvADdP62496G5FyWdbg=';

export async function useModuleScope() {
  const client = createClient({
    contract,
    transport: rest({ url: 'http://service.test', fetch: (url, init) => handle(new Request(url, init)) }),
  });
  const lines = [`module scope call: ${(await client.getTask({ id: 4 })).title}`];
  const events = client.onTaskAdded();
  const first = events.next();
  const again = setInterval(() => client.addTask({ title: 'write' }).catch(() => {}), 50);
  lines.push(`module scope event: ${(await first).value.title}`);
  clearInterval(again);
  await events.return();
  await client.close();
  const answer = await graph(
    new Request('http://service.test/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ task(id: 5) { title } }' }),
    }),
  );
  lines.push(`module scope graphql: ${(await answer.json()).data.task.title}`);
  const payload = '{"event":"task.added"}';
  const headers = await signWebhook({ payload, secret, id: 'msg_1' });
  lines.push(`webhook verified: ${(await verifyWebhook({ payload, headers, secret })).id}`);
  lines.push(...(await receiveWebhooks()));
  return lines;
}

/** A provider's webhooks and handshakes, through a receiver that was made with the module. */
async function receiveWebhooks() {
  const client = createClient({ contract: mentions, transport: slack });
  const heard = [];
  const expected = (await isEarly) ? 1 : 0;
  await client.onMentioned((_, { id }) => void heard.push(id));
  const post = async (body) => {
    const headers = {
      ...(await signWebhook({ payload: body, secret: 'slack secret', scheme: 'slack' })),
      'content-type': 'application/json',
    };
    return fetchHandler(slack.handler)(new Request('http://service.test/slack', { method: 'POST', body, headers }));
  };
  const challenge = await post('{"type":"url_verification","challenge":"abc"}');
  const taken = await post('{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}');
  const query = 'hub.mode=subscribe&hub.challenge=115&hub.verify_token=mine';
  const meta = await fetchHandler(hooks.handler)(new Request(`http://service.test/meta?${query}`));
  await client.close();
  if (early.length !== expected) throw new Error(`the early listener heard ${early.length}`);
  return [`webhook challenges: ${await challenge.text()} ${await meta.text()}`, `webhook heard: ${taken.status} ${heard.join()}`];
}
