import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, createService, defineContract, mutation, type Adapter, type Service } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { mqtt } from '../../src/mqtt/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

/** A schema for each way in which null may be a value, with a value of it. */
const KINDS: Readonly<Record<string, readonly [z.ZodType, unknown]>> = {
  null: [z.null(), null],
  literal: [z.literal(null), null],
  oneOfLiterals: [z.literal(['a', null]), null],
  noneOfLiterals: [z.literal(['a', null]), 'a'],
  numbersAndNull: [z.literal([1, null]), 1],
  list: [z.array(z.null()), [null, null]],
  listOfUnknown: [z.array(z.unknown()), [null, 1, 'x']],
  listOfJson: [z.array(z.json()), [null, { a: 1 }]],
  record: [z.record(z.string(), z.null()), { a: null }],
  recordOfNullable: [z.record(z.string(), z.nullable(z.int32())), { a: null, b: 1 }],
  union: [z.union([z.string(), z.null()]), null],
  unionOfThree: [z.union([z.string(), z.int32(), z.null()]), null],
  listOfUnion: [z.array(z.union([z.string(), z.null()])), [null, 'a']],
  unknown: [z.unknown(), null],
  any: [z.any(), null],
  optionalGiven: [z.optional(z.null()), null],
  optionalAbsent: [z.optional(z.null()), undefined],
  nullableObject: [z.object({ a: z.null() }).nullable(), { a: null }],
  nullObject: [z.object({ a: z.null() }).nullable(), null],
  matrix: [z.array(z.array(z.string().nullable())), [['a', null]]],
  listOfNullableObjects: [z.array(z.object({ x: z.string().nullable() }).nullable()), [null, { x: null }]],
  defaulted: [z.null().default(null), null],
  tagged: [z.discriminatedUnion('k', [z.object({ k: z.literal('a'), v: z.null() }), z.object({ k: z.literal('b') })]), { k: 'a', v: null }],
};

const names = Object.keys(KINDS);
const contract = defineContract({
  name: 'nulls',
  operations: Object.fromEntries(
    names.flatMap((name) => {
      const schema = KINDS[name]?.[0] ?? z.null();
      return [
        [name, mutation({ input: z.object({ v: schema, k: z.string() }), output: z.object({ v: schema, k: z.string() }) })],
        [`${name}Alone`, mutation({ input: z.object({ v: schema }), output: z.object({ v: schema }) })],
      ];
    }),
  ),
});

type Calls = Readonly<Record<string, (input: unknown) => Promise<unknown>>>;

describe('null', () => {
  let service: Service;
  let server: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    const echo = (input: unknown) => input;
    service = createService(contract, Object.fromEntries(Object.keys(contract.operations).map((name) => [name, echo])) as never);
    server = await serve(service, { port: 0, grpcPort: 0, mqttPort: 0, onError: () => {} });
  }, 60_000);
  afterAll(async () => {
    await server.close();
    await service.close();
  });

  it.each<[string, () => Adapter<never>]>([
    ['REST', () => rest({ url: server.http })],
    ['GraphQL', () => graphql({ url: server.http })],
    ['SOAP', () => soap({ url: server.http })],
    ['WebSocket', () => webSocket({ url: server.http })],
    ['gRPC', () => grpc({ url: server.grpc })],
    ['MQTT', () => mqtt({ url: server.mqtt })],
  ])('goes over %s wherever a schema has it', async (_, adapter) => {
    const client = createClient({ contract, transport: adapter() });
    const wrong: Record<string, unknown> = {};
    for (const name of names) {
      const v = KINDS[name]?.[1];
      for (const [operation, input] of [
        [name, { v, k: 'k' }],
        [`${name}Alone`, { v }],
      ] as const) {
        const given = v === undefined ? { ...input, v: undefined } : input;
        const output = await (client as unknown as Calls)[operation]?.(given).catch((error: unknown) => String(error).slice(0, 300));
        if (JSON.stringify(output) !== JSON.stringify(given)) wrong[operation] = output;
      }
    }
    await client.close();
    expect(wrong).toEqual({});
  });
});
