/** The contract of tasks.ts, changed: for `check`. */
import { defineContract, event, mutation, query, stream } from 'multi-api-sdk';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), state: z.enum(['open', 'done']).optional(), title: z.string().max(80) }).meta({ id: 'Task' });

export const contract = defineContract({
  name: 'tasks',
  operations: {
    addTask: mutation({ input: Task.omit({ id: true }), output: Task, http: 'POST /tasks' }),
    getTask: query({ input: z.object({ id: z.int32() }), output: Task, http: 'GET /tasks/{id}' }),
    plan: stream({ input: z.object({ steps: z.int32() }), item: z.object({ step: z.int32() }), http: 'GET /plan' }),
  },
  events: { taskAdded: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});
