/** Serves the page and its API: `npx tsx examples/react-tanstack/server.ts`. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createService, memoryHub } from 'multi-api-sdk/core';
import { listen, type HttpHandler } from 'multi-api-sdk/http';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';
import { contract } from './contract.ts';

/** Starts it. `history` is how many events the service holds for those who come back. */
export async function startServer({ port = 0, history = 1000 } = {}) {
  const tasks = ['one', 'two', 'three'].map((title, at) => ({ id: at + 1, title }));
  const service = createService(
    contract,
    {
      listTasks: ({ limit, after = 0 }) => tasks.filter(({ id }) => id > after).slice(0, limit),
      countTasks: () => tasks.length,
      addTask: ({ title }) => {
        const task = { id: tasks.length + 1, title };
        tasks.push(task);
        return task;
      },
    },
    { hub: memoryHub({ history }) },
  );
  const page = await bundle();
  const files: HttpHandler = ({ path }) => {
    if (path === '/') return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: HTML };
    if (path === '/page.js') return { status: 200, headers: { 'content-type': 'text/javascript' }, body: page };
    return undefined;
  };
  const server = await listen(files, { port });
  const sockets = webSocketHandler(service);
  sockets.attach(server.server);
  return {
    url: server.url,
    service,
    server: server.server,
    async close() {
      await sockets.close(0);
      await server.close(0);
      await service.close(0);
    },
  };
}

const HTML =
  '<!doctype html><title>Tasks</title><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/page.js"></script>';

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.tsx', import.meta.url))],
    bundle: true,
    format: 'esm',
    jsx: 'automatic',
    conditions: ['browser'],
    // Only in this repository, whose sources are bundled: with the installed package, bundlers choose what is for browsers.
    alias: { '#sockets': fileURLToPath(new URL('../../src/socket/client/platform-sockets.ts', import.meta.url)) },
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startServer({ port: 3000 });
  console.log(`${url}/`);
}
