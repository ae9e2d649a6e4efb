import { z } from 'zod';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';

export const Address = z
  .object({ street: z.string(), zip: z.string().regex(/^\d{5}$/) })
  .meta({ id: 'Address', description: 'Where someone lives.' });

export const Cat = z.object({ kind: z.literal('cat'), lives: z.int().min(0).max(9) }).meta({ id: 'Cat' });
export const Dog = z.object({ kind: z.enum(['dog', 'wolf']), barks: z.boolean() }).meta({ id: 'Dog' });

export const Comment = z
  .object({
    text: z.string(),
    get replies() {
      return z.array(Comment);
    },
    get parent() {
      return Comment.nullable().optional();
    },
  })
  .meta({ id: 'Comment' });

export const Everything = z
  .object({
    id: z.int32(),
    count: z.int(),
    percent: z.int().min(0).max(100),
    above: z
      .int()
      .gt(3)
      .lt(2 ** 40),
    ratio: z.number().min(0).lt(1),
    flag: z.boolean(),
    nothing: z.null(),
    text: z
      .string()
      .min(1)
      .max(64)
      .meta({ grpc: { number: 7, name: 'label' }, description: 'Shown to people.' }),
    email: z.email(),
    at: z.iso.datetime(),
    day: z.iso.date(),
    uuid: z.uuid(),
    url: z.url(),
    bytes: z.base64(),
    prefixed: z.string().startsWith('x-'),
    color: z.enum(['red', 'green']),
    version: z.literal(2),
    mixed: z.literal(['auto', 1, true]),
    tags: z.array(z.string()).min(1).max(5),
    matrix: z.array(z.array(z.number())),
    maybeList: z.array(z.int32()).optional(),
    nullList: z.array(z.string().nullable()).nullable(),
    scores: z.record(z.string(), z.int32()),
    pet: z.discriminatedUnion('kind', [Cat, Dog]),
    shape: z.discriminatedUnion('type', [
      z.object({ type: z.literal('circle'), radius: z.number() }),
      z.object({ type: z.literal('line-segment'), length: z.number() }),
    ]),
    key: z.union([z.string(), z.int(), z.null()]),
    anything: z.unknown(),
    json: z.json(),
    home: Address.meta({ grpc: { number: 30 }, deprecated: true }),
    work: Address.nullable().optional(),
    inline: z.object({ deeper: z.object({ x: z.number() }) }),
    items: z.array(z.object({ sku: z.string() })),
    comment: Comment,
    nick: z.string().nullish(),
    limit: z.int().min(1).max(100).default(20),
    mode: z.string().prefault('fast'),
  })
  .meta({ id: 'Everything', description: 'One of each.', grpc: { package: 'x' } });

export const everyKind = defineContract({
  name: 'kinds',
  version: '1.2.3',
  description: 'Every kind of schema.',
  operations: {
    createThing: mutation({
      service: 'Thing',
      summary: 'Makes a thing',
      input: Everything,
      output: Everything,
      http: 'POST /things',
      errors: ['ALREADY_EXISTS'],
    }),
    getThing: query({
      service: 'Thing',
      input: z.object({ id: z.int32() }),
      output: Everything,
      http: ['GET /things/{id}', 'GET /thing/{id}'],
      errors: ['NOT_FOUND', 'PERMISSION_DENIED'],
      description: 'Reads *one* thing.',
    }),
    listThings: query({
      service: 'Thing',
      input: z.object({
        owner: z.string().describe('Whose things.'),
        tags: z.array(z.string()).optional(),
        limit: z.int32().min(1).max(100).default(20),
        after: z.int32().optional(),
      }),
      output: z.array(z.object({ id: z.int32(), pets: z.array(z.union([Cat, Dog])) })),
      http: 'GET /owners/{owner}/things',
      pagedBy: 'id',
    }),
    updateThing: mutation({
      service: 'Thing',
      idempotent: true,
      deprecated: 'use createThing',
      input: z.object({ id: z.int32(), address: z.object({ street: z.string() }).optional(), color: z.enum(['red', 'green']).optional() }),
      output: z.object({ done: z.boolean() }),
      http: ['PATCH /things/{id}', 'PUT /things/{id}'],
    }),
    deleteThing: mutation({ service: 'Thing', idempotent: true, input: z.object({ id: z.int32() }), http: 'DELETE /things/{id}' }),
    countThings: query({ output: z.int() }),
    reset: mutation({}),
    write: mutation({
      service: 'Room',
      input: z.object({ room: z.string(), text: z.string() }),
      output: z.object({ room: z.string(), text: z.string() }),
    }),
  },
  events: {
    thingMade: event({ service: 'Thing', channel: 'things/made', type: 'thing.made', payload: Everything, summary: 'A thing was made' }),
    said: event({
      service: 'Room',
      channel: 'rooms/{room}/messages',
      payload: z.object({ room: z.string(), text: z.string(), comment: Comment.optional() }),
      writtenBy: 'write',
      deprecated: true,
    }),
  },
});
