import { createService, defineContract, mutation, query, type Operation } from 'multi-api-sdk';
import { fetchHandler } from 'multi-api-sdk/http';
import { restHandler } from 'multi-api-sdk/rest/server';
import { z } from 'zod';
import { printTable, type Row } from './table.ts';

const COUNTS = [100, 1000, 3000];

/** Milliseconds of this process's CPU. */
async function cpuOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const rows: Row[] = [];
for (const count of COUNTS) {
  const operations: Record<string, Operation> = {};
  const handlers: Record<string, () => unknown> = {};
  for (let index = 0; index < count / 2; index++) {
    const thing = z.object({ id: z.int32(), name: z.string(), email: z.string().optional() }).meta({ id: `Thing${index}` });
    operations[`getThing${index}`] = query({ input: z.object({ id: z.int32() }), output: thing, http: `GET /things${index}/{id}` });
    operations[`makeThing${index}`] = mutation({ input: z.object({ name: z.string() }), output: thing, http: `POST /things${index}` });
    handlers[`getThing${index}`] = handlers[`makeThing${index}`] = () => ({ id: 1, name: 'one' });
  }
  const service = createService(defineContract({ name: 'large', operations }), handlers as never);
  let handle = fetchHandler(() => undefined);
  const handler = await cpuOf(() => (handle = fetchHandler(restHandler(service))));
  const document = await cpuOf(async () => (await handle(new Request('http://localhost/openapi.json'))).text());
  rows.push({
    what: `restHandler and /openapi.json, ${count} operations`,
    ours: `${(handler + document).toFixed(0)} ms of CPU`,
    raw: '',
    ratio: (handler + document) / 150,
    goal: '<= 1 (150 ms)',
  });
}
printTable('A large contract', rows);
