/** A contract and a service of a user's own, for the command line. */
import { createService, defineContract, event, mutation } from 'multi-api-sdk';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string() }).meta({ id: 'Task' });

export const contract = defineContract({
  name: 'tasks',
  operations: { addTask: mutation({ input: Task.omit({ id: true }), output: Task, http: 'POST /tasks' }) },
  events: { taskAdded: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});

let count = 0;
export const service = createService(contract, { addTask: ({ title }) => ({ id: ++count, title }) });
