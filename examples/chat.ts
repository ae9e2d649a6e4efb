// A chat of two terminals over one WebSocket each.
// Run it: npx tsx examples/chat.ts
// Or take part, in as many terminals as you like: npx multi-api-sdk serve, then npx tsx examples/chat.ts <your name>
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createClient } from 'multi-api-sdk';
import { createBlogService } from 'multi-api-sdk/blog';
import { listen } from 'multi-api-sdk/http';
import { webSocket } from 'multi-api-sdk/websocket';
import { webSocketHandler } from 'multi-api-sdk/websocket/server';

const [name, url = 'ws://127.0.0.1:4000'] = process.argv.slice(2);
if (name === undefined) await demonstrate();
else await join(name, url);

/** One terminal: what is typed is said, what is said by anyone is printed. */
async function join(sender: string, url: string): Promise<void> {
  const onState = (state: string, error?: Error) => error && console.log(`(${state}: ${error.message})`);
  const blog = createClient({ transport: webSocket({ url, onState }) });
  await blog.onMessage(({ sender, message }) => console.log(`${sender}: ${message}`));
  console.log('(joined)');
  for await (const message of createInterface({ input: process.stdin })) {
    if (message !== '') await blog.sendMessage({ sender, message });
  }
  await blog.close();
}

/** Starts a server and two terminals, and types into both. */
async function demonstrate(): Promise<void> {
  const service = createBlogService();
  const server = await listen(() => undefined);
  const handler = webSocketHandler(service);
  handler.attach(server.server);

  const terminals = ['ann', 'bob'].map((who) => {
    const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), who, server.url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const read = async () => console.log(`[${who}'s terminal] ${String((await lines.next()).value)}`);
    return { read, type: (line: string) => child.stdin.write(`${line}\n`), leave: () => child.stdin.end() };
  });
  const everyone = async () => {
    for (const { read } of terminals) await read();
  };
  await everyone();
  for (const [index, line] of ['Hello, everyone!', 'Hello, Ann!'].entries()) {
    terminals[index]?.type(line);
    await everyone();
  }
  for (const { leave } of terminals) leave();

  await handler.close();
  await server.close();
  await service.close();
}
