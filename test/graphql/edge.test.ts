import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createBlogService } from '../../src/blog/index.ts';
import { graphqlHandler } from '../../src/graphql/server.ts';
import { listen } from '../../src/http/node/listen.ts';
import { ROOT } from '../support/source-graph.ts';

/** Serves a query, then attaches sockets; prints the answer's status, and the files of `ws` that were loaded before and after. */
const PROGRAM = `
  import { createServer } from 'node:http';
  import { createRequire } from 'node:module';
  import { createBlogService } from './src/blog/index.js';
  import { graphqlHandler } from './src/graphql/server.js';
  import { fetchHandler } from './src/http/index.js';
  const loaded = () => Object.keys(createRequire(import.meta.url).cache).filter((file) => /node_modules.ws.lib/.test(file)).length;
  const handler = graphqlHandler(createBlogService());
  const answer = await fetchHandler(handler)(new Request('http://localhost/graphql?query={__typename}'));
  const before = loaded();
  handler.attach(createServer())();
  await handler.close();
  console.log(JSON.stringify({ status: answer.status, before, after: loaded() > 0 }));
`;

describe('the handler where there are no sockets', () => {
  it('loads what sockets need when they are attached, and not before', async () => {
    const args = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(JSON.parse(stdout)).toEqual({ status: 200, before: 0, after: true });
  }, 30_000);
});

describe('attaching sockets', () => {
  const until = (socket: WebSocket, name: 'open' | 'close') => new Promise<unknown>((resolve) => socket.once(name, resolve));
  const ignore = () => {};

  it('takes an upgrade that comes at once, and ends it with the others', async () => {
    const handler = graphqlHandler(createBlogService());
    const server = await listen(handler);
    handler.attach(server.server);
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    await until(socket, 'open');
    const closed = until(socket, 'close');
    await handler.close();
    expect(await closed).toBe(1001);
    await server.close();
  });

  it('takes none once it was detached, even while it loads', async () => {
    const handler = graphqlHandler(createBlogService());
    const server = await listen(handler);
    handler.attach(server.server)();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws').on('error', ignore);
    expect(await until(socket, 'close')).toBe(1006);
    await server.close();
  });
});
