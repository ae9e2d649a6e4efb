import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { type Schema } from '../../src/core/contract.ts';
import { describeContract, mayLeaveOut, type Field, type ObjectNode } from '../../src/schema/view.ts';
import { everyKind } from '../support/every-kind.ts';

const view = describeContract(everyKind);
const everything = view.types.get('Everything') as ObjectNode;

function field(name: string, of: ObjectNode = everything): Field {
  const found = of.fields.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
}

function inputOf(schema: Schema): ObjectNode {
  const contract = defineContract({ name: 'one', operations: { send: mutation({ input: schema }) } });
  const { input } = describeContract(contract).operations.get('send') ?? {};
  if (!input) throw new Error('no input');
  return input;
}

const refuses = (schema: Schema, message: string | RegExp) =>
  expect(() => inputOf(z.object({ a: z.object({ x: schema }) }))).toThrow(message);

describe('the schema view', () => {
  it('is made once per contract', () => {
    expect(describeContract(everyKind)).toBe(view);
  });

  it('gives integers the width that their bounds fit', () => {
    expect(field('id').node).toMatchObject({ kind: 'integer', int32: true });
    expect(field('id').node).not.toHaveProperty('minimum');
    expect(field('count').node).toMatchObject({ kind: 'integer', int32: false });
    expect(field('count').node).not.toHaveProperty('maximum');
    expect(field('percent').node).toMatchObject({ int32: true, minimum: 0, maximum: 100 });
    expect(field('above').node).toMatchObject({ int32: false, minimum: 4, maximum: 2 ** 40 - 1 });
  });

  it('makes bounds of integers whole', () => {
    expect(inputOf(z.object({ x: z.int().min(0.5).max(9.5) })).fields[0]?.node).toMatchObject({ minimum: 1, maximum: 9 });
  });

  it('has scalars with their limits and formats', () => {
    expect(field('ratio').node).toMatchObject({ kind: 'number', minimum: 0, exclusiveMaximum: 1 });
    expect(field('flag').node.kind).toBe('boolean');
    expect(field('nothing').node.kind).toBe('null');
    expect(field('text').node).toMatchObject({ kind: 'string', minLength: 1, maxLength: 64 });
    const formats = ['email', 'at', 'day', 'uuid', 'url', 'bytes', 'prefixed'].map(
      (name) => (field(name).node as { format?: string }).format,
    );
    expect(formats).toEqual(['email', 'date-time', 'date', 'uuid', 'uri', 'byte', undefined]);
    expect(field('prefixed').node).toMatchObject({ pattern: '^x-.*' });
    expect(field('color').node).toMatchObject({ kind: 'enum', values: ['red', 'green'], name: 'EverythingColor', derived: true });
    expect(field('version').node).toMatchObject({ kind: 'literal', values: [2] });
    expect(field('mixed').node).toMatchObject({ kind: 'literal', values: ['auto', 1, true] });
  });

  it('keeps what .meta() says at the place and at the type apart', () => {
    expect(field('text').meta).toEqual({ grpc: { number: 7, name: 'label' } });
    expect(field('text').description).toBe('Shown to people.');
    expect(field('home')).toMatchObject({ meta: { grpc: { number: 30 } }, deprecated: true });
    expect(field('home').node).toMatchObject({ name: 'Address', description: 'Where someone lives.', meta: {} });
    expect(everything.meta).toEqual({ grpc: { package: 'x' } });
  });

  it('has lists and records of anything', () => {
    expect(field('tags').node).toMatchObject({
      kind: 'list',
      minItems: 1,
      maxItems: 5,
      items: { node: { kind: 'string' }, nullable: false },
    });
    expect(field('matrix').node).toMatchObject({ kind: 'list', items: { node: { kind: 'list', items: { node: { kind: 'number' } } } } });
    expect(field('nullList')).toMatchObject({
      nullable: true,
      node: { kind: 'list', items: { nullable: true, node: { kind: 'string' } } },
    });
    expect(field('scores').node).toMatchObject({ kind: 'record', values: { node: { kind: 'integer' } } });
    expect(field('anything')).toMatchObject({ nullable: true, node: { kind: 'any' } });
    expect(field('json')).toMatchObject({ nullable: true, node: { kind: 'any' } });
  });

  it('tells optional, nullable and default apart', () => {
    expect(field('maybeList')).toMatchObject({ optional: true, nullable: false });
    expect(field('nick')).toMatchObject({ optional: true, nullable: true, node: { kind: 'string' } });
    expect(field('work')).toMatchObject({ optional: true, nullable: true, node: { name: 'Address' } });
    expect(field('limit')).toMatchObject({ optional: false, default: 20 });
    expect(field('mode')).toMatchObject({ optional: false, default: 'fast' });
    expect(mayLeaveOut(field('limit'))).toBe(true);
    expect(mayLeaveOut(field('text'))).toBe(false);
    expect(field('text')).not.toHaveProperty('default');
    expect(field('x', inputOf(z.object({ x: z.int().nullable().default(null) })))).toMatchObject({ optional: false, default: null });
  });

  it('finds what tells the variants of a union apart', () => {
    expect(field('pet').node).toMatchObject({
      kind: 'union',
      name: 'EverythingPet',
      discriminator: 'kind',
      variants: [
        { node: { name: 'Cat' }, tags: ['cat'] },
        { node: { name: 'Dog' }, tags: ['dog', 'wolf'] },
      ],
    });
    expect(field('shape').node).toMatchObject({
      discriminator: 'type',
      variants: [{ node: { name: 'EverythingShapeCircle' } }, { node: { name: 'EverythingShapeLineSegment' } }],
    });
    expect(field('key')).toMatchObject({
      nullable: true,
      node: { kind: 'union', variants: [{ node: { kind: 'string' } }, { node: { kind: 'integer' } }] },
    });
    expect(field('key').node).not.toHaveProperty('discriminator');
  });

  it('makes one union of unions, and lifts null out of them', () => {
    const tagged = (k: string) => z.object({ k: z.literal(k) });
    const inner = z.union([tagged('b'), tagged('c').nullable()]);
    const { x, y } = Object.fromEntries(
      inputOf(z.object({ x: z.union([tagged('a'), inner]), y: z.union([inner.meta({ id: 'Inner' }), tagged('d')]) })).fields.map((f) => [
        f.name,
        f,
      ]),
    );
    expect(x).toMatchObject({
      nullable: true,
      node: { discriminator: 'k', variants: [{ tags: ['a'] }, { tags: ['b'] }, { tags: ['c'] }] },
    });
    expect(y).toMatchObject({
      nullable: true,
      node: { discriminator: 'k', variants: [{ tags: ['b'] }, { tags: ['c'] }, { tags: ['d'] }] },
    });
  });

  it('closes the circle of recursive types', () => {
    const comment = view.types.get('Comment') as ObjectNode;
    expect(field('comment').node).toBe(comment);
    expect(field('replies', comment).node).toMatchObject({ kind: 'list' });
    expect((field('replies', comment).node as { items: { node: unknown } }).items.node).toBe(comment);
    expect(field('parent', comment)).toMatchObject({ optional: true, nullable: true });
    expect(field('parent', comment).node).toBe(comment);
  });

  it('describes recursive types without a name', () => {
    const Tree = z.object({
      get children() {
        return z.array(Tree);
      },
    });
    const input = inputOf(z.object({ root: Tree, other: z.array(Tree) }));
    expect(field('root', input).node).toMatchObject({ name: 'SendInputRoot' });
    expect((field('other', input).node as { items: { node: unknown } }).items.node).toBe(field('root', input).node);
  });

  it('names unnamed objects after parent and property, outputs after the operation', () => {
    expect([...view.types.keys()]).toEqual([
      'Everything', 'EverythingColor', 'EverythingPet', 'Cat', 'Dog', 'DogKind', 'EverythingShape', 'EverythingShapeCircle', 'EverythingShapeLineSegment',
      'EverythingKey', 'Address', 'EverythingInline', 'EverythingInlineDeeper', 'EverythingItems', 'Comment', 'GetThingInput', 'ListThingsInput',
      'ListThingsResult', 'ListThingsResultPets', 'UpdateThingInput', 'UpdateThingInputAddress', 'UpdateThingInputColor', 'UpdateThingResult', 'DeleteThingInput',
      'WriteInput', 'WriteResult', 'SaidPayload',
    ]); // prettier-ignore
    expect(view.operations.get('listThings')?.output?.node).toMatchObject({
      kind: 'list',
      items: { node: { name: 'ListThingsResult', derived: true } },
    });
    expect(view.operations.get('createThing')?.output?.node).toBe(everything);
    expect(view.operations.get('countThings')?.output?.node).toMatchObject({ kind: 'integer' });
    expect(view.operations.get('reset')).toMatchObject({ input: undefined, output: undefined });
  });

  it('keeps the JSON Schemas', () => {
    expect(view.operations.get('getThing')?.outputSchema).toEqual({ $ref: '#/$defs/Everything' });
    expect(view.definitions.input['Everything']?.['required']).not.toContain('limit');
    expect(view.definitions.output['Everything']?.['required']).toContain('limit');
  });

  it('reads contracts written with zod/mini', () => {
    expect(inputOf(mini.object({ a: mini.optional(mini.string()), b: mini._default(mini.int32(), 3) })).fields).toMatchObject([
      { name: 'a', optional: true },
      { name: 'b', optional: false, default: 3 },
    ]);
  });

  it('reads a preprocess or coercion as what comes after it', () => {
    const fields = inputOf(z.object({ a: z.preprocess(Number, z.int32()), b: z.coerce.boolean() })).fields;
    expect(fields).toMatchObject([{ node: { kind: 'integer' } }, { node: { kind: 'boolean' } }]);
  });

  it('takes fields that are named like members of every object', () => {
    expect(inputOf(z.object({ constructor: z.string(), toString: z.int32() })).fields.map(({ name }) => name)).toEqual([
      'constructor',
      'toString',
    ]);
  });
});

