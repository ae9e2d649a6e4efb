import { expect, test, describe } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, event, mutation, query, type Contract, type Transport } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';

const task = z.object({ id: z.int32() });
const done = event({ channel: 'done', payload: task });
const tasks = () => defineContract({ name: 'tasks', operations: { getTask: query({ output: task }) }, events: { done } });
const part = defineContract({ name: 'part', operations: { getTask: query({ output: task }) } });
const other = defineContract({ name: 'other', operations: { getTask: mutation({ output: task }) } });
const handlers = { getTask: () => ({ id: 1 }) };

describe('a contract that clients and services share', () => {
  test('a transport that serves another contract is refused at construction, and both are named', async () => {
    const blog: Transport = createBlogService();
    expect(() => createClient({ contract: tasks(), transport: blog })).toThrow(
      /^the transport 'service' serves the contract 'blog', which has no query 'getTask' of 'tasks'/,
    );
    const refused = (contract: Contract, transport: Transport) => expect(() => createClient({ contract, transport }));
    const service = createService(tasks(), handlers);
    expect(() => createClient({ transport: service })).toThrow(/serves the contract 'tasks', which has no mutation 'createUser' of 'blog'/);
    refused(other, service).toThrow(/no mutation 'getTask' of 'other'/);
    refused(tasks(), createService(part, handlers)).toThrow(/no event 'done' of 'tasks'/);
    await blog.close();
  });

  test('another version of the contract is the same one, and a part of another may be asked for', async () => {
    const service = createService(tasks(), handlers);
    expect(await createClient({ contract: tasks(), transport: service }).getTask()).toEqual({ id: 1 });
    expect(await createClient({ contract: part, transport: service }).getTask()).toEqual({ id: 1 });
    const newer = defineContract({ name: 'tasks', operations: { getAll: query({ output: z.array(task) }) } });
    await expect(createClient({ contract: newer, transport: service }).getAll()).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});
