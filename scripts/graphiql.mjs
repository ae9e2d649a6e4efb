// Bundles GraphiQL into dist/graphiql, so that a server can show it without a network of its own: part of `npm run build`.
// The files are stored compressed, because they weigh five times as much otherwise, in every install. It is GraphiQL 4, the last on CodeMirror:
// the editor of GraphiQL 5 (Monaco) with its workers is 6.6 MiB more.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist/graphiql');
const app = `
import 'graphiql/style.css';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
const path = location.pathname; // the page stands at the endpoint's own address, whatever a proxy puts before it
const wsClient = createClient({ url: location.origin.replace(/^http/, 'ws') + path });
const fetcher = createGraphiQLFetcher({ url: path, wsClient });
const query = new URLSearchParams(location.search).get('example') ?? undefined;
createRoot(document.getElementById('graphiql')).render(createElement(GraphiQL, { fetcher, ...(query && { query }) }));
`;
/** Parts of packages that the page hardly uses, written anew: they were an eighth of it. */
const INSTEAD = {
  // Tabs that are dragged to another place. These stay where they are.
  'framer-motion': `
    import { createElement, forwardRef } from 'react';
    const plain = (tag) => forwardRef(({ axis, values, value, onReorder, ...props }, ref) => createElement(tag, { ...props, ref }));
    export const Reorder = { Group: plain('ul'), Item: plain('li') };`,
  // The names of characters in descriptions, which the browser knows.
  entities: `
    export const decodeHTML = (text) => new DOMParser().parseFromString(text, 'text/html').documentElement.textContent;
    export { decodeHTML as decodeHTMLStrict };`,
  // Lists of which only the visible part is drawn, by an option that GraphiQL does not set.
  '@tanstack/react-virtual': 'export const useVirtualizer = undefined;',
};
const { outputFiles, metafile } = await build({
  stdin: { contents: app, resolveDir: root, loader: 'js', sourcefile: 'app.js' },
  entryNames: 'app',
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: 'esm',
  target: 'es2022',
  outdir: folder,
  logLevel: 'warning',
  legalComments: 'none',
  // An eighth of React's size, with the same interface.
  alias: {
    react: 'preact/compat',
    'react-dom': 'preact/compat',
    'react-dom/client': 'preact/compat/client',
    'react/jsx-runtime': 'preact/jsx-runtime',
  },
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [
    {
      name: 'instead',
      setup(build) {
        build.onResolve({ filter: /^[\w@]/ }, ({ path }) => (Object.hasOwn(INSTEAD, path) ? { path, namespace: 'instead' } : undefined));
        build.onLoad({ filter: /.*/, namespace: 'instead' }, ({ path }) => ({ contents: INSTEAD[path], resolveDir: root }));
      },
    },
    {
      name: 'fonts-of-the-system',
      // Its two fonts are a third of all. Its style names those of the system behind them.
      setup: (build) =>
        build.onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async (file) => ({
          contents: (await readFile(file.path, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
          loader: 'css',
        })),
    },
  ],
});
await mkdir(folder, { recursive: true });
for (const { path, contents } of outputFiles) await writeFile(join(folder, `${basename(path)}.br`), brotliCompressSync(contents));
// Whose code it is, for scripts/licences.mjs.
const packages = Object.keys(metafile.inputs).flatMap((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []);
await writeFile(join(folder, 'packages.json'), JSON.stringify([...new Set(packages)].sort()));
