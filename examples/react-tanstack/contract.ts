import { defineContract, event, mutation, query } from 'multi-api-sdk/core';
import * as z from 'zod/mini';

const Task = z.object({ id: z.int32(), title: z.string() });

/** Tasks, and an event for each new one. */
export const contract = defineContract({
  name: 'tasks',
  operations: {
    listTasks: query({
      input: z.object({ limit: z._default(z.int32(), 20), after: z.optional(z.int32()) }),
      output: z.array(Task),
      pagedBy: 'id',
      http: 'GET /tasks',
    }),
    countTasks: query({ output: z.int32(), http: 'GET /tasks/count' }),
    addTask: mutation({ input: z.object({ title: z.string() }), output: Task, http: 'POST /tasks' }),
  },
  events: { taskAdded: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});
