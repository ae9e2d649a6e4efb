import {
  execute,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
  subscribe,
  validate,
  type DocumentNode,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createServer, type ServerResponse } from 'node:http';
import { createService } from 'multi-api-sdk';
import { blogContract, createBlogService } from 'multi-api-sdk/blog';
import { graphqlHandler } from 'multi-api-sdk/graphql/server';
import { listen } from 'multi-api-sdk/http';
import { WebSocketServer } from 'ws';
import { servePeer } from './peer.ts';

const CREATED = '2024-01-15T09:30:00Z';
const user = { id: 123, username: 'john_doe', email: 'john.doe@example.com', createdAt: CREATED };
const posts = [1, 2, 3, 4, 5].map((id) => ({
  id,
  authorId: 123,
  title: `Post number ${id}`,
  content: 'Lorem ipsum dolor sit amet',
  createdAt: CREATED,
}));

const required = (type: typeof GraphQLString | typeof GraphQLInt) => ({ type: new GraphQLNonNull(type) });
const Post = new GraphQLObjectType({ name: 'Post', fields: { id: required(GraphQLInt), authorId: required(GraphQLInt), title: required(GraphQLString), content: required(GraphQLString), createdAt: required(GraphQLString) } }); // prettier-ignore
const User = new GraphQLObjectType({
  name: 'User',
  fields: { id: required(GraphQLInt), username: required(GraphQLString), email: required(GraphQLString), createdAt: required(GraphQLString), posts: { type: new GraphQLList(new GraphQLNonNull(Post)), resolve: async () => posts } }, // prettier-ignore
});

/** One source for all subscribers, as a hub is. */
const listeners = new Set<(value: unknown) => void>();
async function* messages(): AsyncGenerator<unknown> {
  const queue: unknown[] = [];
  let wake = () => {};
  const listener = (value: unknown) => {
    queue.push(value);
    wake();
  };
  listeners.add(listener);
  try {
    for (;;) {
      while (queue.length > 0) yield { message: queue.shift() };
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    listeners.delete(listener);
  }
}

const ChatMessage = new GraphQLObjectType({
  name: 'ChatMessage',
  fields: { sender: required(GraphQLString), message: required(GraphQLString) },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: { user: { type: User, args: { id: required(GraphQLInt) }, resolve: async () => user } },
  }),
  mutation: new GraphQLObjectType({
    name: 'Mutation',
    fields: { sendMessage: { type: ChatMessage, args: { sender: required(GraphQLString), message: required(GraphQLString) }, resolve: (_, message: unknown) => (listeners.forEach((listen) => listen(message)), message) } }, // prettier-ignore
  }),
  subscription: new GraphQLObjectType({ name: 'Subscription', fields: { message: { type: ChatMessage, subscribe: () => messages() } } }),
});

/** As one would write it by hand: documents are parsed and validated once. */
function byHand() {
  const documents = new Map<string, DocumentNode>();
  const answer = async (text: string, res: ServerResponse): Promise<void> => {
    const { query, variables } = JSON.parse(text) as { query: string; variables?: Record<string, unknown> };
    let document = documents.get(query);
    if (!document) {
      document = parse(query);
      const errors = validate(schema, document);
      if (errors.length > 0) return void res.writeHead(400).end(JSON.stringify({ errors }));
      documents.set(query, document);
    }
    const body = JSON.stringify(await execute({ schema, document, variableValues: variables ?? null }));
    res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) });
    res.end(body);
  };
  return createServer((req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => (text += chunk));
    req.on('end', () => void answer(text, res));
  });
}

const kind = process.argv[2];
if (kind === 'ours' || kind === 'ours-chat') {
  const blog = createBlogService();
  const bench = createService(blogContract, handlers());
  const handler = graphqlHandler(kind === 'ours' ? bench : blog);
  const server = await listen(handler);
  handler.attach(server.server);
  servePeer(server.port);
} else {
  const server = byHand();
  useServer({ schema, execute, subscribe }, new WebSocketServer({ server, path: '/graphql' }));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address && typeof address === 'object') servePeer(address.port);
  });
}

function expectNothing(): never {
  throw new Error('not measured');
}

function handlers() {
  const none = expectNothing;
  return {
    createUser: none, getUser: async () => user, getUserPosts: async () => posts, getPost: none, createPost: none, updatePost: none,
    deletePost: none, sendMessage: none, getWeather: none, reportTemperature: none,
  }; // prettier-ignore
}
