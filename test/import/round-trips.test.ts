/** What this library prints, imported again: the same service serves the contract that comes of it. */
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { DESCRIPTIONS, type DescriptionFormat } from '../../src/cli/descriptions/describe.ts';
import { createClient } from '../../src/client/client.ts';
import { conformanceContract } from '../../src/conformance/contract.ts';
import { createConformanceService } from '../../src/conformance/service.ts';
import type { Contract } from '../../src/core/contract.ts';
import type { Imported } from '../../src/import/index.ts';
import { mqttBroker, type MqttBroker } from '../../src/mqtt/broker.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import type { Service } from '../../src/service/types.ts';
import { FileBody } from '../../src/schema/codec/file-body.ts';
import { importing } from '../support/imported.ts';
import { blogCalls, blogEvents, kindsCalls, kindsEvents, type Call, type Events } from './round-trip-calls.ts';

type Methods = Record<string, (input?: unknown, options?: object) => unknown>;
type Name = 'blog' | 'kinds';
type Json = z.core.util.JSONType;

const made = importing();
const CONTRACTS: Readonly<Record<Name, { readonly contract: Contract; readonly calls: readonly Call[]; readonly events: Events }>> = {
  blog: { contract: blogContract, calls: blogCalls, events: blogEvents },
  kinds: { contract: conformanceContract, calls: kindsCalls, events: kindsEvents },
};

let broker: MqttBroker;
const services: Record<Name, Service<Contract>> = { blog: createBlogService(), kinds: createConformanceService().service };
const served = {} as Record<Name, Served>;
const direct = {} as Record<Name, Methods & { close(): Promise<void> }>;

beforeAll(async () => {
  broker = await mqttBroker({ port: 0, open: true });
  for (const name of Object.keys(CONTRACTS) as Name[]) {
    served[name] = await serve(services[name], { port: 0, grpcPort: 0, mqttUrl: broker.url });
    direct[name] = createClient({
      contract: CONTRACTS[name].contract,
      transport: services[name],
    }) as unknown as (typeof direct)[Name];
  }
});
afterAll(async () => {
  for (const name of Object.keys(CONTRACTS) as Name[]) {
    await served[name].close();
    await services[name].close();
  }
  await broker.close();
});

/** An answer as it travels in JSON, so that a date and its text are the same, whatever zeros the text has. */
async function plain(schema: unknown, value: unknown): Promise<unknown> {
  if (schema === undefined) return value;
  if (value instanceof FileBody)
    return { content: Buffer.from(await value.bytes()).toString('base64'), name: value.name, type: value.type };
  const encoded = await z.encodeAsync(schema as z.ZodType, value);
  return JSON.parse(JSON.stringify(encoded, asText));
}

function asText(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return typeof value === 'string' ? value.replace(/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.000Z$/, '$1Z') : value;
}

/** Calls an operation with an input in JSON; gives its answer, or its items, or its error. */
async function call(client: Methods, { operations }: Contract, name: string, json: unknown): Promise<unknown> {
  const { input, output, item } = operations[name] ?? {};
  try {
    const given = input && json !== undefined ? (z.safeDecode(input as z.ZodType, json).data ?? json) : undefined;
    const answer = client[name]?.(given);
    if (!item) return await plain(output, await answer);
    const items: unknown[] = [];
    for await (const each of answer as AsyncIterable<unknown>) items.push(await plain(item, each));
    return items;
  } catch (error) {
    const { code, details } = error as { readonly code?: string; readonly details?: unknown };
    if (code === undefined) throw error;
    // Issues of a validation are named by whoever finds them first.
    return { code, ...(details !== undefined && code !== 'INVALID_ARGUMENT' && { details }) };
  }
}

async function printed(name: Name, format: DescriptionFormat, server: string): Promise<Imported> {
  const { text } = await DESCRIPTIONS[format](CONTRACTS[name].contract, { servers: [server], lock: undefined });
  return made.from(text);
}

