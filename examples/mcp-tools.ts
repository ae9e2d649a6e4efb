// A service as tools of agents: what an agent finds, and the same tool called by the typed client.
// Run it: npx tsx examples/mcp-tools.ts
import { ApiError, createClient, createService, defineContract, mutation, query } from 'multi-api-sdk';
import { listen } from 'multi-api-sdk/http';
import { mcp } from 'multi-api-sdk/mcp';
import { mcpHandler, mcpTools } from 'multi-api-sdk/mcp/server';
import * as z from 'zod';

const Task = z.object({ id: z.int32(), title: z.string(), isDone: z.boolean() }).meta({ id: 'Task' });

const contract = defineContract({
  name: 'tasks',
  description: 'Keeps what is to be done. Look a task up before you finish it.',
  operations: {
    findTasks: query({
      summary: 'Finds tasks by a word of their title',
      input: z.object({ word: z.string().meta({ description: 'Upper and lower case are the same.' }) }),
      output: z.array(Task),
      meta: { mcp: true },
    }),
    finishTask: mutation({
      summary: 'Marks a task as done',
      input: z.object({ id: z.int32() }),
      output: Task,
      errors: ['NOT_FOUND'],
      idempotent: true,
      // It loses nothing, so that an agent need not ask first.
      meta: { mcp: { destructiveHint: false } },
    }),
    // Not for agents: it has no mark, and others have.
    dropAllTasks: mutation({}),
  },
});

const tasks = [{ id: 1, title: 'Water the plants', isDone: false }];
const service = createService(contract, {
  findTasks: ({ word }) => tasks.filter(({ title }) => title.toLowerCase().includes(word.toLowerCase())),
  finishTask({ id }) {
    const task = tasks.find((each) => each.id === id);
    if (!task) throw new ApiError('NOT_FOUND', `there is no task ${id}`);
    task.isDone = true;
    return task;
  },
  dropAllTasks: () => void (tasks.length = 0),
});

console.log(mcpTools(contract).map(({ name, description }) => `${name}: ${description}`));

const server = await listen(mcpHandler(service));
console.log(`for an agent: ${server.url}/mcp`);

const client = createClient({ contract, transport: mcp({ url: server.url }) });
const [found] = await client.findTasks({ word: 'plants' });
console.log(await client.finishTask({ id: found?.id ?? 0 }));
await client.finishTask({ id: 7 }).catch((error: Error) => console.log(error.message));

await client.close();
await server.close();
await service.close();
