import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, event, memoryHub, mutation, type EventHub } from '../src/index.js';

const Line = z.object({ text: z.string() });
const contract = defineContract({
  name: 'rooms',
  operations: { say: mutation({ service: 'Room', input: Line, output: Line, http: 'POST /lines' }) },
  events: { said: event({ channel: 'said', payload: Line, writtenBy: 'say' }) },
});

describe('an event that an operation writes', () => {
  it('is in the hub before the caller is answered', async () => {
    const steps: string[] = [];
    const memory = memoryHub();
    const slow: EventHub = {
      subscribe: (request, sink) => memory.subscribe(request, sink),
      close: () => memory.close(),
      async publish(...published) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await memory.publish(...published);
        steps.push('published');
      },
    };
    const service = createService(contract, { say: (line) => line }, { events: slow });
    await createClient({ contract, transport: service }).say({ text: 'hello' });
    steps.push('answered');
    expect(steps).toEqual(['published', 'answered']);
    await service.close();
  });

  it('fails nobody where the hub does not take it: the failure is reported', async () => {
    const reported: unknown[] = [];
    const broken: EventHub = { ...memoryHub(), publish: () => Promise.reject(new Error('the hub is down')) };
    const service = createService(contract, { say: (line) => line }, { events: broken, onError: ({ error }) => reported.push(error) });
    expect(await createClient({ contract, transport: service }).say({ text: 'hello' })).toEqual({ text: 'hello' });
    expect(reported).toEqual([new Error('the hub is down')]);
    await service.close();
  });
});

describe('a client over a service of another contract', () => {
  it('is refused when it is made, by the name of what the service lacks', async () => {
    const other = defineContract({
      name: 'shop',
      operations: { buy: mutation({ service: 'Shop', input: Line, output: Line, http: 'POST /orders' }) },
    });
    const service = createService(contract, { say: (line) => line });
    expect(() => createClient({ contract: other, transport: service })).toThrow(/'shop' has 'buy'.*contract 'rooms' lacks/);
    expect(() => createClient({ transport: service })).toThrow(TypeError);
    // One that has all of them may have more.
    const { say } = contract.operations;
    const part = defineContract({ name: 'part', operations: { say } });
    expect(await createClient({ contract: part, transport: service }).say({ text: 'hello' })).toEqual({ text: 'hello' });
    await service.close();
  });
});
