// The contract and the service that the examples of frameworks mount.
import { createClient, createService, defineContract, event, mutation, query, type Adapter } from 'multi-api-sdk';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string().min(1) }).meta({ id: 'Task' });

export const contract = defineContract({
  name: 'tasks',
  operations: {
    addTask: mutation({ input: z.object({ title: z.string().min(1) }), output: Task, http: 'POST /api/tasks' }),
    getTask: query({ input: z.object({ id: z.int32() }), output: Task, http: 'GET /api/tasks/{id}' }),
  },
  events: { taskAdded: event({ channel: 'api/added', payload: Task, writtenBy: 'addTask' }) },
});

const tasks: z.output<typeof Task>[] = [];

export const service = createService({
  contract,
  handlers: {
    addTask({ title }) {
      const task = { id: tasks.length + 1, title };
      tasks.push(task);
      return task;
    },
    getTask: ({ id }) => tasks[id - 1] ?? { id, title: 'unknown' },
  },
});

/** Calls the service as its users do, and listens to it. */
export async function tryOut(transport: Adapter): Promise<void> {
  const client = createClient({ contract, transport });
  let hear: (task: unknown) => void = () => {};
  const heard = new Promise((resolve) => (hear = resolve));
  await client.onTaskAdded(hear);
  const { id } = await client.addTask({ title: 'mount the handler' });
  console.log(await client.getTask({ id }), 'heard of', await heard);
  await client.close();
}
