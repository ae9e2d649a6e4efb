// Bundles GraphiQL into dist/graphiql, so that a server can show it without a network of its own: part of `npm run build`.
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const app = `
import 'graphiql/style.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
const path = location.pathname; // the page stands at the endpoint's own address, whatever a proxy puts before it
const worker = (name) => new Worker(path + '/' + name + '.js');
globalThis.MonacoEnvironment = {
  getWorker: (_, label) => worker(label === 'graphql' ? 'graphql.worker' : label === 'json' ? 'json.worker' : 'editor.worker'),
};
const wsClient = createClient({ url: location.origin.replace(/^http/, 'ws') + path });
const fetcher = createGraphiQLFetcher({ url: path, wsClient });
const query = new URLSearchParams(location.search).get('example') ?? undefined;
createRoot(document.getElementById('graphiql')).render(createElement(GraphiQL, { fetcher, ...(query && { initialQuery: query }) }));
`;
const common = {
  bundle: true,
  minify: true,
  target: 'es2022',
  outdir: join(root, 'dist/graphiql'),
  logLevel: 'warning',
  legalComments: 'none',
  define: { 'process.env.NODE_ENV': '"production"' },
};
await build({
  ...common,
  stdin: { contents: app, resolveDir: root, loader: 'js', sourcefile: 'app.js' },
  entryNames: 'app',
  format: 'esm',
  loader: { '.ttf': 'dataurl', '.woff2': 'dataurl', '.woff': 'dataurl', '.svg': 'dataurl' },
});
await build({
  ...common,
  entryPoints: {
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
  },
  format: 'iife',
});
