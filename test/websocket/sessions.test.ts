/** Peers that want more of a connection than calls and events, as their public documentation says. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket as Peer } from 'ws';
import * as z from 'zod/mini';
import { defineContract, event, mutation } from '../../src/core/define.ts';
import { ApiError, createClient } from '../../src/index.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';
import { onEnd } from './support.ts';

type Frame = Readonly<Record<string, unknown>>;

/** A server of somebody else: it hears frames of JSON, or text. */
async function serveForeign(onOpen: (say: (frame: unknown) => void, peer: Peer) => (frame: Frame) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  onEnd(server, (each) => {
    for (const peer of each.clients) peer.terminate();
    each.close();
  });
  const got: unknown[] = [];
  server.on('connection', (peer) => {
    const take = onOpen((frame) => peer.send(typeof frame === 'string' ? frame : JSON.stringify(frame)), peer);
    peer.on('message', (data: Buffer) => {
      const text = data.toString();
      const frame: unknown = text.startsWith('{') ? JSON.parse(text) : text;
      got.push(frame);
      take(frame as Frame);
    });
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, got, peers: server.clients };
}

// https://developers.home-assistant.io/docs/api/websocket
describe('Home Assistant', () => {
  const contract = defineContract({
    name: 'home',
    operations: { turnOn: mutation({ input: z.object({ entity: z.string() }), output: z.object({ id: z.string() }) }) },
    events: { changed: event({ channel: 'states', payload: z.object({ entity_id: z.string(), state: z.string() }) }) },
  });
  const serve = () =>
    serveForeign((say) => {
      say({ type: 'auth_required', ha_version: '2026.1' });
      let isIn = false;
      const state = (id: unknown, entity_id: string) =>
        say({ id, type: 'event', event: { event_type: 'state_changed', data: { entity_id, new_state: { state: 'on' } } } });
      return (frame) => {
        const { id, type } = frame;
        if (!isIn) {
          isIn = type === 'auth' && frame['access_token'] === 'token';
          return say(isIn ? { type: 'auth_ok' } : { type: 'auth_invalid', message: 'Invalid password' });
        }
        if (type === 'subscribe_events') {
          // One that comes before its subscription is answered.
          state(id, 'light.first');
          say({ id, type: 'result', success: true, result: null });
          state(99, 'light.of another subscription');
          state(id, 'light.second');
        } else if (type === 'call_service') {
          const isKnown = (frame['target'] as Frame)['entity_id'] === 'light.desk';
          if (isKnown) say({ id, type: 'result', success: true, result: { context: { id: 'c1' } } });
          else say({ id, type: 'result', success: false, error: { code: 'not_found', message: 'Entity not found' } });
        }
      };
    });
  const adapter = (url: string, token = 'token') =>
    webSocket({
      url,
      session: {
        isReady(frame) {
          const { type, message } = frame as { type: string; message?: string };
          if (type === 'auth_invalid') throw new ApiError('UNAUTHENTICATED', message ?? '');
          return type === 'auth_ok';
        },
        answer: (frame) => ((frame as Frame)['type'] === 'auth_required' ? { type: 'auth', access_token: token } : undefined),
      },
      frames: {
        write: ({ id, method, params }) => ({ id, type: method, ...(params as object) }),
        read(frame) {
          const { id, type, success, result, error } = frame as Frame;
          if (type === 'event') return { method: 'event', params: frame };
          return success ? { id, result: result ?? id } : { id, error };
        },
      },
      operations: {
        turnOn: {
          method: 'call_service',
          input: (given) => ({ domain: 'light', service: 'turn_on', target: { entity_id: (given as { entity: string }).entity } }),
          output: (result) => (result as { context: unknown }).context,
        },
      },
      events: {
        changed: {
          notification: 'event',
          subscribe: 'subscribe_events',
          input: () => ({ event_type: 'state_changed' }),
          key: 'id',
          read(params) {
            const { entity_id, new_state } = (params as { event: { data: { entity_id: string; new_state: { state: string } } } }).event
              .data;
            return { entity_id, state: new_state.state };
          },
        },
      },
    });

  it('is authenticated first, and its commands have ids and types', async () => {
    const { url, got } = await serve();
    const client = onEnd(createClient({ contract, transport: adapter(url) }), (each) => each.close());
    expect(await client.turnOn({ entity: 'light.desk' })).toEqual({ id: 'c1' });
    expect(await failure(client.turnOn({ entity: 'light.none' }))).toMatchObject({
      text: 'Entity not found',
      details: { code: 'not_found' },
    });
    const heard: string[] = [];
    await client.onChanged(({ entity_id, state }) => void heard.push(`${entity_id} ${state}`));
    await until(() => heard.length === 2, 'both states');
    expect(heard).toEqual(['light.first on', 'light.second on']);
    expect(got).toEqual([
      { type: 'auth', access_token: 'token' },
      { id: 1, type: 'call_service', domain: 'light', service: 'turn_on', target: { entity_id: 'light.desk' } },
      { id: 2, type: 'call_service', domain: 'light', service: 'turn_on', target: { entity_id: 'light.none' } },
      { id: 3, type: 'subscribe_events', event_type: 'state_changed' },
    ]);
  });

  it('refuses a wrong token, and shows none to onWire', async () => {
    const { url } = await serve();
    const client = onEnd(createClient({ contract, transport: adapter(url, 'wrong') }), (each) => each.close());
    expect(await failure(client.turnOn({ entity: 'light.desk' }))).toMatchObject({
      code: 'UNAUTHENTICATED',
      text: 'Invalid password',
      sent: false,
    });
  });
});

describe('a feed', () => {
  const contract = defineContract({
    name: 'feed',
    events: { ticked: event({ channel: 'ticks/{symbol}', payload: z.object({ symbol: z.string(), price: z.number() }) }) },
  });
  const mapping = {
    path: '',
    open: ({ symbol }: Frame) => ({ op: 'subscribe', args: [`tickers.${String(symbol)}`] }),
    read: (frame: unknown) => (frame as { data?: unknown }).data,
  };

  // https://bybit-exchange.github.io/docs/v5/ws/connect: a signed hello, then subscriptions, and a ping every 20 s
  it('that begins with a signed frame and wants signs of life is subscribed to when it is ready, after each reconnect too', async () => {
    const { url, got, peers } = await serveForeign((say) => (frame) => {
      if (frame['op'] === 'auth') {
        const [key, at, signature] = frame['args'] as [string, number, string];
        const isRight = signature === createHmac('sha256', 'secret').update(`GET/realtime${at}`).digest('hex') && key === 'key';
        say({ op: 'auth', success: isRight });
        // With the answer, in one packet.
        say({ topic: 'tickers.BTC', data: { symbol: 'BTC', price: 0 } });
      } else if (frame['op'] === 'ping') say({ op: 'pong' });
      else if (frame['op'] === 'subscribe') say({ topic: 'tickers.BTC', data: { symbol: 'BTC', price: 1 } });
    });
    const lines: string[] = [];
    const transport = webSocket({
      url,
      protocol: 'channel',
      pingIntervalMs: 20,
      onWire: ({ direction, body }) => void lines.push(`${direction} ${body ?? ''}`),
      session: {
        async hello() {
          const at = await Promise.resolve(1_700_000_000_000);
          return { op: 'auth', args: ['key', at, createHmac('sha256', 'secret').update(`GET/realtime${at}`).digest('hex')] };
        },
        isReady: (frame) => (frame as Frame)['op'] === 'auth',
        heartbeat: () => ({ op: 'ping' }),
      },
      events: { ticked: mapping },
    });
    const client = onEnd(createClient({ contract, transport, reconnect: { baseDelayMs: 1, maxDelayMs: 2 } }), (each) => each.close());
    const heard: number[] = [];
    await client.onTicked(({ price }) => void heard.push(price), { params: { symbol: 'BTC' } });
    await until(() => heard.length === 2 && got.some((frame) => (frame as Frame)['op'] === 'ping'), 'a tick and a ping');
    for (const peer of peers) peer.terminate();
    await until(() => heard.length === 4, 'it is there again');
    expect(heard).toEqual([0, 1, 0, 1]);
    expect(got.map((frame) => (frame as Frame)['op']).filter((op) => op !== 'ping')).toEqual(['auth', 'subscribe', 'auth', 'subscribe']);
    expect(lines.join()).not.toContain('"key"');
    expect(lines).toContain('out {"op":"subscribe","args":["tickers.BTC"]}');
  });

  // https://huobiapi.github.io/docs/spot/v1/en/#websocket-market-data, and Slack's Socket Mode: https://docs.slack.dev/apis/events-api/using-socket-mode
  it('whose heartbeats and events want to be answered gets answers', async () => {
    const { url, got } = await serveForeign((say) => (frame) => {
      if (frame['op'] !== 'subscribe') return;
      say({ ping: 18_212_558_000 });
      say({ envelope_id: 'e1', data: { symbol: 'BTC', price: 7 } });
      say('no JSON');
    });
    const [errors, lines]: [unknown[], string[]] = [[], []];
    const answer = (frame: unknown) => {
      const { ping, envelope_id } = frame as { ping?: number; envelope_id?: string };
      if (typeof frame === 'string') throw new Error('what is that?');
      return ping !== undefined ? { pong: ping } : envelope_id !== undefined ? [{ envelope_id }, 'seen'] : undefined;
    };
    const transport = webSocket({
      url,
      protocol: 'channel',
      session: { hello: () => ({ token: 'secret' }), answer },
      onWire: ({ body }) => void lines.push(body ?? ''),
      events: { ticked: mapping },
      onError: (error) => errors.push(error),
    });
    const client = onEnd(createClient({ contract, transport }), (each) => each.close());
    const heard: number[] = [];
    await client.onTicked(({ price }) => void heard.push(price), { params: { symbol: 'BTC' } });
    await until(() => got.length === 5 && errors.length > 0, 'answers');
    expect(heard).toEqual([7]);
    expect(got.filter((frame) => (frame as Frame)['op'] !== 'subscribe')).toEqual([
      { token: 'secret' },
      { pong: 18_212_558_000 },
      { envelope_id: 'e1' },
      'seen',
    ]);
    expect(String(errors[0])).toContain('what is that?');
    expect(lines.join()).not.toContain('secret');
  });

  it('that never becomes ready, or ends before, fails those who wait', async () => {
    const silent = await serveForeign(() => () => {});
    const hanging = await serveForeign(() => () => {});
    const ending = await serveForeign((_, peer) => (peer.close(1008, 'no'), () => {}));
    const calls = defineContract({ name: 'calls', operations: { go: mutation({}) } });
    for (const { url } of [silent, ending, hanging]) {
      const transport = webSocket({
        url,
        connectTimeoutMs: 100,
        session: url === hanging.url ? { hello: () => new Promise(() => {}) } : { isReady: () => false },
      });
      const client = onEnd(createClient({ contract: calls, transport }), (each) => each.close());
      const error = await failure(client.go());
      expect(error).toMatchObject({ sent: false });
      expect(['UNAVAILABLE', 'PERMISSION_DENIED']).toContain(error.code);
    }
    await until(() => silent.peers.size === 0, 'no connection is left');
  });

  it('refuses members that there are not', () => {
    const make = (options: object) => () => createClient({ contract, transport: webSocket({ url: 'ws://a', ...options } as never) });
    expect(make({ session: { isRedy: () => true } })).toThrow(/isRedy/);
    expect(make({ frames: { reed: () => true } })).toThrow(/reed/);
  });
});
