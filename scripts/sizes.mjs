// Bundles small programs against the built package as a browser gets them, and compares their size with a budget: `npm run sizes`.
// Needs `npm run build` before. Sizes are gzipped, with a contract of one's own in zod/mini, in KiB.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

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
/** A program, what it may weigh, what it should weigh, and the chunk that its first call loads too, if that is counted. The first is lowered with each gain, so that nothing grows unseen. */
const PROGRAMS = {
  rest: [use('rest', 'rest'), 24.2, 18],
  websocket: [use('webSocket', 'websocket'), 28, 20],
  graphql: [use('graphql', 'graphql'), 30.9, 30],
  connect: [use('connect', 'grpc/connect'), 27.4, 22],
  'connect, first call': [use('connect', 'grpc/connect'), 56.3, 22, 'transport'],
  'mqtt.js itself': ["export { default } from 'mqtt';", undefined],
  mqtt: [use('mqtt', 'mqtt'), undefined, 'mqtt.js + 20'],
};

const sizes = {};
for (const [name, [contents, , , later]] of Object.entries(PROGRAMS)) {
  const { outputFiles, metafile } = await build({
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
    metafile: true,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  // What is loaded at once: later chunks come when they are needed.
  const entry = outputFiles.find(({ path }) => path.endsWith('stdin.js'));
  const loaded = new Set([entry]);
  if (later) {
    const [path] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint?.includes(`/${later}-`)) ?? [];
    loaded.add(outputFiles.find((file) => file.path.endsWith(path)));
  }
  for (const file of loaded)
    for (const [, chunk] of file.text.matchAll(/(?:from|import)"\.\/([^"]+)"/g))
      loaded.add(outputFiles.find(({ path }) => path.endsWith(chunk)));
  sizes[name] = [...loaded].reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0) / 1024;
}
const budgets = {
  ...Object.fromEntries(Object.entries(PROGRAMS).map(([name, [, budget]]) => [name, budget])),
  mqtt: sizes['mqtt.js itself'] + 35.1,
};
let isOver = false;
for (const [name, size] of Object.entries(sizes)) {
  const budget = budgets[name];
  const over = budget !== undefined && size > budget;
  isOver ||= over;
  console.log(
    `${name.padEnd(20)}${size.toFixed(1).padStart(7)} KiB${budget === undefined ? '' : `  of ${budget.toFixed(1)}${over ? '  OVER' : ''}${PROGRAMS[name][2] === undefined ? '' : `  goal ${PROGRAMS[name][2]}`}`}`,
  );
}
if (isOver) process.exitCode = 1;
