import { createClient, createService, defineContract, event, mutation, query } from 'multi-api-sdk';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string().min(1), done: z.boolean() }).meta({ id: 'Task' });

const tasks = defineContract({
  name: 'tasks',
  operations: {
    getTask: query({ input: z.object({ id: z.int32() }), output: Task, http: 'GET /tasks/{id}' }),
    addTask: mutation({ input: z.object({ title: z.string().min(1) }), output: Task, http: 'POST /tasks' }),
  },
  events: { taskAdded: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});

const all = new Map<number, z.infer<typeof Task>>();
const service = createService(tasks, {
  getTask: ({ id }) => all.get(id) ?? { id, title: 'unknown', done: false },
  addTask: ({ title }) => {
    const task = { id: all.size + 1, title, done: false };
    all.set(task.id, task);
    return task;
  },
});

// In process, for tests and for gateways; over the wire it behaves the same.
const client = createClient({ contract: tasks, transport: service });
await client.addTask({ title: 'write the docs' });
console.log(await client.getTask({ id: 1 }));
