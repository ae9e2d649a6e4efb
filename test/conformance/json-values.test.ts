/** One rule for what JSON cannot hold, or writes in its own way: the service and every protocol say the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, createService, defineContract, event, mutation, stream, type Transport } from '../../src/index.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { anyClient, callingClients, outcomeOfError, wholeClients, type AnyClient } from '../support/law.ts';
import { until } from '../support/until.ts';

const Any = z.object({ v: z.unknown() });
const contract = defineContract({
  name: 'values',
  operations: {
    any: mutation({ input: Any, output: Any }),
    text: mutation({ input: z.object({ v: z.string() }), output: z.object({ v: z.string() }) }),
    counts: mutation({ input: z.object({ v: z.record(z.string(), z.int32()) }) }),
    give: mutation({ input: z.object({ name: z.string() }), output: Any }),
    fail: mutation({ input: z.object({ name: z.string() }) }),
    flow: stream({ input: z.object({ name: z.string() }), item: Any }),
  },
  events: { said: event({ channel: 'said', payload: Any }) },
});

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const deep = Array.from({ length: 100 }).reduce<unknown>((inner) => [inner], 1);
/** Values that JSON cannot hold, and the member that is told. */
const REFUSED: Readonly<Record<string, readonly [value: unknown, message: string]>> = {
  'half of a surrogate pair': ['cut \ud83d', 'v: half of a surrogate pair'],
  'half of one in a name': [{ 'k\ude00': 1 }, 'v.k'],
  NaN: [[1, NaN], 'v.1: JSON has no NaN'],
  Infinity: [-Infinity, 'JSON has no -Infinity'],
  'a function': [{ a: { f: () => 1 } }, 'v.a.f: JSON has no function'],
  'a symbol': [Symbol('s'), 'JSON has no symbol'],
  'a bigint': [1n, 'int64() carries one'],
  'a map': [new Map([['a', 1]]), 'JSON has no Map'],
  'a set': [new Set([1]), 'JSON has no Set'],
  'bytes of no schema': [new Uint8Array([1]), 'JSON has no Uint8Array'],
  'an error': [new Error('x'), 'JSON has no Error'],
  'a promise': [Promise.resolve(1), 'is an await missing?'],
  'a cycle': [cyclic, 'v: it is nested more than 64 levels deep: has it a cycle?'],
  'too many levels': [deep, 'v: it is nested more than 64 levels deep'],
  'nothing for a required member': [undefined, 'v: '],
};
/** Values that JSON writes in its own way. */
const WRITTEN: Readonly<Record<string, readonly [value: unknown, json: unknown]>> = {
  '-0': [
    [-0, { z: -0 }],
    [0, { z: 0 }],
  ],
  'a date': [{ at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
  'an invalid date': [new Date(NaN), null],
  'members that are undefined': [
    { a: undefined, b: [undefined, 1], c: { d: undefined } },
    { b: [null, 1], c: {} },
  ],
  'an object with a form of its own': [{ toJSON: () => ({ a: -0 }) }, { a: 0 }],
};
const given = (name: string) => (REFUSED[name] ?? WRITTEN[name])?.[0];

describe('values that JSON cannot hold', () => {
  let served: Served;
  let whole: AnyClient[];
  let clients: AnyClient[];
  const reports: string[] = [];
  const service = createService(
    contract,
    {
      any: ({ v }) => ({ v }),
      text: ({ v }) => ({ v }),
      counts: () => {},
      give: ({ name }) => ({ v: given(name) }),
      fail: ({ name }) => {
        throw new ApiError('NOT_FOUND', 'cut \ud83d', { details: { v: given(name) } });
      },
      async *flow({ name }) {
        yield { v: await Promise.resolve('first') };
        yield { v: given(name) };
      },
    },
    { onError: ({ error }) => void reports.push(String(error)) },
  );
  beforeAll(async () => {
    served = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0, playground: false });
    whole = [anyClient('service', contract, service), ...wholeClients(contract, served)];
    clients = [...whole, ...callingClients(contract, served)];
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await served.close();
    await service.close();
  });

  /** What each client says, which is one thing. */
  const all = async (of: readonly AnyClient[], ask: (client: AnyClient) => Promise<unknown>) => {
    const said = await Promise.all(
      of.map((client) =>
        ask(client).then(
          (output) => ({ output }),
          (error: unknown) => ({ ...(outcomeOfError(error) as object), text: (error as ApiError).text }),
        ),
      ),
    );
    expect(of.map(({ name }, index) => [name, said[index]])).toEqual(of.map(({ name }) => [name, said[0]]));
    return said[0] as { readonly output?: unknown; readonly code?: string; readonly text?: string };
  };

  it.each(Object.entries(REFUSED))('%s: refused as input, output, item and event', async (name, [v, message]) => {
    const asked = await all(clients, (client) => client.call('any', { v }));
    expect(asked.code).toBe('INVALID_ARGUMENT');
    expect(asked.text).toContain(message);
    reports.length = 0;
    expect((await all(clients, (client) => client.call('give', { name }))).code).toBe('INTERNAL');
    expect(reports).toHaveLength(clients.length);
    expect(reports[0]).toContain(message);
    const items = async (client: AnyClient) => {
      const got: unknown[] = [];
      await expect((async () => { for await (const item of client.items('flow', { name })) got.push(item); })()).rejects.toMatchObject({ code: 'INTERNAL' }); // prettier-ignore
      return got;
    };
    expect((await all(whole, items)).output).toEqual([{ v: 'first' }]);
    await expect(service.publish('said', { v })).rejects.toThrow(message);
  });

  it.each(Object.entries(WRITTEN))('%s: the same for all', async (name, [v, json]) => {
    expect((await all(clients, (client) => client.call('any', { v }))).output).toStrictEqual({ v: json });
    expect((await all(clients, (client) => client.call('give', { name }))).output).toStrictEqual({ v: json });
  });

  it('in a text or a name of a record: the code is the same', async () => {
    for (const [operation, v] of [
      ['text', 'cut \ud83d'],
      ['counts', { 'k\ud83d': 1 }],
    ] as const)
      // prettier-ignore
      for (const client of clients) await expect(client.call(operation, { v }), client.name).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('in an error: its text is text, its details are JSON or left out', async () => {
    const dated = await all(clients, (client) => client.call('fail', { name: 'a date' }));
    expect(dated).toMatchObject({ code: 'NOT_FOUND', text: 'cut \ufffd', details: { v: { at: '1970-01-01T00:00:00.000Z' } } });
    expect(await all(clients, (client) => client.call('fail', { name: 'a map' }))).toMatchObject({ code: 'NOT_FOUND', details: undefined });
    const named = await all(clients, (client) => client.call('counts', { v: { 'k\ud83d': 'x', [`${'x'.repeat(299)}😀`]: 'x' } }));
    expect(JSON.stringify(named)).not.toMatch(/\\ud/);
    expect(named).toMatchObject({ details: { issues: [{ path: ['v', 'k\ufffd'] }, {}] } });
  });

  it('an event that is refused ends no subscription', async () => {
    const heard = whole.map((): unknown[] => []);
    const ends = await Promise.all(whole.map((client, index) => client.listen('said', (data) => heard[index]?.push(data))));
    await expect(service.publish('said', { v: 'cut \ud83d' })).rejects.toThrow(TypeError);
    await service.publish('said', { v: [-0, new Date(0)] });
    await until(() => heard.every((list) => list.length > 0));
    for (const end of ends) await end();
    expect(heard).toStrictEqual(whole.map(() => [{ v: [0, '1970-01-01T00:00:00.000Z'] }]));
  });

  it('of a transport that nothing checks: a caller over MQTT is told', async () => {
    const { wild, close } = await wildPeer();
    const client = anyClient('mqtt', contract, mqtt({ url: wild.mqtt }));
    for (const name of ['a bigint', 'a cycle']) await expect(client.call('give', { name })).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(client.call('give', { name: 'too many levels' })).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await client.close();
    await close();
  });

  async function wildPeer() {
    const transport: Transport = {
      name: 'wild',
      contract,
      call: ({ input }) => Promise.resolve({ v: given((input as { readonly name: string }).name) }),
      subscribe: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const wild = await serve(transport, { port: 0, mqttPort: 0, protocols: ['mqtt'], playground: false, onError: () => {} });
    return { wild, close: () => wild.close() };
  }
});
