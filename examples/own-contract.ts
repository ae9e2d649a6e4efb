// Your own contract, its service, and the same client in process and over REST.
// Run it: npx tsx examples/own-contract.ts
import { ApiError, createClient, createService, defineContract, event, mutation, query, type Client } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { rest } from 'multi-api-sdk/rest';
import { restHandler } from 'multi-api-sdk/rest/server';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string().min(1), done: z.boolean() }).meta({ id: 'Task' });

const contract = defineContract({
  name: 'tasks',
  operations: {
    addTask: mutation({ input: z.object({ title: z.string().min(1) }), output: Task, http: 'POST /tasks' }),
    getTask: query({ input: z.object({ id: z.int32() }), output: Task, http: 'GET /tasks/{id}' }),
    finishTask: mutation({ input: z.object({ id: z.int32() }), output: Task, http: 'POST /tasks/{id}/finish', idempotent: true }),
  },
  events: { taskDone: event({ channel: 'tasks/done', payload: Task, writtenBy: 'finishTask' }) },
});

const tasks = new Map<number, z.output<typeof Task>>();
const find = (id: number) => {
  const task = tasks.get(id);
  if (!task) throw new ApiError('NOT_FOUND', `no task has the id ${id}`);
  return task;
};
const service = createService({
  contract,
  handlers: {
    addTask: ({ title }) => {
      const task = { id: tasks.size + 1, title, done: false };
      tasks.set(task.id, task);
      return task;
    },
    getTask: ({ id }) => find(id),
    finishTask: ({ id }) => Object.assign(find(id), { done: true }),
  },
});

async function tryOut(name: string, client: Client<typeof contract>): Promise<void> {
  let hear: (task: z.output<typeof Task>) => void = () => {};
  const heard = new Promise((resolve) => (hear = resolve));
  await client.onTaskDone(hear); // once it resolves, every event reaches the listener
  const { id } = await client.addTask({ title: `Write to everyone (${name})` });
  await client.finishTask({ id });
  console.log(name, await heard);
  await client.close();
}

await tryOut('in process', createClient({ contract, transport: service }));

const server = await listen(restHandler(service));
await tryOut('over REST', createClient({ contract, transport: rest({ url: server.url }) }));

await server.close();
await service.close();
