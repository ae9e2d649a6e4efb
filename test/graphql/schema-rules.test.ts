import { afterEach, describe, expect, it } from 'vitest';
import { buildSchema, parse, validate } from 'graphql';
import { z } from 'zod';
import { createBlogService } from '../../src/blog/index.ts';
import { defineContract, mutation, query } from '../../src/core/define.ts';
import { graphql } from '../../src/graphql/client.ts';
import { graphqlHandler, graphqlSchema, type GraphqlHandlerOptions } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createClient } from '../../src/index.ts';
import { createService } from '../../src/service/service.ts';
import type { Transport } from '../../src/core/transport.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(transport: Transport, options: GraphqlHandlerOptions = {}, cors?: { readonly origins: readonly string[] }) {
  const server = await listen(graphqlHandler(transport, options), { cors });
  closing.push(
    () => server.close(0),
    () => transport.close(),
  );
  const ask = async (text: string) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: text }) });
    return (await response.json()) as { data?: unknown; errors?: { message: string }[] };
  };
  return { url: server.url, ask };
}

describe('inputs', () => {
  it('that are required and deprecated make a valid schema', async () => {
    const input = z.object({
      title: z.string(),
      old: z.string().meta({ deprecated: true }),
      was: z.string().optional().meta({ deprecated: true }),
      size: z.int32().default(1).meta({ deprecated: true }),
    });
    const contract = defineContract({
      name: 't',
      operations: { add: mutation({ input, output: z.object({ id: z.int32() }) }), find: query({ input, output: z.int32() }) },
    });
    const { ask } = await serve(createService(contract, { add: () => ({ id: 1 }), find: () => 2 }));
    expect(await ask('mutation { add(input: { title: "a", old: "b" }) { id } }')).toEqual({ data: { add: { id: 1 } } });
    expect(await ask('{ find(title: "a", old: "b") }')).toEqual({ data: { find: 2 } });
    const sdl = graphqlSchema(contract);
    expect(sdl).toContain('  old: String!\n');
    expect(sdl).toContain('  was: String @deprecated\n');
    expect(sdl).toContain('  size: Int! = 1 @deprecated\n');
  });
});

describe('nulls', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['null', z.null(), null],
    ['a literal', z.literal(null), null],
    ['a list of them', z.array(z.null()), [null, null]],
    ['a record of them', z.record(z.string(), z.null()), { a: null }],
    ['one that may be absent', z.null().optional(), null],
    ['one that is absent', z.null().optional(), undefined],
    ['within an object', z.object({ a: z.null() }).nullable(), { a: null }],
  ])('pass as they are: %s', async (_title, schema, value) => {
    const shape = z.object({ v: schema, k: z.string() });
    const contract = defineContract({ name: 't', operations: { echo: mutation({ input: shape, output: shape }) } });
    const { url } = await serve(createService(contract, { echo: (given) => given }));
    const client = createClient({ contract, transport: graphql({ url }) });
    closing.push(() => client.close());
    const given = { ...(value !== undefined && { v: value }), k: 'k' } as never;
    expect(await client.echo(given)).toEqual(given);
  });
});

describe('the variants of a union', () => {
  it('can be asked for their tag in one document, whatever its types are', () => {
    const Cat = z.object({ kind: z.literal('cat'), lives: z.int32() }).meta({ id: 'Cat' });
    const Dog = z.object({ kind: z.enum(['dog', 'wolf']), barks: z.boolean() }).meta({ id: 'Dog' });
    const contract = defineContract({
      name: 't',
      operations: { pets: query({ output: z.array(z.discriminatedUnion('kind', [Cat, Dog])) }) },
    });
    const schema = buildSchema(graphqlSchema(contract));
    const document = parse('{ pets { __typename ... on Cat { kind lives } ... on Dog { kind barks } } }');
    expect(validate(schema, document)).toEqual([]);
  });
});

describe('a schema that may not be asked for', () => {
  it('is not shown, and names are not suggested', async () => {
    const { url, ask } = await serve(createBlogService(), { introspection: false });
    expect((await fetch(`${url}/schema.graphql`)).status).toBe(404);
    for (const text of [
      '{ usr(id: 1) { id } }',
      '{ user(id: 1) { usernam } }',
      '{ user(ident: 1) { id } }',
      'mutation { createUser(input: { usernme: "a" }) { id } }',
    ])
      expect(JSON.stringify((await ask(text)).errors)).not.toContain('Did you mean');
    expect(JSON.stringify((await ask('{ __schema { types { name } } }')).errors)).toContain('introspection');
    const open = await serve(createBlogService());
    expect((await fetch(`${open.url}/schema.graphql`)).status).toBe(200);
    expect(JSON.stringify((await open.ask('{ user(id: 1) { usernam } }')).errors)).toContain('Did you mean');
  });

  it('is shown if its path is given', async () => {
    const { url } = await serve(createBlogService(), { introspection: false, schemaPath: '/own.graphql' });
    expect((await fetch(`${url}/own.graphql`)).status).toBe(200);
  });
});

describe('a query by GET from another site', () => {
  const origin = 'https://app.example.com';
  const ask = (url: string, headers: Record<string, string>) =>
    fetch(`${url}/graphql?query=${encodeURIComponent('{ user(id: 123) { username } }')}`, {
      headers: { 'sec-fetch-site': 'cross-site', ...headers },
    });

  it('is answered if `cors` lists its origin, or if the browser had to ask first', async () => {
    const { url } = await serve(createBlogService(), {}, { origins: [origin] });
    expect((await ask(url, { origin })).status).toBe(200);
    expect((await ask(url, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask(url, {})).status).toBe(403);
    for (const name of ['apollo-require-preflight', 'x-apollo-operation-name', 'x-graphql-require-preflight'])
      expect((await ask(url, { [name]: 'true' })).status).toBe(200);
  });
});
