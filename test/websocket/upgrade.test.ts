import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket as TcpSocket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient } from '../../src/index.ts';
import { ApiError } from '../../src/core/errors.ts';
import { attachUpgrade } from '../../src/socket/upgrade.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { webSocketHandler } from '../../src/websocket/server.ts';
import { Peer, onEnd, refusal, serve, serveBlog } from './support.ts';

describe('the upgrade', () => {
  it('is refused with a status that says why', async () => {
    const { url, port } = await serveBlog({ origins: ['https://app.example.com'] });
    const status = async (path: string, headers?: Record<string, string>) => (await refusal(url + path, headers)).status;
    expect(await status('/ws')).toBe(101);
    expect(await status('/ws?x=1')).toBe(101);
    expect(await status('/nowhere')).toBe(404);
    expect(await status('/%ff')).toBe(404);
    expect(await status('/ws', { 'sec-websocket-protocol': 'soap' })).toBe(400);
    expect(await status('/ws', { 'sec-websocket-protocol': 'soap, jsonrpc-2.0' })).toBe(101);
    expect(await status('/chat', { 'sec-websocket-protocol': 'jsonrpc-2.0' })).toBe(400);
    expect(await status('/ws', { origin: 'https://evil.example' })).toBe(403);
    expect(await status('/chat', { origin: 'null' })).toBe(403);
    expect(await status('/chat', { origin: 'https://app.example.com' })).toBe(101);
    expect(await status('/ws', { origin: `http://127.0.0.1:${port}` })).toBe(101);
    for (const version of ['7', '8']) expect(await status('/ws', { 'sec-websocket-version': version })).toBe(400);
    expect(() => webSocketHandler(createBlogService(), { origins: ['app.example.com/'] })).toThrow(/is not an origin/);
    expect(() => webSocketHandler(createBlogService(), { basePath: 'api/' })).toThrow(/basePath/);
  });

  it('is refused where the origins’ function fails, which is reported', async () => {
    const errors: unknown[] = [];
    const { url } = await serveBlog({
      origins: (origin) => new URL(origin).host === 'app.example.com',
      onError: (error) => errors.push(error),
    });
    expect((await refusal(`${url}/ws`, { origin: 'https://app.example.com' })).status).toBe(101);
    expect((await refusal(`${url}/ws`, { origin: 'null' })).status).toBe(403);
    expect(errors).toEqual([expect.any(TypeError)]);
  });

  it('is refused for good: a peer that does not close its end keeps no socket', async () => {
    const { url, port, server } = await serveBlog();
    void url;
    const closed = new Promise<void>((resolve) =>
      server.server.once('connection', (socket: TcpSocket) => socket.once('close', () => resolve())),
    );
    const socket = onEnd(connect({ port, host: '127.0.0.1', allowHalfOpen: true }), (each) => each.destroy());
    socket.on('error', () => {});
    socket.resume().write('GET /nowhere HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    await closed;
  });

  it('leaves others’ paths alone: several handlers share a server', async () => {
    const server = createServer();
    const [first, second] = [
      webSocketHandler(createBlogService(), { basePath: '/one' }),
      webSocketHandler(createBlogService(), { basePath: '/two' }),
    ];
    first.attach(server);
    const detach = second.attach(server);
    attachUpgrade(server, (request, socket) => {
      if (request.url !== '/other') return false;
      socket.end('HTTP/1.1 418 I am a teapot\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return true;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onEnd(server, (each) => each.close());
    const status = async (path: string) => (await refusal(url + path)).status;
    expect(await Promise.all(['/one/ws', '/two/chat', '/other', '/ws', '/three/ws'].map(status))).toEqual([101, 101, 418, 404, 404]);
    detach();
    expect(await status('/two/ws')).toBe(404);
    await Promise.all([first.close(), second.close()]);
  });

  it('limits the connections of an address', async () => {
    const { url, handler } = await serveBlog({ maxConnectionsPerAddress: 2 });
    const [first] = [await Peer.open(`${url}/ws`), await Peer.open(`${url}/chat`)];
    expect((await refusal(`${url}/ws`)).status).toBe(429);
    first?.ws.close();
    await vi.waitFor(() => expect(handler.connections).toBe(1));
    await vi.waitFor(async () => expect((await refusal(`${url}/ws`)).status).toBe(101));
  });

  it('of a channel is refused where the service’s context refuses', async () => {
    const service = createBlogService({
      context: ({ headers }) => {
        if (headers['authorization'] !== 'Bearer good') throw new ApiError('UNAUTHENTICATED', 'who are you?');
      },
    });
    const { url } = await serve(service);
    expect(await refusal(`${url}/chat`)).toEqual({ status: 401, text: 'who are you?' });
    expect((await refusal(`${url}/chat`, { authorization: 'Bearer good' })).status).toBe(101);
    const channel = createClient({ transport: webSocket({ url, protocol: 'channel' }) });
    onEnd(channel, (each) => each.close());
    await expect(channel.onMessage(() => {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED', sent: false });
  });
});
