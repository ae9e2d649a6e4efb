/** Sockets of chats and message brokers, called from their documentation. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, event, mutation, query } from '../../src/index.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';
import { reconnect, say, serveFeed as serve, type Frame } from './feed-server.ts';
import { onEnd } from './support.ts';

const common = { onError: () => {} } as const;
const chat = defineContract({
  name: 'chat',
  operations: { send: mutation({ input: z.object({ room: z.string(), text: z.string() }) }), sum: query({ input: z.object({ a: z.int(), b: z.int() }), output: z.int() }) },
  events: { message: event({ channel: 'rooms/{room}', payload: z.object({ room: z.string(), text: z.string() }) }) },
}); // prettier-ignore

describe('Discord', () => {
  it('says hello first, resumes with the last sequence, and names its refusals by close codes', async () => {
    const { url, said } = await serve(
      ({ op, d }, peer) => {
        if (op === 2 && d.token !== 't') return peer.close(4004, 'Authentication failed.');
        if (op === 2) say(peer, { op: 0, t: 'READY', s: 1, d: { session_id: 'x' } }, { op: 0, t: 'MESSAGE_CREATE', s: 2, d: { channel_id: '7', content: 'a' } }, { op: 1 }, { op: 7 });
        if (op === 6) say(peer, { op: 0, t: 'MESSAGE_CREATE', s: 3, d: { channel_id: '7', content: 'missed' } }, { op: 0, t: 'RESUMED', s: 4, d: {} }, { op: 0, t: 'MESSAGE_CREATE', s: 5, d: { channel_id: '7', content: 'b' } });
        if (op === 1) say(peer, { op: 11 });
      },
      (peer) => say(peer, { op: 10, d: { heartbeat_interval: 41_250 } }),
    ); // prettier-ignore
    const connect = (token: string) => {
      let sequence: number | null = null;
      let session: string | undefined;
      const transport = webSocket({
        ...common,
        url: `${url}/?v=10&encoding=json`,
        protocol: 'channel',
        session: {
          answer(frame: Frame) {
            sequence = frame.s ?? sequence;
            session = frame.d?.session_id ?? session;
            if (frame.op === 1) return { op: 1, d: sequence };
            if (frame.op !== 10) return undefined;
            return session === undefined ? { op: 2, d: { token, intents: 512, properties: {} } } : { op: 6, d: { token, session_id: session, seq: sequence } };
          },
          isReady: ({ op, t }: Frame) => op === 0 && (t === 'READY' || session !== undefined),
          isOver: ({ op }: Frame) => op === 7,
          heartbeat: () => ({ op: 1, d: sequence }),
          closeCodes: { 4004: 'UNAUTHENTICATED' },
        },
        events: { message: { path: '', read: ({ t, d }: Frame, { room }) => (t === 'MESSAGE_CREATE' && d.channel_id === room ? { room, text: d.content } : undefined) } },
      }); // prettier-ignore
      return onEnd(createClient({ contract: chat, transport, reconnect, timeoutMs: 5000 }), (each) => each.close());
    };
    const heard: string[] = [];
    await connect('t').onMessage(({ text }) => void heard.push(text), { params: { room: '7' } });
    await until(() => heard.includes('b'));
    expect(heard.filter((text) => text !== 'missed')).toEqual(['a', 'b']);
    expect(said.map(({ op, d }) => [op, d?.seq ?? (op === 1 ? d : 0)])).toEqual([[2, 0], [1, 2], [6, 2]]);
    expect(await failure(connect('bad').onMessage(() => {}, { params: { room: '7' } }))).toMatchObject({ code: 'UNAUTHENTICATED' });
  }); // prettier-ignore
});

describe('Slack in socket mode', () => {
  it('has an address for each connection, envelopes to acknowledge, and asks for another connection', async () => {
    const paths: string[] = [];
    let count = 0;
    const { url, said, connections } = await serve(
      () => {},
      (peer, path) => {
        paths.push(path);
        say(peer, { type: 'hello' }, { type: 'events_api', envelope_id: `e${++count}`, payload: { event: { type: 'message', channel: 'C1', text: `hi ${count}` } } });
        if (count === 1) say(peer, { type: 'disconnect', reason: 'refresh_requested' });
      },
    ); // prettier-ignore
    let tickets = 0;
    const shown: string[] = [];
    const transport = webSocket({
      ...common,
      url: async () => `${url}/link/?ticket=${++tickets}`,
      protocol: 'channel',
      session: {
        isReady: ({ type }: Frame) => type === 'hello',
        answer: ({ envelope_id }: Frame) => envelope_id && { envelope_id },
        isOver: ({ type }: Frame) => type === 'disconnect',
      },
      events: { message: { path: '', read: ({ type, payload }: Frame, { room }) => (type === 'events_api' ? { room, text: payload.event.text } : undefined) } },
      onState: (_, reason) => reason && shown.push(String((reason as Error).message)),
    }); // prettier-ignore
    const client = onEnd(createClient({ contract: chat, transport, reconnect, timeoutMs: 5000 }), (each) => each.close());
    const heard: string[] = [];
    await client.onMessage(({ text }) => void heard.push(text), { params: { room: 'C1' } });
    await until(() => heard.length === 2);
    expect([heard, paths, connections()]).toEqual([['hi 1', 'hi 2'], ['/link/?ticket=1', '/link/?ticket=2'], 2]);
    await until(() => said.length === 2);
    expect(said).toEqual([{ envelope_id: 'e1' }, { envelope_id: 'e2' }]);
    expect(shown.join()).not.toContain('ticket');
  });

  it('is UNAVAILABLE if its address cannot be made, and refuses one that is none', async () => {
    const refused = (url: () => string) =>
      failure(
        onEnd(createClient({ contract: chat, transport: webSocket({ ...common, url, operations: { sum: {} } }) }), (each) =>
          each.close(),
        ).sum({ a: 1, b: 2 }),
      );
    expect(await refused(() => { throw new Error('no ticket'); })).toMatchObject({ code: 'UNAVAILABLE', sent: false }); // prettier-ignore
    expect(await refused(() => 'nonsense')).toMatchObject({ code: 'UNAVAILABLE', sent: false });
  });
});

describe('Phoenix', () => {
  it('has lists as frames, topics that are joined, and replies by reference', async () => {
    const { url, said } = await serve(([join, ref, topic, name, payload], peer) => {
      if (topic === 'phoenix') return say(peer, [null, ref, topic, 'phx_reply', { status: 'ok', response: {} }]);
      if (topic === 'room:closed') return say(peer, [join, ref, topic, 'phx_reply', { status: 'error', response: { reason: 'unauthorized' } }]);
      say(peer, [join, ref, topic, 'phx_reply', { status: 'ok', response: {} }]);
      if (name === 'new_msg') say(peer, [join, null, topic, name, payload], [null, null, 'room:other', name, { body: 'x' }]);
    }); // prettier-ignore
    const joins = new Map<string, string>();
    const topicOf = ({ room }: Frame) => ({ topic: `room:${room}`, payload: {} });
    const client = onEnd(
      createClient({
        contract: chat,
        transport: webSocket({
          ...common,
          url: `${url}/socket/websocket?vsn=2.0.0`,
          session: { heartbeat: () => [[null, 'hb', 'phoenix', 'heartbeat', {}]] },
          pingIntervalMs: 200,
          frames: {
            write({ id, method, params }) {
              const { topic, payload } = params as { readonly topic: string; readonly payload: object };
              if (method === 'phx_join') joins.set(topic, String(id));
              return [joins.get(topic) ?? null, String(id), topic, method, payload];
            },
            read: ([, ref, topic, name, payload]: Frame) =>
              name !== 'phx_reply'
                ? { method: name, params: { topic, payload } }
                : { id: Number(ref), ...(payload.status === 'ok' ? { result: payload.response } : { error: { code: payload.response.reason, message: 'refused' } }) },
          },
          errorCode: ({ code }) => (code === 'unauthorized' ? 'PERMISSION_DENIED' : undefined),
          operations: { send: { method: 'new_msg', input: ({ room, text }: Frame) => ({ topic: `room:${room}`, payload: { body: text } }) } },
          events: {
            message: {
              notification: 'new_msg',
              subscribe: 'phx_join',
              input: topicOf,
              unsubscribe: 'phx_leave',
              unsubscribeInput: topicOf,
              read: ({ topic, payload }: Frame, { room }) => (topic === `room:${String(room)}` ? { room, text: payload.body } : undefined),
            },
          },
        }),
        timeoutMs: 5000,
      }),
      (each) => each.close(),
    ); // prettier-ignore
    const heard: string[] = [];
    const stop = await client.onMessage(({ text }) => void heard.push(text), { params: { room: 'lobby' } });
    await client.send({ room: 'lobby', text: 'hello' });
    await until(() => heard.length === 1 && said.some(([, , topic]) => topic === 'phoenix'));
    await stop();
    await until(() => said.some(([, , , name]) => name === 'phx_leave'));
    expect(heard).toEqual(['hello']);
    expect(said.filter(([, , topic]) => topic !== 'phoenix')).toEqual([
      ['1', '1', 'room:lobby', 'phx_join', {}],
      ['1', '2', 'room:lobby', 'new_msg', { body: 'hello' }],
      ['1', '3', 'room:lobby', 'phx_leave', {}],
    ]);
    expect(await failure(client.onMessage(() => {}, { params: { room: 'closed' } }))).toMatchObject({ code: 'PERMISSION_DENIED', details: { code: 'unauthorized' } });
  }); // prettier-ignore
});

describe('OpenAI realtime', () => {
  const talk = defineContract({
    name: 'talk',
    operations: { say: mutation({ input: z.object({ text: z.string() }) }), respond: mutation({}) },
    events: { delta: event({ channel: 'deltas', payload: z.object({ text: z.string() }) }) },
  });

  it('takes events that have no answer, and says what is wrong by an event', async () => {
    const { url, said } = await serve(
      ({ type }, peer) => {
        if (type === 'conversation.item.create') say(peer, { type: 'conversation.item.added' });
        if (type !== 'response.create') return;
        if (said.length > 2) return say(peer, { type: 'error', error: { type: 'rate_limit', message: 'slow down' } });
        say(peer, { type: 'response.output_text.delta', delta: 'Hel' }, { type: 'response.output_text.delta', delta: 'lo' }, { type: 'response.done' });
      },
      (peer) => say(peer, { type: 'session.created', session: { model: 'm' } }),
      'realtime',
    ); // prettier-ignore
    const client = onEnd(
      createClient({
        contract: talk,
        transport: webSocket({
          ...common,
          url: `${url}/v1/realtime?model=m`,
          subprotocol: ['realtime', 'openai-insecure-api-key.k1'],
          session: { isReady: ({ type }: Frame) => type === 'session.created' },
          frames: { write: ({ method, params }) => ({ type: method, ...(params as object) }), read: (frame: Frame) => ({ method: 'event', params: frame }) },
          operations: {
            say: { method: 'conversation.item.create', notify: true, input: ({ text }: Frame) => ({ item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] } }) },
            respond: { method: 'response.create', notify: true },
          },
          events: {
            delta: {
              notification: 'event',
              read({ type, delta, error }: Frame) {
                if (type === 'error') throw new ApiError('PERMISSION_DENIED', error.message);
                return type === 'response.output_text.delta' ? { text: delta } : undefined;
              },
            },
          },
        }),
        timeoutMs: 5000,
      }),
      (each) => each.close(),
    ); // prettier-ignore
    const heard: string[] = [];
    const ended: unknown[] = [];
    await client.onDelta(({ text }) => void heard.push(text), { onError: (error) => void ended.push(error) });
    await client.say({ text: 'hi' });
    await client.respond();
    await until(() => heard.length === 2);
    expect(said).toEqual([{ type: 'conversation.item.create', item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hi' }] } }, { type: 'response.create' }]);
    await client.respond();
    await until(() => ended.length === 1);
    expect(ended).toMatchObject([{ code: 'PERMISSION_DENIED', text: 'slow down' }]);
  }); // prettier-ignore
});

describe('protocols with frames of text', () => {
  it('such as Socket.IO are read, prefix by prefix', async () => {
    const { url, said } = await serve(
      (frame, peer) => {
        if (frame === 40) say(peer, '40{"sid":"s"}', '42["chat",{"room":"a","text":"hi"}]', '2');
        if (frame === 3) say(peer, '42["chat",{"room":"a","text":"after the ping"}]');
      },
      (peer) => say(peer, '0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'),
    );
    const client = onEnd(
      createClient({
        contract: chat,
        transport: webSocket({
          ...common,
          url: `${url}/socket.io/?EIO=4&transport=websocket`,
          protocol: 'channel',
          session: {
            answer: (frame) => (frame === 2 ? '3' : String(frame).startsWith('0{') ? '40' : undefined),
            isReady: (frame) => String(frame).startsWith('40{'),
          },
          events: { message: { path: '', read: (frame) => (String(frame).startsWith('42[') ? JSON.parse(String(frame).slice(2))[1] : undefined) } },
        }),
      }),
      (each) => each.close(),
    ); // prettier-ignore
    const heard: string[] = [];
    await client.onMessage(({ text }) => void heard.push(text), { params: { room: 'a' } });
    await until(() => heard.length === 2);
    expect([heard, said]).toEqual([
      ['hi', 'after the ping'],
      [40, 3],
    ]);
  });

  it('such as STOMP name their subprotocol', async () => {
    const { url, said } = await serve(
      (frame: string, peer) => {
        if (frame.startsWith('CONNECT\n')) say(peer, 'CONNECTED\nversion:1.2\n\n\0');
        if (frame.startsWith('SUBSCRIBE\n')) say(peer, '\n', 'MESSAGE\nsubscription:0\nmessage-id:1\ndestination:/topic/a\n\n{"room":"a","text":"hi"}\0');
      },
      undefined,
      'v12.stomp',
    ); // prettier-ignore
    const frameOf = (command: string, headers: Record<string, string>) =>
      `${command}\n${Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join('')}\n\0`; // prettier-ignore
    const client = onEnd(
      createClient({
        contract: chat,
        transport: webSocket({
          ...common,
          url,
          protocol: 'channel',
          subprotocol: ['v12.stomp', 'v11.stomp'],
          session: { hello: () => frameOf('CONNECT', { 'accept-version': '1.2', host: 'h' }), isReady: (frame) => String(frame).startsWith('CONNECTED') },
          events: {
            message: {
              path: '',
              open: ({ room }) => frameOf('SUBSCRIBE', { id: '0', destination: `/topic/${String(room)}` }),
              close: () => frameOf('UNSUBSCRIBE', { id: '0' }),
              read: (frame) => (String(frame).startsWith('MESSAGE') ? JSON.parse(String(frame).split('\n\n')[1]?.replace(/\0.*$/s, '') ?? '') : undefined),
            },
          },
        }),
      }),
      (each) => each.close(),
    ); // prettier-ignore
    const heard: string[] = [];
    const stop = await client.onMessage(({ text }) => void heard.push(text), { params: { room: 'a' } });
    await until(() => heard.length === 1);
    await stop();
    await until(() => said.length === 3);
    expect(heard).toEqual(['hi']);
  });

  it('such as WAMP have numbers for kinds, and calls too', async () => {
    const { url, said } = await serve(
      (frame: Frame, peer) => {
        const [kind, id, , name, args] = frame;
        if (kind === 1) say(peer, [2, 9129137332, { roles: { broker: {}, dealer: {} } }]);
        if (kind === 32) say(peer, [33, id, 5512315355], [36, 5512315355, 1, {}, [], { room: 'a', text: 'hi' }]);
        if (kind === 34) say(peer, [35, id]);
        if (kind === 48) say(peer, name === 'com.sum' ? [50, id, {}, [args[0] + args[1]]] : [8, 48, id, {}, 'wamp.error.no_such_procedure']);
      },
      undefined,
      'wamp.2.json',
    ); // prettier-ignore
    const kinds: Record<string, number> = { subscribe: 32, unsubscribe: 34, call: 48 };
    const client = onEnd(
      createClient({
        contract: chat,
        transport: webSocket({
          ...common,
          url,
          subprotocol: 'wamp.2.json',
          session: { hello: () => [[1, 'realm1', { roles: { subscriber: {}, caller: {} } }]], isReady: ([kind]: Frame) => kind === 2 },
          frames: {
            write: ({ id, method, params }) => [kinds[method], id, ...(params as unknown[])],
            read([kind, a, b, c, d, e]: Frame) {
              if (kind === 8) return { id: b, error: { code: d, message: d } };
              if (kind === 36) return { method: 'event', params: { subscription: a, ...e } };
              return { id: a, result: kind === 50 ? c[0] : b };
            },
          },
          errorCode: ({ code }) => (code === 'wamp.error.no_such_procedure' ? 'UNIMPLEMENTED' : undefined),
          operations: { sum: { method: 'call', input: ({ a, b }: Frame) => [{}, 'com.sum', [a, b]] }, send: { method: 'call', input: () => [{}, 'com.none', []] } },
          events: {
            message: {
              notification: 'event',
              subscribe: 'subscribe',
              input: ({ room }) => [{}, `com.rooms.${String(room)}`],
              unsubscribe: 'unsubscribe',
              key: 'subscription',
              read: ({ room, text }: Frame) => ({ room, text }),
            },
          },
        }),
        timeoutMs: 5000,
      }),
      (each) => each.close(),
    ); // prettier-ignore
    expect(await client.sum({ a: 2, b: 3 })).toBe(5);
    expect(await failure(client.send({ room: 'a', text: 'x' }))).toMatchObject({ code: 'UNIMPLEMENTED' });
    const heard: string[] = [];
    const stop = await client.onMessage(({ text }) => void heard.push(text), { params: { room: 'a' } });
    await until(() => heard.length === 1);
    await stop();
    await until(() => said.some(([kind]) => kind === 34));
    expect(said.at(-1)).toEqual([34, 4, 5512315355]);
  });
});
