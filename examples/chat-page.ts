// A chat in a browser page, without a line of this library in the page: the plain channel is a WebSocket with JSON in it.
// Run it: npx tsx examples/chat-page.ts          one exchange, then it ends
//         npx tsx examples/chat-page.ts --keep   open the page that it prints, in two windows
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen, type HttpHandler } from 'multi-api-sdk/http';
import { webSocket } from 'multi-api-sdk/websocket';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';

const PAGE = `<!doctype html>
<title>Chat</title>
<link rel="icon" href="data:,">
<ul id="lines"></ul>
<form id="say"><input id="sender" placeholder="your name" required> <input id="message" placeholder="Hello, everyone!" required> <button>Say</button></form>
<script>
  const socket = new WebSocket(location.href.replace('http', 'ws').replace(/[^/]*$/, 'chat'));
  socket.onmessage = ({ data }) => {
    const { sender, message, error } = JSON.parse(data);
    lines.append(Object.assign(document.createElement('li'), { textContent: error ? error.message : sender + ': ' + message }));
  };
  say.onsubmit = (event) => {
    event.preventDefault();
    socket.send(JSON.stringify({ sender: sender.value, message: message.value }));
    message.value = '';
  };
</script>
`;

const page: HttpHandler = ({ path }) =>
  path === '/' ? { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: PAGE } : undefined;

const service = createBlogService();
const server = await listen(page);
const handler = webSocketHandler(service);
handler.attach(server.server);
console.log(`the page: ${server.url}/`);

if (!process.argv.includes('--keep')) {
  console.log(`it has ${(await (await fetch(server.url)).text()).split('\n').length - 1} lines`);
  // A client of this library speaks the plain channel too, with anyone's server.
  const chat = createClient({ transport: webSocket({ url: server.url, protocol: 'channel' }) });
  console.log(await chat.sendMessage({ sender: 'user123', message: 'Hello, everyone!' }));
  await chat.close();
  await handler.close();
  await server.close();
  await service.close();
}
