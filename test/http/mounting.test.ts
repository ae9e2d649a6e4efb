import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a program made of a snippet exports. */
interface Mounted {
  /** Asks for a path of the framework's app. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<unknown>;
}

const OVER_HTTP = (port: string, close: string) =>
  `export const ask = (path: string, init?: RequestInit) => fetch(\`http://127.0.0.1:\${${port}}\${path}\`, init);
   export const close = async () => ${close};`;
const CLOSE_NODE = 'new Promise((resolve) => server.close(resolve).closeAllConnections())';
const PORT = '(server.address() as import("node:net").AddressInfo).port';

/** How each snippet of the section 'Mounting' becomes a program: what stands in front of it and behind it, and what its port is. */
const FRAMEWORKS: Readonly<Record<string, (snippet: string) => string>> = {
  'A server of its own': (snippet) =>
    `${snippet.replace('4000', '0').replace('await server.close();', '')} ${OVER_HTTP('new URL(server.url).port', 'server.close()')}`,
  'node:http': (snippet) =>
    `import { createServer } from 'node:http'; import { once } from 'node:events';
     const server = ${snippet.replace('4000', '0')} await once(server, 'listening'); ${OVER_HTTP(PORT, CLOSE_NODE)}`,
  Express: (snippet) =>
    `import express from 'express'; import { once } from 'node:events';
     const app = express(); ${snippet} app.use(express.json()); app.post('/own', (request, response) => void response.json(request.body));
     const server = app.listen(0); await once(server, 'listening'); ${OVER_HTTP(PORT, CLOSE_NODE)}`,
  Fastify: (snippet) =>
    `import { fastify } from 'fastify';
     const app = fastify({ forceCloseConnections: true }); ${snippet} app.post('/own', (request) => request.body);
     await app.listen({ port: 0, host: '127.0.0.1' }); const { server } = app; ${OVER_HTTP(PORT, 'app.close()')}`,
  Hono: (snippet) =>
    `import { Hono } from 'hono';
     const app = new Hono(); ${snippet} app.post('/own', async (c) => c.json(await c.req.json()));
     export const ask = async (path: string, init?: RequestInit) => app.request(\`http://localhost\${path}\`, init);
     export const close = async () => {};`,
  'Next.js': (snippet) =>
    `${snippet}
     export const ask = (path: string, init?: RequestInit) => route(new Request(\`http://localhost\${path}\`, init));
     export const close = async () => {};`,
};

let folder: string;
const snippets = new Map<string, string>();
const text = await readFile(join(ROOT, 'docs/protocols/rest.md'), 'utf8');
const section = /^## Mounting\n([^]*?)^## /m.exec(text)?.[1] ?? '';
const api = /```ts\n([^]*?)```/.exec(section)?.[1] ?? '';
for (const [, title = '', snippet = ''] of section.matchAll(/^\*\*([^*]+?)\.?\*\*[^]*?```ts\n([^]*?)```/gm)) snippets.set(title, snippet);

beforeAll(async () => {
  // Within the repository, where the package's name and the frameworks are found.
  folder = await mkdtemp(join(ROOT, 'test/.mounting-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a handler in a server of somebody else', () => {
  test('the page has no snippet that is not tried here', () => {
    expect([...snippets.keys()]).toEqual(Object.keys(FRAMEWORKS));
    expect(api).toContain("basePath: '/api'");
  });
});

describe.each(Object.entries(FRAMEWORKS))('%s, as the page has it', (name, program) => {
  let app: Mounted;

  beforeAll(async () => {
    const file = join(folder, `${name.replaceAll(/\W/g, '-')}.ts`);
    const service = `import { createBlogService } from 'multi-api-sdk/blog'; const service = createBlogService();`;
    await writeFile(file, `${service}\n${api}\n${program(snippets.get(name) ?? '')}\n`);
    app = (await import(file)) as Mounted;
  });
  afterAll(() => app.close());

  test('reads, writes and refuses', async () => {
    const user = await app.ask('/api/users/123');
    expect([user.status, await user.json()]).toEqual([200, expect.objectContaining({ username: 'john_doe' })]);
    const post = await app.ask('/api/posts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"authorId":123,"title":"A","content":"é"}',
    });
    expect([post.status, post.headers.get('location'), await post.json()]).toEqual([
      201,
      '/api/posts/5',
      expect.objectContaining({ content: 'é' }),
    ]);
    const nowhere = await app.ask('/api/nowhere');
    expect([nowhere.status, nowhere.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    expect((await app.ask('/api/users', { method: 'OPTIONS' })).headers.get('allow')).toContain('POST');
  });

  test('streams events, and hears that the reader has left', async () => {
    const stream = await app.ask('/api/chat');
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    const said = app.ask('/api/chat', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"sender":"a","message":"hello"}',
    });
    let seen = '';
    while (!seen.includes('hello')) seen += (await reader?.read())?.value ?? 'hello, but the stream has ended';
    expect(seen).toContain('event: chat.message');
    expect((await said).status).toBe(201);
    await reader?.cancel();
  });

  test.runIf(['Express', 'Fastify', 'Hono'].includes(name))("leaves the app's own routes alone", async () => {
    const own = await app.ask('/own', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' });
    expect(await own.json()).toEqual({ a: 1 });
    const nowhere = await app.ask('/nowhere');
    expect([nowhere.status, nowhere.headers.get('content-type')]).not.toContain('application/problem+json');
  });
});
