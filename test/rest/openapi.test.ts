import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { blogContract } from '../../src/blog/contract.ts';
import { defineContract, event, mutation, query } from '../../src/core/define.ts';
import { file } from '../../src/core.ts';
import { type Contract } from '../../src/core/contract.ts';
import type { JsonObject } from '../../src/core/errors.ts';
import { openApi, openApiText } from '../../src/rest/schema.ts';
import { everyKind } from '../support/every-kind.ts';

// Not written in place, so that this file compiles and runs without the package; CI has it.
const VALIDATOR: string = '@seriousme/openapi-schema-validator';
const { Validator } = (await import(VALIDATOR).catch(() => ({}))) as {
  Validator?: new () => { validate(document: unknown): Promise<{ valid: boolean; errors?: unknown }> };
};

/** The member of a document at a path of keys. */
function at(document: JsonObject, ...path: string[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}

const kinds = openApi(everyKind);
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const parametersOf = (document: JsonObject, path: string, method: string) =>
  (at(document, 'paths', path, method, 'parameters') as { readonly name?: string; readonly $ref?: string }[]).map(
    ({ name, $ref }) => name ?? $ref?.split('/').at(-1),
  );

describe('the OpenAPI document', () => {
  const contracts: [string, Contract][] = [
    ['of every kind of schema', everyKind],
    ['of the Blog', blogContract],
    ['of nothing', defineContract({ name: 'none' })],
  ];
  it.skipIf(!Validator).each(contracts)(
    `%s is valid${Validator ? '' : ' (skipped: the validator is not installed)'}`,
    async (_, contract) => {
      const result = Validator && (await new Validator().validate(JSON.parse(JSON.stringify(openApi(contract)))));
      expect(result).toMatchObject({ valid: true });
    },
  );

  it('has a definition for every reference', () => {
    for (const contract of [everyKind, blogContract]) {
      const document = openApi(contract);
      const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]*)"/g)].map((match) => match[1] ?? '');
      expect(references.length).toBeGreaterThan(0);
      for (const reference of references) expect(at(document, ...reference.split('/')), reference).toBeDefined();
    }
  });

  it('is the same as text', () => {
    const output = z.object({ id: z.int() }).meta({ id: 'Thing' });
    const things = (name: string, http: string) => query({ input: z.object({ [name]: z.int() }), output, http });
    const apart = defineContract({
      name: 'apart',
      operations: {
        getThing: things('id', 'GET /things/{id}'),
        getOther: things('id', 'GET /others/{id}'),
        thingParts: things('thing', 'GET /things/{thing}/parts'),
        dropThing: mutation({ input: z.object({ key: z.int() }), http: 'DELETE /things/{key}' }),
      },
    });
    for (const contract of [everyKind, blogContract, apart, defineContract({ name: 'none' })])
      expect(openApiText(contract, { servers: ['/api'] })).toBe(JSON.stringify(openApi(contract, { servers: ['/api'] })));
    expect(at(openApi(apart), 'paths', '/things/{id}', 'delete', 'parameters')).toMatchObject([{ name: 'id' }, {}, {}]);
  });

  it('says what the contract says of itself', () => {
    expect(kinds).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'kinds', version: '1.2.3', description: 'Every kind of schema.' },
      tags: [{ name: 'Thing' }, { name: 'Kinds' }, { name: 'Room' }],
    });
    expect(kinds).not.toHaveProperty('servers');
    expect(openApi(everyKind, { title: 'T', servers: ['/api'] })).toMatchObject({ info: { title: 'T' }, servers: [{ url: '/api' }] });
  });

  it('has every binding, each under an id of its own', () => {
    expect(at(kinds, 'paths', '/things/{id}', 'get', 'operationId')).toBe('getThing');
    expect(at(kinds, 'paths', '/thing/{id}', 'get', 'operationId')).toBe('getThing_get');
    expect(at(kinds, 'paths', '/things/{id}', 'patch', 'operationId')).toBe('updateThing');
    expect(at(kinds, 'paths', '/things/{id}', 'put', 'operationId')).toBe('updateThing_put');
    expect(at(kinds, 'paths', '/reset', 'post', 'operationId')).toBe('reset');
    const ids = [...JSON.stringify(kinds).matchAll(/"operationId":"([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('gives one path one set of parameter names', () => {
    const id = z.object({ id: z.int32() });
    const operations = {
      getItem: query({ input: id, output: id, http: 'GET /items/{id}' }),
      dropItem: mutation({ input: z.object({ itemId: z.int32() }), http: 'DELETE /items/{itemId}' }),
    };
    const document = openApi(defineContract({ name: 'one', operations }));
    expect(Object.keys(at(document, 'paths') as object)).toEqual(['/items/{id}']);
    expect(parametersOf(document, '/items/{id}', 'delete')).toEqual(['id', 'IdempotencyKey', 'RequestId']);
  });

  it('puts inputs into the path, the query or the body', () => {
    expect(parametersOf(kinds, '/owners/{owner}/things', 'get')).toEqual(['owner', 'tags', 'limit', 'after', 'fields', 'IfNoneMatch']);
    expect(at(kinds, 'paths', '/owners/{owner}/things', 'get', 'parameters')).toMatchObject([
      { in: 'path', required: true, description: 'Whose things.', schema: { type: 'string' } },
      { in: 'query', style: 'form', explode: true, schema: { type: 'array' } },
      { in: 'query', schema: { type: 'integer', format: 'int32', default: 20, minimum: 1, maximum: 100 } },
      { in: 'query' },
      { in: 'query', explode: false, schema: { items: { enum: ['id', 'pets'] } } },
      {},
    ]);
    expect(at(kinds, 'paths', '/owners/{owner}/things', 'get')).not.toHaveProperty('requestBody');
    const patch = at(kinds, 'paths', '/things/{id}', 'patch', 'requestBody', 'content', 'application/json', 'schema') as JsonObject;
    expect(Object.keys(patch['properties'] as object)).toEqual(['address', 'color']);
    expect(patch).not.toHaveProperty('required');
    expect(at(kinds, 'paths', '/things/{id}', 'patch', 'requestBody')).not.toHaveProperty('required');
    expect(at(kinds, 'paths', '/things', 'post', 'requestBody')).toEqual({
      required: true,
      content: { 'application/json': { schema: ref('EverythingInput') } },
    });
    expect(at(kinds, 'paths', '/reset', 'post')).not.toHaveProperty('requestBody');
  });

  it('has the first example of a schema as the example of a parameter or a body', () => {
    const id = z.int32().meta({ id: 'ItemId', examples: [7, 8] });
    const named = z.string().meta({ examples: ['a'] });
    const document = openApi(
      defineContract({
        name: 'examples',
        operations: {
          getItem: query({
            input: z.object({
              id,
              also: z
                .array(z.string())
                .optional()
                .meta({ examples: [['x', 'y']] }),
            }),
            http: 'GET /items/{id}',
          }),
          setItem: mutation({ input: z.object({ id, name: named, note: z.string().optional() }), http: 'PUT /items/{id}' }),
          addItem: mutation({ input: z.object({ name: named, size: z.int32() }), http: 'POST /items' }),
          putAll: mutation({ input: z.object({ size: z.int32() }).meta({ examples: [{ size: 3 }] }), http: 'PUT /items' }),
        },
      }),
    );
    const body = (path: string, method: string) => at(document, 'paths', path, method, 'requestBody', 'content', 'application/json');
    expect(at(document, 'paths', '/items/{id}', 'get', 'parameters')).toMatchObject([{ example: 7 }, { example: ['x', 'y'] }, {}]);
    expect(body('/items/{id}', 'put')).toHaveProperty('example', { name: 'a' });
    // What it needs beside has none, and half of a body is no example.
    expect(body('/items', 'post')).not.toHaveProperty('example');
    expect(body('/items', 'put')).toHaveProperty('example', { size: 3 });
  });

  it('answers as the server does', () => {
    const responses = (path: string, method: string) => at(kinds, 'paths', path, method, 'responses') as JsonObject;
    expect(responses('/things', 'post')).toMatchObject({
      201: {
        headers: { Location: {} },
        content: { 'application/json': { schema: { anyOf: [ref('Everything'), ref('EverythingFields')] } } },
      },
      409: { description: '`ALREADY_EXISTS`', content: { 'application/problem+json': { schema: ref('ProblemDetails') } } },
      default: { $ref: '#/components/responses/Problem' },
    });
    expect(at(responses('/write', 'post'), '201', 'headers')).not.toHaveProperty('Location');
    expect(Object.keys(responses('/things/{id}', 'get'))).toEqual(['200', '304', '400', '403', '404', 'default']);
    expect(Object.keys(responses('/things/{id}', 'delete'))).toEqual(['204', '400', 'default']);
    expect(Object.keys(responses('/reset', 'post'))).toEqual(['204', 'default']);
    expect(at(responses('/owners/{owner}/things', 'get'), '200', 'headers')).toHaveProperty('Link');
    expect(at(responses('/things/{id}', 'get'), '200', 'headers')).not.toHaveProperty('Link');
    expect(at(kinds, 'paths', '/things/{id}', 'put')).toMatchObject({ deprecated: true, description: 'Deprecated: use createThing.' });
  });

  it('has events as streams and as webhooks', () => {
    expect(at(kinds, 'paths', '/rooms/{room}/messages', 'get')).toMatchObject({
      operationId: 'onSaid',
      deprecated: true,
      parameters: [{ name: 'room', in: 'path', required: true }, { $ref: '#/components/parameters/LastEventId' }],
      responses: { 200: { content: { 'text/event-stream': {} } } },
    });
    expect(at(kinds, 'webhooks', 'thing.made', 'post', 'requestBody', 'content', 'application/json', 'schema')).toMatchObject({
      properties: { event: { const: 'thing.made' }, data: ref('Everything') },
      required: ['event', 'timestamp', 'data'],
    });
    const without = openApi(everyKind, { events: false });
    expect(without).not.toHaveProperty('webhooks');
    expect(at(without, 'paths')).not.toHaveProperty('/things/made');
  });

  it('describes the chat, which is both written to and listened to at one path', () => {
    const document = openApi(blogContract);
    expect(Object.keys(at(document, 'paths', '/chat') as object).sort()).toEqual(['get', 'post']);
    expect(Object.keys(at(document, 'components', 'schemas') as object)).toContain('User');
  });
});

