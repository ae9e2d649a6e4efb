import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { onEnd, serveBlog } from './support.ts';

/** Runs a program to its end, and gives what it printed. */
async function run(program: string): Promise<string> {
  const child = onEnd(spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]), (each) => each.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return `${text}${code}`;
}

describe('a program that leaves its client open', () => {
  const begin = (url: string, options = '') => `
    import { createClient } from './src/index.ts';
    import { webSocket } from './src/websocket/client.ts';
    const blog = createClient({ transport: webSocket({ url: ${JSON.stringify(url)} ${options} }) });`;

  it('ends once it has its answers', async () => {
    const { url } = await serveBlog();
    expect(await run(`${begin(url)} console.log((await blog.getUser({ id: 123 })).username);`)).toBe('john_doe\n0');
  });

  it('ends once nobody listens any more, on a plain channel too', async () => {
    const { url } = await serveBlog();
    const listen = `const stop = await blog.onMessage(() => {}); await stop(); console.log('left');`;
    expect(await run(`${begin(url)} ${listen}`)).toBe('left\n0');
    const write = `await blog.sendMessage({ sender: 'a', message: 'b' }); console.log('said');`;
    expect(await run(`${begin(url, ", protocol: 'channel'")} ${write}`)).toBe('said\n0');
  });

  it('goes on while it waits for an answer or an event', async () => {
    const { url, service } = await serveBlog();
    const program = run(`${begin(url)} await blog.onMessage(({ message }) => { console.log(message); process.exit(7); });`);
    let isOver = false;
    void program.then(() => (isOver = true));
    for (let tries = 0; !isOver && tries < 200; tries++) {
      await service.publish('message', { sender: 'a', message: 'heard' });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await program).toBe('heard\n7');
  });
});