describe('a schema that cannot be described is refused, by name:', () => {
  it.each<[string, Schema, string]>([
    ['bigint', z.bigint(), 'write int64()'],
    ['date', z.date(), 'write instant()'],
    ['pipe', z.string().pipe(z.email()), 'differ by more than defaults'],
    ['tuple', z.tuple([z.string()]), 'a tuple cannot be described'],
    ['map', z.map(z.string(), z.string()), 'z.record'],
    ['set', z.set(z.string()), 'z.array'],
    ['never', z.never(), 'z.never()'],
    ['file', z.file(), 'z.base64()'],
    ['custom', z.custom<string>(), 'z.custom()'],
    ['loose object', z.looseObject({}), 'z.record'],
    ['catchall', z.object({}).catchall(z.string()), 'z.record'],
    ['intersection of named types', z.intersection(z.object({ a: z.int() }).meta({ id: 'A' }), z.object({ b: z.int() })), '.extend('],
    ['bad id', z.object({}).meta({ id: 'not a name' }), "'not a name'"],
  ])('%s', (_, schema, hint) => {
    refuses(schema, hint);
    refuses(schema, 'operation send: input.a.x');
    refuses(z.array(z.record(z.string(), schema)), 'operation send: input.a.x[]{}');
  });

  it('a difference in presence', () => {
    refuses(z.object({ y: z.pipe(z.optional(z.string()), z.string()) }), 'input.a.x');
  });

  it('meta that is no JSON', () => {
    expect(() => inputOf(z.object({ x: z.string().meta({ grpc: 1n }) }))).toThrow('contract one: ');
  });

  it('an optional output, and a nullable payload', () => {
    const operations = { get: query({ output: z.string().optional() }) };
    expect(() => describeContract(defineContract({ name: 'one', operations }))).toThrow('operation get: output: must not be optional');
    const events = { told: event({ channel: 'told', payload: z.object({}).nullable() }) };
    expect(() => describeContract(defineContract({ name: 'one', events }))).toThrow('event told: payload: must be an object');
  });

  it('two schemas with one id', () => {
    refuses(z.object({ a: z.object({ b: z.int() }).meta({ id: 'Same' }), b: z.object({ c: z.int() }).meta({ id: 'Same' }) }), "'Same'");
  });

  it('a derived name that is taken', () => {
    refuses(
      z.object({ b: z.object({}), c: z.object({}).meta({ id: 'SendInputAXB' }) }),
      ".meta({ id: 'SendInputAXB' }) at operation send: input.a.x.c and the name derived for operation send: input.a.x.b",
    );
  });

  it('a union of nothing but itself', () => {
    const Loop: Schema = z.lazy((): Schema => z.union([z.string(), Loop as never])).meta({ id: 'Loop' });
    refuses(Loop, /operation send: input\.a\.x/);
  });
});