describe('an answer with some of its fields', () => {
  it('is what the schema says, of an object and of a list', () => {
    const schemaOf = (path: string, method: string, status: string) =>
      at(kinds, 'paths', path, method, 'responses', status, 'content', 'application/json', 'schema');
    expect(schemaOf('/things/{id}', 'get', '200')).toEqual({ anyOf: [ref('Everything'), ref('EverythingFields')] });
    const [whole, part] = (schemaOf('/owners/{owner}/things', 'get', '200') as { anyOf: [JsonObject, JsonObject] }).anyOf;
    expect(whole).toMatchObject({ type: 'array', items: { required: ['id', 'pets'] } });
    expect(part).toMatchObject({ type: 'array', items: { properties: { id: {}, pets: {} } } });
    expect(part['items']).not.toHaveProperty('required');
    const some = at(kinds, 'components', 'schemas', 'EverythingFields') as JsonObject;
    expect(some).not.toHaveProperty('required');
    expect(some['properties']).toEqual(at(kinds, 'components', 'schemas', 'Everything', 'properties'));
  });

  it('is not described if the document is asked for without', () => {
    const document = openApi(everyKind, { fields: false });
    expect(parametersOf(document, '/things/{id}', 'get')).not.toContain('fields');
    expect(at(document, 'components', 'schemas')).not.toHaveProperty('EverythingFields');
  });
});

