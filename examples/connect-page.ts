// A chat in a browser page, with the typed client in the page: Connect, which is gRPC's family over fetch. No proxy stands between.
// Run it: npx tsx examples/connect-page.ts          one exchange, then it ends
//         npx tsx examples/connect-page.ts --keep   open the page that it prints, in two windows
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { connect } from 'multi-api-sdk/grpc/connect';
import { connectHandler } from 'multi-api-sdk/grpc/connect/server';
import { composeHandlers, listen, type HttpHandler } from 'multi-api-sdk/http';

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Chat</title>
<link rel="icon" href="data:,">
<ul id="lines"></ul>
<form id="say"><input id="sender" placeholder="your name" required> <input id="message" placeholder="Hello, everyone!" required> <button>Say</button></form>
<p id="state">connecting</p>
<script type="module" src="page.js"></script>
`;

const SCRIPT = `
import { createClient, isApiError } from 'multi-api-sdk';
import { connect } from 'multi-api-sdk/grpc/connect';

const blog = createClient({ transport: connect({ url: location.origin }) });

// A stream of events: one request that stays open, and begins again after a break.
await blog.onMessage(({ sender, message }) => {
  lines.append(Object.assign(document.createElement('li'), { textContent: sender + ': ' + message }));
});
state.textContent = 'live';

say.onsubmit = async (event) => {
  event.preventDefault();
  try {
    // A call: a POST with JSON in it, which the network tab shows.
    await blog.sendMessage({ sender: sender.value, message: message.value });
    message.value = '';
  } catch (error) {
    state.textContent = isApiError(error) ? error.message : String(error);
  }
};
`;

const bundle = await build({
  stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('./', import.meta.url)) },
  bundle: true,
  format: 'esm',
  platform: 'browser',
  write: false,
  logLevel: 'error',
  // Only in this repository, whose sources are bundled: with the installed package, bundlers choose what is for browsers.
  alias: { '#fetch': fileURLToPath(new URL('../src/http/client/platform-fetch.ts', import.meta.url)) },
});

const page: HttpHandler = ({ path }) => {
  if (path === '/') return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE };
  if (path !== '/page.js') return undefined;
  return { status: 200, headers: { 'content-type': 'text/javascript; charset=utf-8' }, body: bundle.outputFiles[0]?.text ?? '' };
};

const service = createBlogService();
const server = await listen(composeHandlers(page, connectHandler(service)));
console.log(`the page: ${server.url}/`);

if (!process.argv.includes('--keep')) {
  // What the page does, from here: the same client, the same url.
  const blog = createClient({ transport: connect({ url: server.url }) });
  let hear = () => {};
  const heard = new Promise<void>((resolve) => (hear = resolve));
  await blog.onMessage(({ sender, message }) => {
    console.log(`${sender}: ${message}`);
    hear();
  });
  await blog.sendMessage({ sender: 'user123', message: 'Hello, everyone!' });
  await heard;
  await blog.close();
  await server.close();
  await service.close();
}
