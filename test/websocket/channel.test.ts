import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { defineContract, event, mutation } from '../../src/core/define.ts';
import { ApiError } from '../../src/core/errors.ts';
import { listen } from '../../src/http/node/listen.ts';
import { createService } from '../../src/service/service.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { noChromium, openPage } from '../support/chromium.ts';
import { pageScript } from '../support/page-bundle.ts';
import { Peer, onEnd, serve, serveBlog } from './support.ts';

describe('the plain channel', () => {
  it('is a chat: what one says all hear, the sender too, in order', async () => {
    const { url } = await serveBlog();
    const [one, two] = [await Peer.open(`${url}/chat`), await Peer.open(`${url}/chat`)];
    one.send({ sender: 'user123', message: 'Hello, everyone!' });
    for (const peer of [one, two]) expect(await peer.text()).toBe('{"sender":"user123","message":"Hello, everyone!"}');
    for (let n = 0; n < 200; n++) two.send({ sender: 'b', message: String(n) });
    for (const peer of [one, two]) for (let n = 0; n < 200; n++) expect((await peer.next()).message).toBe(String(n));
  });

  it('answers a bad frame and stays open', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/chat`);
    for (const frame of ['{oops', '7', '[]', '{}', '{"sender":"a"}', '{"__proto__":{"sender":"a","message":"b"}}']) {
      expect(await peer.ask(frame), frame).toEqual({
        error: {
          code: 'INVALID_ARGUMENT',
          message: expect.any(String),
          ...(frame.includes('{') && frame !== '{oops' && { details: expect.any(Object), requestId: expect.any(String) }),
        },
      });
    }
    peer.ws.send(Buffer.from('{"sender":"a","message":"b"}'), { binary: true });
    expect(await peer.next()).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
    const readOnly = await Peer.open(`${url}/articles/published`);
    expect(await readOnly.ask({})).toMatchObject({ error: { code: 'UNIMPLEMENTED' } });
    peer.send({ sender: 'a', message: 'fine' });
    expect(await peer.next()).toEqual({ sender: 'a', message: 'fine' });
    peer.send('x'.repeat(2_000_000));
    expect(await peer.next()).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
    peer.send('x'.repeat(9_000_000));
    expect((await peer.closed).code).toBe(1009);
  });

  it('does not drop a peer that it does not read from because the service is slow', async () => {
    const Line = z.object({ text: z.string() });
    const contract = defineContract({
      name: 'slow',
      operations: { say: mutation({ input: Line, output: Line }) },
      events: { said: event({ channel: 'said', payload: Line, writtenBy: 'say' }) },
    });
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { url } = await serve(createService(contract, { say: async (line) => (await gate, line) }), { pingIntervalMs: 10 });
    const peer = await Peer.open(`${url}/said`);
    let pings = 0;
    peer.ws.on('ping', () => pings++);
    for (let n = 0; n < 100; n++) peer.send({ text: String(n) });
    await vi.waitFor(() => expect(pings).toBeGreaterThan(5));
    release();
    for (let n = 0; n < 100; n++) expect(await peer.next()).toEqual({ text: String(n) });
  });

  it('fixes channel parameters by its path, for reading and for writing', async () => {
    const Line = z.object({ room: z.string(), seat: z.int(), text: z.string() });
    const contract = defineContract({
      name: 'rooms',
      operations: { say: mutation({ input: Line, output: Line }) },
      events: { said: event({ channel: 'rooms/{room}/{seat}', payload: Line, writtenBy: 'say' }) },
    });
    const { url } = await serve(createService(contract, { say: (line) => line }));
    const [mine, all] = [await Peer.open(`${url}/rooms/a%20b/7`), await Peer.open(`${url}/rooms/+/+`)];
    mine.send({ text: 'here' });
    all.send({ room: 'z', seat: 1, text: 'there' });
    expect(await mine.next()).toEqual({ room: 'a b', seat: 7, text: 'here' });
    expect([(await all.next()).text, (await all.next()).text]).toEqual(['here', 'there']);
    const client = onEnd(createClient({ contract, transport: webSocket({ url, protocol: 'channel' }) }), (each) => each.close());
    const heard: string[] = [];
    await client.onSaid(({ text }) => void heard.push(text), { params: { room: 'a b' } });
    expect(await client.say({ room: 'a b', seat: 3, text: 'typed' })).toEqual({ room: 'a b', seat: 3, text: 'typed' });
    await vi.waitFor(() => expect(heard).toEqual(['typed']));
  });

  it('is spoken by our client: events, their operation, errors, and nothing else', async () => {
    const { url, service } = await serveBlog();
    const client = onEnd(createClient({ transport: webSocket({ url, protocol: 'channel' }) }), (each) => each.close());
    const heard: unknown[] = [];
    await client.onMessage((line) => void heard.push(line));
    const lines = Array.from({ length: 5 }, (_, n) => ({ sender: 'me', message: String(n) }));
    expect(await Promise.all(lines.map((line) => client.sendMessage(line)))).toEqual(lines);
    expect(heard).toEqual(lines);
    const reading = await client.reportTemperature({ sensorId: 'a', celsius: 20.5 });
    expect(reading).toMatchObject({ sensorId: 'a', celsius: 20.5, measuredAt: expect.any(String) });
    const { call } = webSocket({ url, protocol: 'channel' })(service.contract);
    expect(call).toBeTypeOf('function');
    const other = client as unknown as { getUser(input: object): Promise<unknown> };
    await expect(other.getUser({ id: 123 })).rejects.toMatchObject({ code: 'UNIMPLEMENTED', sent: false });
  });

  it('is left by our client with its last reader, and found again', async () => {
    const { url, handler, service } = await serveBlog();
    const client = onEnd(createClient({ transport: webSocket({ url, protocol: 'channel' }) }), (each) => each.close());
    const heard: string[] = [];
    for (const round of ['one', 'two']) {
      const leave = await Promise.all([1, 2].map(() => client.onMessage(({ message }) => void heard.push(message))));
      await client.sendMessage({ sender: 'a', message: round });
      expect(handler.connections).toBe(1);
      await leave[0]?.();
      await client.sendMessage({ sender: 'a', message: round });
      expect(handler.connections).toBe(1);
      await leave[1]?.();
      await vi.waitFor(() => expect(handler.connections).toBe(0));
      await service.publish('message', { sender: 'a', message: 'nobody hears' });
    }
    expect(heard).toEqual(['one', 'one', 'one', 'two', 'two', 'two']);
  });

  it('tells our client of refusals, of the end, and of a gap where it cannot resume', async () => {
    const contract = defineContract({
      name: 'c',
      operations: { say: mutation({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }) },
      events: { said: event({ channel: 'said', payload: z.object({ text: z.string() }), writtenBy: 'say' }) },
    });
    const service = createService(contract, {
      say: ({ text }) => {
        if (text === 'no') throw new ApiError('PERMISSION_DENIED', 'not here', { details: { because: 'x' } });
        return { text };
      },
    });
    const { url, port, close } = await serve(service);
    const client = onEnd(
      createClient({ contract, transport: webSocket({ url, protocol: 'channel' }), reconnect: { baseDelayMs: 5, maxDelayMs: 20 } }),
      (each) => each.close(),
    );
    await expect(client.say({ text: 'no' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      text: 'not here',
      details: { because: 'x' },
      remote: true,
    });
    const heard: string[] = [];
    await client.onSaid(({ text }) => void heard.push(text), { onGap: () => heard.push('gap') });
    await client.say({ text: 'one' });
    await close();
    await serve(service, {}, port);
    await vi.waitFor(() => expect(heard).toEqual(['one', 'gap']));
    await client.say({ text: 'two' });
    expect(heard).toEqual(['one', 'gap', 'two']);
  });

  const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path));
  const hasPython = python !== undefined && existsSync('/usr/lib/python3/dist-packages/websockets');
  it.skipIf(!hasPython)('is spoken by Python’s websockets (skipped where python3-websockets is not installed)', async () => {
    const { url } = await serveBlog();
    const other = await Peer.open(`${url}/chat`);
    const program = `
import asyncio, json, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1]) as ws:
        await ws.send(json.dumps({"sender": "python", "message": "grüß Gott"}))
        print(await ws.recv())
        await ws.send("{oops")
        print(json.loads(await ws.recv())["error"]["code"])
asyncio.run(main())
`;
    const { stdout } = await promisify(execFile)(python ?? '', ['-c', program, `${url}/chat`]);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => (line.startsWith('{') ? JSON.parse(line) : line)),
    ).toEqual([{ sender: 'python', message: 'grüß Gott' }, 'INVALID_ARGUMENT']);
    expect(await other.next()).toEqual({ sender: 'python', message: 'grüß Gott' });
  });

  it.skipIf(noChromium)(
    `is spoken by a browser’s page, and so is our client there${noChromium ? ` (${noChromium})` : ''}`,
    async () => {
      const page = `<script type="module">
      const open = (url) => new Promise((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.onopen = () => resolve(socket);
        socket.onclose = ({ code }) => reject(code);
      });
      const socket = await open(location.href.replace('http', 'ws') + 'chat');
      const next = () => new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(data)));
      const say = (message) => (socket.send(JSON.stringify({ sender: 'page', message })), next());
      const heard = await say('Hello from a page');
      await say('heard ' + heard);
      await say('another origin: ' + (await open(location.href.replace('http', 'ws').replace('127.0.0.1', 'localhost') + 'ws').then(() => 'open', (code) => code)));
      const { createClient, webSocket } = await import('/client.js');
      const blog = createClient({ transport: webSocket({ url: location.href, headers: { authorization: 'Bearer page' } }) });
      await say((await blog.getUser({ id: 123 })).username);
    </script>`;
      const script = await pageScript(
        "export { createClient } from './src/index.js'; export { webSocket } from './src/websocket/client.js';",
      );
      const seen = new Set<string | undefined>();
      const service = onEnd(createBlogService({ context: ({ headers }) => void seen.add(headers['authorization']) }), (each) =>
        each.close(),
      );
      const server = await listen(({ path }) => {
        if (path === '/') return { status: 200, headers: { 'content-type': 'text/html' }, body: page };
        return path === '/client.js' ? { status: 200, headers: { 'content-type': 'text/javascript' }, body: script } : undefined;
      });
      const handler = webSocketHandler(service);
      handler.attach(server.server);
      onEnd(server, async () => void (await Promise.all([handler.close(100), server.close(100)])));
      const other = await Peer.open(`${server.url.replace('http', 'ws')}/chat`);
      onEnd(await openPage(`${server.url}/`), (each) => each.close());
      const lines = [await other.next(), await other.next(), await other.next(), await other.next()].map(({ message }) => message);
      expect(lines).toEqual([
        'Hello from a page',
        'heard {"sender":"page","message":"Hello from a page"}',
        'another origin: 1006',
        'john_doe',
      ]);
      expect(seen).toContain('Bearer page');
    },
    60_000,
  );

  const wscat = fileURLToPath(new URL('../../node_modules/wscat/bin/wscat', import.meta.url));
  it.skipIf(!existsSync(wscat))('is spoken by wscat (skipped where it is not installed)', async () => {
    const { url } = await serveBlog();
    const { stdout } = await promisify(execFile)(process.execPath, [
      wscat,
      '-c',
      `${url}/chat`,
      '-x',
      '{"sender":"wscat","message":"hi"}',
      '-w',
      '1',
    ]);
    expect(stdout).toContain('{"sender":"wscat","message":"hi"}');
  });
});