describe('the components', () => {
  it('are two where defaults make the views differ, and one elsewhere', () => {
    expect(Object.keys(at(openApi(everyKind, { fields: false }), 'components', 'schemas') as object)).toEqual([
      'EverythingInput', 'Cat', 'Dog', 'Address', 'Comment', 'Everything', 'ProblemDetails',
    ]); // prettier-ignore
    expect(at(kinds, 'components', 'schemas', 'EverythingInput', 'required')).not.toContain('limit');
    expect(at(kinds, 'components', 'schemas', 'Everything', 'required')).toContain('limit');
  });

  it('are two where a type contains such a type', () => {
    const Inner = z.object({ n: z.int32().default(1) }).meta({ id: 'Inner' });
    const Outer = z.object({ inner: Inner }).meta({ id: 'Outer' });
    const document = openApi(defineContract({ name: 'one', operations: { send: mutation({ input: Outer, output: Outer }) } }));
    expect(at(document, 'components', 'schemas')).toMatchObject({
      OuterInput: { properties: { inner: ref('InnerInput') } },
      Outer: { properties: { inner: ref('Inner') } },
    });
  });

  it('hide what .meta() says to other protocols, and what z.readonly() says to TypeScript', () => {
    const document = JSON.stringify(kinds);
    expect(document).not.toContain('"grpc"');
    expect(document).not.toContain('$defs');
    expect(document).not.toContain('additionalProperties":false');
    const input = z.object({ list: z.array(z.string()).readonly(), x: z.string().meta({ 'x-shown': 1, grpc: { number: 1 } }) });
    const schema = at(
      openApi(defineContract({ name: 'one', operations: { send: mutation({ input }) } })),
      'paths',
      '/send',
      'post',
      'requestBody',
      'content',
      'application/json',
      'schema',
    );
    expect(schema).toEqual({
      type: 'object',
      properties: { list: { type: 'array', items: { type: 'string' } }, x: { type: 'string', 'x-shown': 1 } },
      required: ['list', 'x'],
    });
  });

  it('have formats of integers and discriminators of unions', () => {
    const everything = at(kinds, 'components', 'schemas', 'Everything', 'properties') as JsonObject;
    expect(everything['id']).toMatchObject({ format: 'int32' });
    expect(everything['count']).toMatchObject({ format: 'int64' });
    expect(everything['pet']).toEqual({
      oneOf: [ref('Cat'), ref('Dog')],
      discriminator: { propertyName: 'kind', mapping: { cat: ref('Cat').$ref, dog: ref('Dog').$ref, wolf: ref('Dog').$ref } },
    });
    expect(everything['shape']).not.toHaveProperty('discriminator');
    expect(everything['json']).toEqual({});
  });

  it('contain types that contain themselves, named or not', () => {
    const Tree = z.object({
      get children() {
        return z.array(Tree);
      },
    });
    const document = openApi(
      defineContract({ name: 'one', events: { grown: event({ channel: 'grown', payload: z.object({ root: Tree }) }) } }),
    );
    expect(at(document, 'components', 'schemas', 'GrownPayloadRoot')).toMatchObject({
      properties: { children: { items: ref('GrownPayloadRoot') } },
    });
    expect(at(kinds, 'components', 'schemas', 'Comment')).toMatchObject({ properties: { replies: { items: ref('Comment') } } });
  });

  it('refuse a name that the document needs itself', () => {
    const output = z.object({ a: z.int() }).meta({ id: 'ProblemDetails' });
    expect(() => openApi(defineContract({ name: 'one', operations: { get: query({ output }) } }))).toThrow(
      "'ProblemDetails', and that name is taken",
    );
    const Thing = z.object({ n: z.int().default(1) }).meta({ id: 'Thing' });
    const ThingInput = z.object({}).meta({ id: 'ThingInput' });
    const operations = { send: mutation({ input: z.object({ a: Thing, b: ThingInput }), output: Thing }) };
    expect(() => openApi(defineContract({ name: 'one', operations }))).toThrow("'Thing' would be described as 'ThingInput'");
  });
});

describe('a form with files', () => {
  it('says that texts of a list are parts of their own, which tools would join by commas otherwise', () => {
    const input = z.object({ tags: z.array(z.string()), photos: z.array(file({ types: ['image/*'] })) });
    const contract = defineContract({ name: 'albums', operations: { add: mutation({ input, output: z.string(), http: 'POST /albums' }) } });
    expect(at(openApi(contract), 'paths', '/albums', 'post', 'requestBody', 'content', 'multipart/form-data', 'encoding')).toEqual({
      tags: { style: 'form', explode: true },
      photos: { contentType: 'image/*' },
    });
  });
});
