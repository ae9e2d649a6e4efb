import { describe, expect, it } from 'vitest';
import { createClient, createService, defineContract, event, mutation } from '../../src/index.ts';
import { finish, start } from '../support/program.ts';
import { until } from '../support/until.ts';
import * as z from 'zod';

const contract = defineContract({
  name: 'notes',
  operations: { add: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }) },
  events: { added: event({ channel: 'notes', payload: z.object({ text: z.string() }), writtenBy: 'add' }) },
});

describe('promises that are no instances of the global Promise', () => {
  it('are waited for on every protocol', async () => {
    const { stdout, stderr } = await finish(start(['test/programs/own-promise.ts']));
    expect(stdout.trim().split('\n'), stderr).toEqual([
      'rest john_doe rest',
      'graphql john_doe graphql',
      'websocket john_doe websocket',
      'soap john_doe -',
      'grpc john_doe grpc',
      'mqtt john_doe mqtt',
      'mcp john_doe -',
    ]);
  }, 60_000);

  it('are asked once if a listener returns them, and their failures are told', async () => {
    const service = createService({ contract, handlers: { add: ({ text }) => ({ text }) } });
    const errors: unknown[] = [];
    const client = createClient({ contract, transport: service, onError: (error) => void errors.push(error) });
    const asked: string[] = [];
    // As query builders are, which ask the database when they are waited for, and each time again.
    const save = (text: string): PromiseLike<void> => ({
      then: (resolve, reject) => {
        asked.push(text);
        return (text === 'bad' ? Promise.reject(new Error('no database')) : Promise.resolve()).then(resolve, reject);
      },
    });
    await client.onAdded(({ text }) => save(text));
    for (const text of ['good', 'bad']) await client.add({ text });
    await until(() => errors.length > 0, 'the failure is told');
    expect([asked, errors.map(String)]).toEqual([['good', 'bad'], ['Error: no database']]);
    await client.close();
    await service.close();
  });
});
