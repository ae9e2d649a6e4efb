// Bundles small programs against the built package as a browser gets them, and compares their size with a budget: `npm run sizes`.
// Needs `npm run build` before. Sizes are gzipped, with a contract of one's own in zod/mini, in KiB. A page loads parts of a client later: each
// program is run against a service, and what has been loaded by the end of its first call and of its first event is told beside what it loads at once.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import WebSocket from 'ws';
import { createClient, createService } from '../dist/core.js';
import { serve } from '../dist/serve/index.js';

const root = join(import.meta.dirname, '..');
const CONTRACT = `
import { createClient, defineContract, event, mutation, query } from './dist/core.js';
import * as z from 'zod/mini';
const Task = z.object({ id: z.int32(), title: z.string() });
const contract = defineContract({
  name: 'tasks',
  operations: { getTask: query({ input: z.object({ id: z.int32() }), output: Task, http: 'GET /tasks/{id}' }), addTask: mutation({ input: z.object({ title: z.string() }), output: Task }) },
  events: { added: event({ channel: 'tasks/added', payload: Task, writtenBy: 'addTask' }) },
});
`;
const use = (name, path) =>
  `${CONTRACT}import { ${name} } from './dist/${path}/client.js';\nexport const client = createClient({ contract, transport: ${name}({ url: location.href }) });`;
/**
 * A program, and for each of what it loads at once, by its first call and by its first event: what that may weigh, and what it should. The first
 * is lowered with each gain, so that nothing grows unseen.
 */
const PROGRAMS = {
  rest: { contents: use('rest', 'rest'), budgets: [17.2, 23.5, 32.1], goal: 18 },
  websocket: { contents: use('webSocket', 'websocket'), budgets: [17.4, 26.1, 31], goal: 20 },
  graphql: { contents: use('graphql', 'graphql'), budgets: [17.2, 32.1, 41.9], goal: 30 },
  connect: { contents: use('connect', 'grpc/connect'), budgets: [16.9, 39.7, 43.4], goal: 22 },
  'mqtt.js itself': { contents: "export { default } from 'mqtt';" },
  // mqtt.js comes with the first call. It runs in a page only, so what the call loads is read from the chunks.
  mqtt: { contents: use('mqtt', 'mqtt'), budgets: [18.5, 31.2], goal: 20, beside: 'mqtt.js itself', transport: /^transport-/ },
};
const MOMENTS = ['at once', 'first call', 'first event'];

const sizes = {};
const service = await startService();
for (const [name, program] of Object.entries(PROGRAMS)) sizes[name] = await measure(program);
await service.close();
let isOver = false;
for (const [name, { budgets, goal, beside }] of Object.entries(PROGRAMS))
  for (const [index, size] of sizes[name].entries()) {
    const other = beside === undefined || index === 0 ? 0 : sizes[beside][0];
    const budget = budgets?.[index];
    const over = budget !== undefined && size - other > budget;
    isOver ||= over;
    const told = [`${`${name}, ${MOMENTS[index]}`.padEnd(24)}${(size - other).toFixed(1).padStart(7)} KiB`];
    if (budget !== undefined) told.push(`of ${budget.toFixed(1)}${over ? '  OVER' : ''}`);
    if (goal !== undefined && index === 0) told.push(`goal ${goal}`);
    if (other > 0) told.push(`beside ${beside}`);
    console.log(told.join('  '));
  }
if (isOver) process.exitCode = 1;

/** What a program weighs at once, with its first call, and with its first event. */
async function measure({ contents, budgets, transport }) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'js' },
    bundle: true,
    // Without this repository's `paths`, which say what the sources are for tests.
    tsconfigRaw: {},
    minify: true,
    splitting: true,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    conditions: ['browser'],
    target: 'es2022',
    write: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const texts = Object.fromEntries(outputFiles.map(({ path, text }) => [path.split('/').at(-1), text]));
  const sum = (names) => [...new Set(names)].reduce((total, name) => total + gzipSync(texts[name], { level: 9 }).length / 1024, 0);
  const found = [sum(loadedWith(texts, 'stdin.js'))];
  if (transport) return [...found, sum(loadedWith(texts, 'stdin.js', ...Object.keys(texts).filter((name) => transport.test(name))))];
  for (const first of [firstCall, firstEvent].slice(0, (budgets?.length ?? 1) - 1)) found.push(sum(await loadedBy(texts, first)));
  return found;
}

/** The names of files and of what they import at once. */
function loadedWith(texts, ...files) {
  const names = new Set(files);
  for (const name of names) for (const [, chunk] of texts[name].matchAll(/(?:from|import)"\.\/([^"]+)"/g)) names.add(chunk);
  return names;
}

/** The names of the files that a program has loaded when it has done something. */
async function loadedBy(texts, first) {
  const loaded = (globalThis.loaded = []);
  const telling = Object.entries(texts).map(([name, text]) => [name, `globalThis.loaded.push('${name}');\n${text}`]);
  const { module, remove } = await load(Object.fromEntries(telling), 'stdin.js');
  await first(module.client);
  const names = [...loaded];
  await module.client.close();
  remove();
  return names;
}

async function firstCall(client) {
  await client.getTask({ id: 1 });
}

async function firstEvent(client) {
  await new Promise((resolve) => void client.onAdded(resolve).then(() => service.add()));
}

/** A service of the programs' contract, with the address and the WebSocket that a page has. */
async function startService() {
  const { module, remove } = await load(
    { 'contract.js': `${CONTRACT}export { contract };`.replaceAll('./dist/', `${pathToFileURL(root)}/dist/`) },
    'contract.js',
  );
  const { contract } = module;
  const tasks = createService(contract, { getTask: ({ id }) => ({ id, title: 'read' }), addTask: ({ title }) => ({ id: 1, title }) });
  const server = await serve(tasks, {
    port: 0,
    grpcPort: 0,
    protocols: ['rest', 'websocket', 'graphql', 'grpc'],
    mqttPath: '/mqtt',
  });
  const client = createClient({ contract, transport: tasks });
  globalThis.location = new URL(server.http);
  globalThis.WebSocket = WebSocket;
  return {
    add: () => client.addTask({ title: 'write' }),
    close: async () => {
      await server.close();
      await tasks.close();
      remove();
    },
  };
}

/** Writes modules into a folder of their own and imports one. */
async function load(files, name) {
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'sizes-'));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return { module: await import(pathToFileURL(join(folder, name)).href), remove: () => rmSync(folder, { recursive: true }) };
}
