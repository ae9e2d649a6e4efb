import { graphqlSync, getIntrospectionQuery, buildSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { blogContract } from '../../src/blog/contract.ts';
import { createBlogService } from '../../src/blog/service.ts';
import { graphqlHandler, graphqlSchema } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { importing } from '../support/imported.ts';

const made = importing();

/** Connections, unions, an interface, circles, scalars of its own, and fields that want arguments. */
const SDL = `
"A date."
scalar Date
scalar Blob
interface Node { id: ID! }
enum State { OPEN CLOSED }
type User implements Node { id: ID!, login: String!, born: Date, boss: User, issues(first: Int!): IssueConnection! }
type Issue implements Node { id: ID!, title: String!, state: State!, author: User, blob: Blob, nodes: [Node!]! }
type Bot { name: String!, id: Int }
union Actor = User | Bot
type IssueEdge { node: Issue, cursor: String! }
type IssueConnection { edges: [IssueEdge!]!, total: Int! }
input IssueInput { title: String!, state: State = OPEN, labels: [String!] }
type Query { issues(state: State = OPEN, first: Int): IssueConnection!, actor(login: String!): Actor, findUser(id: ID!): User, version: String! }
type Mutation { createIssue(input: IssueInput!): Issue!, close(id: ID!, why: String): Boolean }
type Subscription { issueCreated: Issue!, progress(id: ID!): Int! }
`;

describe('GraphQL schemas', () => {
  test('the Blog that this library prints, served by the same service', async () => {
    const imported = await made.from(graphqlSchema(blogContract));
    expect([...imported.operations].sort()).toEqual(Object.keys(blogContract.operations).sort());
    expect([...imported.events].sort()).toEqual(Object.keys(blogContract.events).sort());
    const { connect } = await made.load(imported);
    const service = createBlogService();
    const handler = graphqlHandler(service);
    const served = await listen(handler, { port: 0 });
    const client = connect({ url: `${served.url}/graphql` });
    try {
      expect(await client['getUser']?.({ id: 123 })).toMatchObject({ username: 'john_doe' });
      expect(await client['getUserPosts']?.({ userId: 123, limit: 1 })).toHaveLength(1);
      expect(await client['createUser']?.({ username: 'eva', email: 'eva@example.com' })).toMatchObject({ username: 'eva' });
      await expect(client['getUser']?.({ id: 4711 })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    } finally {
      await client.close();
      await served.close();
      await service.close();
    }
  });

  test('a schema of somebody else, in SDL and by introspection', async () => {
    const imported = await made.from(SDL);
    expect(imported.operations).toEqual(['getIssues', 'getActor', 'findUser', 'getVersion', 'createIssue', 'closeType', 'progress'].map((name) => (name === 'closeType' ? 'callClose' : name))); // prettier-ignore
    expect(imported.events).toEqual(['issueCreated']);
    expect(imported.code).toContain("callClose: 'mutation ($id: ID!, $why: String) { close(id: $id, why: $why) }'");
    expect(imported.code).toContain('z.discriminatedUnion(');
    expect(imported.findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['the scalar Blob', 'a field with an argument that it needs']),
    );
    await made.load(imported);
    const introspected = graphqlSync({ schema: buildSchema(SDL), source: getIntrospectionQuery() });
    expect((await made.from(introspected)).operations).toEqual(imported.operations);
    const some = await made.from(SDL, { only: ['version', 'mutation createIssue'] });
    expect(some.operations).toEqual(['getVersion', 'createIssue']);
    expect(some.code).not.toContain('Bot');
    await expect(made.from('type Query { a(i: I!): Int } input I { i: I! }')).rejects.toThrow(
      /is not a GraphQL schema: Cannot reference Input/,
    );
    await expect(made.from(`type Query { a: ${'['.repeat(9000)}Int${']'.repeat(9000)} }`)).rejects.toThrow(
      /schema: it is nested too deeply/,
    );
  });

  test('schemas as products publish them: parts of a federation, AppSync, members that are there twice, introspection of old servers', async () => {
    const federated = await made.from(`
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
      extend type Query @shareable { me(id: ID! @deprecated): User, when: AWSDateTime }
      type User @key(fields: "id") { id: ID!, name: String @shareable, name: Int, product: Product }
      extend type Product @key(fields: "upc") { upc: ID! @external }
      extend enum State { ON OFF ON }
    `);
    expect(federated).toMatchObject({ operations: ['getMe', 'getWhen'] });
    expect(federated.findings).toMatchObject([
      { place: 'User.name', what: 'a member that a type defines twice', instead: 'the first one counts', count: 2 },
      { place: 'AWSDateTime', what: 'the type AWSDateTime, which is not defined', instead: 'any value' },
      { what: 'Required argument Query.me(id:) cannot be deprecated.', instead: 'taken as it is' },
    ]);
    expect(federated.code).toContain('query ($id: ID!) { me(id: $id) { id name product { upc } } }');
    const { data } = graphqlSync({ schema: buildSchema(SDL), source: getIntrospectionQuery() }) as { data: { __schema: object } };
    const old = JSON.stringify({ ...data.__schema, directives: [{ name: 'skip', onField: true }], subscriptionType: undefined });
    expect((await made.from(`{"data":{"__schema":${old}}}`)).operations).toContain('getVersion');
    await expect(made.from('type Query { a: Int b }')).rejects.toThrow(/is not a GraphQL schema: Syntax Error/);
    await made.load(federated);
  });

  test('every module compiles', { timeout: 240_000 }, () => {
    expect(made.diagnostics()).toEqual([]);
  });
});