describe.each(['openapi', 'graphql', 'proto', 'wsdl'] as const)('%s', (format) => {
  test.each(Object.keys(CONTRACTS) as Name[])(
    '%s: calls, streams and events',
    async (name) => {
      const { contract: original, calls, events } = CONTRACTS[name];
      const { http = '', grpc = '' } = served[name];
      const url = { openapi: http, graphql: `${http}/graphql`, proto: grpc, wsdl: `${http}/soap` }[format];
      const imported = await printed(name, format, http);
      const { contract, connect } = await made.load(
        format === 'wsdl' ? { ...imported, code: imported.code.replace(/wsdl: .*/, `wsdl: '${url}?wsdl',`) } : imported,
      );
      const client = connect({ url }) as unknown as Methods & { close(): Promise<void> };
      const missing: string[] = [];
      for (const { operation, input, as } of calls) {
        const mine = [operation, `get${operation.charAt(0).toUpperCase()}${operation.slice(1)}`].find((each) =>
          imported.operations.includes(each),
        );
        if (mine === undefined) {
          missing.push(operation);
          continue;
        }
        const { input: sent = input, output } = as?.[format] ?? {};
        const wanted = output === undefined ? await call(direct[name], original, operation, input) : output;
        expect({ operation, answer: await call(client, contract, mine, sent) }).toEqual({ operation, answer: wanted });
      }
      expect(missing).toEqual(format === 'wsdl' && name === 'kinds' ? ['counted'] : []);
      for (const [event, { data, as }] of Object.entries(events)) {
        const known = contract.events[event];
        if (!known) continue;
        let hear: (value: unknown) => void = () => {};
        const heard = new Promise((resolve) => (hear = resolve));
        await client[`on${event.charAt(0).toUpperCase()}${event.slice(1)}`]?.((value: unknown) => hear(value));
        await services[name].publish(event as never, z.decode(original.events[event]?.payload as z.ZodType, data as Json));
        expect({ event, data: await plain(known.payload, await heard) }).toEqual({ event, data: as?.[format] ?? data });
      }
      expect([imported.operations.length, imported.events.length]).toEqual(COUNTS[format][name]);
      await client.close();
    },
    30_000,
  );
});

/** Operations and events that a description has of each contract. GraphQL has events with parameters as streams, WSDL has neither. */
const COUNTS: Readonly<Record<'openapi' | 'graphql' | 'proto' | 'wsdl', Readonly<Record<Name, readonly number[]>>>> = {
  openapi: { blog: [10, 3], kinds: [34, 4] },
  graphql: { blog: [10, 3], kinds: [36, 2] },
  proto: { blog: [10, 3], kinds: [34, 4] },
  wsdl: { blog: [10, 0], kinds: [32, 0] },
};

describe('asyncapi', () => {
  test.each([['sse'], ['websocket'], ['mqtt']] as const)(
    'events over %s',
    async (protocol) => {
      for (const name of Object.keys(CONTRACTS) as Name[]) {
        const { contract: original, events } = CONTRACTS[name];
        const { http = '' } = served[name];
        const url = { sse: http, websocket: http.replace('http', 'ws'), mqtt: broker.url }[protocol];
        const imported = await printed(name, 'asyncapi', url);
        expect(imported.events).toEqual(Object.keys(original.events));
        const { contract, connect } = await made.load(imported);
        const client = connect() as unknown as Methods & { close(): Promise<void> };
        for (const [event, { data }] of Object.entries(events)) {
          let hear: (value: unknown) => void = () => {};
          const heard = new Promise((resolve) => (hear = resolve));
          const params = protocol === 'websocket' ? { params: paramsOf(contract, event, data) } : {};
          await client[`on${event.charAt(0).toUpperCase()}${event.slice(1)}`]?.((value: unknown) => hear(value), params);
          await services[name].publish(event as never, z.decode(original.events[event]?.payload as z.ZodType, data as Json));
          expect({ event, data: await plain(contract.events[event]?.payload, await heard) }).toEqual({ event, data });
        }
        await client.close();
      }
    },
    30_000,
  );
});

/** The parameters of a channel in a payload: a plain channel of WebSocket is one, with all of them. */
function paramsOf({ events }: Contract, event: string, data: object): object {
  const { payload, params = [] } = events[event] ?? {};
  const whole = payload && (z.decode(payload as z.ZodType, data) as Readonly<Record<string, unknown>>);
  return Object.fromEntries(params.map((param) => [param, whole?.[param]]));
}

describe('the modules that were written', () => {
  test('every module compiles', { timeout: 240_000 }, () => {
    expect(made.diagnostics()).toEqual([]);
  });
});
