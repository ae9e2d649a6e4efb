/** Peers of well-known protocols over WebSockets, each by its documentation. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, event, mutation, query } from '../../src/index.ts';
import { webSocket, type ChannelOptions, type WebSocketOptions } from '../../src/websocket/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';
import { reconnect, say, serveFeed, type Frame } from './feed-server.ts';
import { onEnd } from './support.ts';

const contract = defineContract({
  name: 'peer',
  operations: {
    add: query({ input: z.object({ a: z.int(), b: z.int() }), output: z.int() }),
    navigate: mutation({ input: z.object({ url: z.string() }), output: z.object({ frameId: z.string() }) }),
  },
  events: { said: event({ channel: 'said/{room}', payload: z.object({ room: z.string(), text: z.string() }) }) },
});

function rpc(options: WebSocketOptions) {
  return onEnd(createClient({ contract, transport: webSocket(options), reconnect, timeoutMs: 5000 }), (each) => each.close());
}

function channel(options: Omit<ChannelOptions, 'protocol'>) {
  return onEnd(createClient({ contract, transport: webSocket({ protocol: 'channel', ...options }), reconnect, timeoutMs: 5000 }), (each) => each.close()); // prettier-ignore
}

describe('Chrome DevTools', () => {
  // https://chromedevtools.github.io/devtools-protocol/
  it('has JSON-RPC without its version, and names with dots', async () => {
    const { url, said } = await serveFeed(({ id, method, params }: Frame, peer) => {
      if (method !== 'Page.navigate') return say(peer, { id, error: { code: -32601, message: `'${method}' wasn't found` } });
      say(peer, { method: 'Page.frameNavigated', params: { text: params.url } }, { id, result: { frameId: 'F1', loaderId: 'L' } });
    });
    const client = rpc({
      url,
      operations: { navigate: { method: 'Page.navigate' }, add: { method: 'Nope.nope' } },
      events: { said: { notification: 'Page.frameNavigated' } },
    });
    const heard: string[] = [];
    await client.onSaid(({ room, text }) => void heard.push(`${room} ${text}`), { params: { room: 'tab' } });
    expect(await client.navigate({ url: 'about:blank' })).toEqual({ frameId: 'F1' });
    await until(() => heard.length === 1, 'the event came');
    expect(heard).toEqual(['tab about:blank']);
    expect(await failure(client.add({ a: 1, b: 2 }))).toMatchObject({ code: 'UNIMPLEMENTED' });
    expect(said[0]).toMatchObject({ method: 'Page.navigate', params: { url: 'about:blank' } });
  });
});

describe('SignalR', () => {
  // https://github.com/dotnet/aspnetcore/blob/main/src/SignalR/docs/specs/HubProtocol.md
  it('ends each message with a separator, and may send several in one frame', async () => {
    const END = '\u001e';
    const { url, said } = await serveFeed((frame: Frame, peer) => {
      for (const text of String(typeof frame === 'string' ? frame : JSON.stringify(frame))
        .split(END)
        .filter((each) => each !== '')) {
        const { protocol, type, invocationId, target, arguments: args } = JSON.parse(text);
        if (protocol) peer.send(`{}${END}`);
        if (type === 1 && target === 'Add')
          peer.send([{ type: 1, target: 'Said', arguments: ['lobby', 'hi'] }, { type: 6 }, { type: 3, invocationId, result: args[0] + args[1] }].map((each) => JSON.stringify(each) + END).join('')); // prettier-ignore
        if (type === 1 && target === 'Nope') peer.send(JSON.stringify({ type: 3, invocationId, error: 'Unknown hub method' }) + END);
      }
    });
    const messages = (frame: unknown): Frame[] => (typeof frame === 'string' ? frame.split(END).filter((text) => text !== '').map((text) => JSON.parse(text)) : [frame as Frame]); // prettier-ignore
    const client = rpc({
      url,
      session: {
        hello: () => `{"protocol":"json","version":1}${END}`,
        isReady: (frame) => messages(frame).some((each) => Object.keys(each as object).length === 0),
      },
      frames: {
        write: ({ id, method, params }) => JSON.stringify({ type: 1, invocationId: String(id), target: method, arguments: params }) + END,
        read: (frame) =>
          messages(frame).flatMap(({ type, target, invocationId, arguments: args, result, error }: Frame): object[] =>
            type === 1
              ? [{ jsonrpc: '2.0', method: target, params: args }]
              : type === 3
                ? [
                    {
                      jsonrpc: '2.0',
                      id: Number(invocationId),
                      ...(error === undefined ? { result } : { error: { code: 0, message: error } }),
                    },
                  ]
                : [],
          ),
      },
      operations: { add: { method: 'Add', params: ['a', 'b'] }, navigate: { method: 'Nope', params: ['url'] } },
      events: { said: { notification: 'Said', read: ([room, text]: Frame) => ({ room, text }) } },
    });
    const heard: string[] = [];
    await client.onSaid(({ room, text }) => void heard.push(`${room} ${text}`));
    expect(await client.add({ a: 1, b: 2 })).toBe(3);
    expect(heard).toEqual(['lobby hi']);
    expect(await failure(client.navigate({ url: 'x' }))).toMatchObject({ code: 'UNKNOWN', text: 'Unknown hub method' });
    expect(said.length).toBe(3);
  });
});

describe('Pusher', () => {
  // https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/
  it('has data as text within JSON, and wants its pings answered', async () => {
    const { url, said } = await serveFeed(
      ({ event: name, data }: Frame, peer) => {
        if (name !== 'pusher:subscribe') return;
        say(peer, { event: 'pusher_internal:subscription_succeeded', channel: data.channel, data: '{}' });
        say(peer, { event: 'pusher:ping', data: '{}' }, { event: 'said', channel: data.channel, data: '{"text":"hi"}' });
      },
      (peer) => say(peer, { event: 'pusher:connection_established', data: '{"socket_id":"1.2","activity_timeout":120}' }),
    );
    const client = channel({
      url,
      session: {
        isReady: ({ event: name }: Frame) => name === 'pusher:connection_established',
        answer: ({ event: name }: Frame) => (name === 'pusher:ping' ? { event: 'pusher:pong', data: {} } : undefined),
        closeCodes: { 4001: 'UNAUTHENTICATED' },
      },
      events: {
        said: {
          path: '',
          open: ({ room }) => ({ event: 'pusher:subscribe', data: { channel: room } }),
          close: ({ room }) => ({ event: 'pusher:unsubscribe', data: { channel: room } }),
          read: ({ event: name, channel: from, data }: Frame, { room }) => (name === 'said' && from === room ? (JSON.parse(data as string) as unknown) : undefined),
        },
      },
    }); // prettier-ignore
    const heard: string[] = [];
    const stop = await client.onSaid(({ room, text }) => void heard.push(`${room} ${text}`), { params: { room: 'lobby' } });
    await until(() => heard.length === 1 && said.length === 2, 'it came, and the ping is answered');
    await stop();
    await until(() => said.length === 3, 'it is left');
    expect(heard).toEqual(['lobby hi']);
    expect(said.map(({ event: name }) => name as string)).toEqual(['pusher:subscribe', 'pusher:pong', 'pusher:unsubscribe']);
  });
});

describe('HTX', () => {
  // https://www.htx.com/en-us/opend/newApiPages/?id=510: every frame is compressed, pings too
  it('compresses its frames itself', async () => {
    const { url, said } = await serveFeed(({ sub, pong }: Frame, peer) => {
      const send = (frame: object) => peer.send(gzipSync(JSON.stringify(frame)), { binary: true });
      if (sub) send({ ping: 1 });
      if (pong) send({ ch: 'market.btcusdt.trade.detail', tick: { text: 'x' } });
    });
    const open = (frame: unknown): Frame => (frame instanceof Uint8Array ? JSON.parse(gunzipSync(frame).toString()) : frame);
    const client = channel({
      url,
      session: {
        binary: true,
        answer: (frame) => {
          const { ping } = open(frame);
          return ping ? { pong: ping } : undefined;
        },
      },
      events: {
        said: { path: '', open: ({ room }) => ({ sub: `market.${String(room)}.trade.detail` }), read: (frame) => open(frame).tick },
      },
    });
    const heard: string[] = [];
    await client.onSaid(({ room, text }) => void heard.push(`${room} ${text}`), { params: { room: 'btcusdt' } });
    await until(() => heard.length === 1, 'it came');
    expect([heard, said[1]]).toEqual([['btcusdt x'], { pong: 1 }]);
  });
});
