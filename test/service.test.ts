import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient, createService, defineContract, event, memoryHub, mutation, query, type EventHub } from '../src/index.js';

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

describe('a selection', () => {
  const Card = z.object({ name: z.string(), age: z.int32() });
  const cards = defineContract({
    name: 'cards',
    operations: {
      getCard: query({ service: 'Card', output: Card, http: 'GET /card' }),
      makeCard: mutation({ service: 'Card', output: Card, http: 'POST /card' }),
    },
  });
  const broken = () => ({ name: 'Ada', age: 'unknown' as unknown as number });

  it("is all that is checked of a query's output, and all of a mutation's is", async () => {
    const service = createService(cards, { getCard: broken, makeCard: broken }, { onError: () => {} });
    const client = createClient({ contract: cards, transport: service });
    expect(await client.getCard(undefined, { select: { name: true } })).toEqual({ name: 'Ada' });
    await expect(client.getCard(undefined, { select: { age: true } })).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(client.getCard()).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(client.makeCard(undefined, { select: { name: true } })).rejects.toMatchObject({ code: 'INTERNAL' });
    await service.close();
  });
});
