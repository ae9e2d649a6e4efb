/** A contract and a service of a user's own, for the command line. */
import { ApiError, createService, defineContract, event, mutation, stream } from 'multi-api-sdk';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string() }).meta({ id: 'Task' });

export const contract = defineContract({
  name: 'tasks',
  operations: {
    addTask: mutation({ input: Task.omit({ id: true }), output: Task, http: 'POST /tasks' }),
    plan: stream({ input: z.object({ steps: z.int32() }), item: z.object({ step: z.int32() }), http: 'GET /plan' }),
  },
  events: { taskAdded: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});

let count = 0;
export const service = createService(contract, {
  addTask: ({ title }) => ({ id: ++count, title }),
  async *plan({ steps }) {
    for (let step = 1; step <= steps; step++) yield { step };
    if (steps === 3) throw new ApiError('ABORTED', 'there is no third step');
  },
});
