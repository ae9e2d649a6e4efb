/** Frames of a server that were valid and are spoiled, to each client over WebSockets: a call ends, and an event that cannot be read is reported. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket as Far } from 'ws';
import { ApiError, createClient, ERROR_CODES, isApiError } from '../../src/core.ts';
import { graphql } from '../../src/graphql/client.ts';
import { webSocket, type SocketSession } from '../../src/websocket/client.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoilFrame } from '../support/fuzz.ts';
import { fuzzContract } from '../support/fuzz-service.ts';

const RUNS = runs(800);

const FOUND = { id: 1, word: 'w', tags: ['x', 'Ü'], limit: 3 };
const SAID = { room: 'r', n: 1, text: 't' };

/** Answers of JSON-RPC to the id 1. */
const ANSWERS = [
  { id: 1, result: FOUND },
  { id: 1, result: FOUND, headers: { etag: '"a"', 'x-request-id': 'r' } },
  { id: 1, error: { code: -32602, message: 'no', data: { code: 'NOT_FOUND', message: 'no', details: { a: [1] }, requestId: 'r', retryAfterMs: 5 } } },
  { id: 1, error: { code: -32000, message: 'no' } },
].map((each) => JSON.stringify({ jsonrpc: '2.0', ...each })); // prettier-ignore
const NOTIFICATIONS = [
  { method: 'event', params: { subscription: 1, id: 'e-1', time: '2024-01-01T00:00:00Z', data: SAID } },
  { method: 'gap', params: { subscription: 1 } },
  { method: 'other', params: [1, { a: 'b' }] },
  { method: 'event', params: { subscription: 2, id: 'e-1', time: '2024-01-01T00:00:00Z', data: SAID } },
].map((each) => JSON.stringify({ jsonrpc: '2.0', ...each }));
const NEXTS = [
  { id: '1', type: 'next', payload: { data: { said: SAID }, extensions: { id: 'e-1', time: '2024-01-01T00:00:00Z' } } },
  { id: '1', type: 'next', payload: { data: null, errors: [{ message: 'no', path: ['said'], extensions: { code: 'NOT_FOUND' } }] } },
  { type: 'ping', payload: {} },
  { id: '2', type: 'next', payload: { data: { said: SAID } } },
].map((each) => JSON.stringify(each));
const FEED = [{ ch: 'said', d: SAID }, { ch: 'said', d: [SAID, SAID] }, { ch: 'heartbeat' }].map((each) => JSON.stringify(each));
const CLOUD = [
  { data: SAID },
  { id: 'b', data_base64: 'eyJuIjoxfQ==' },
  { time: '2024-01-01T00:00:00Z', datacontenttype: 'application/json', data: [SAID] },
].map((each) => JSON.stringify({ specversion: '1.0', id: 'a', source: '/x', type: 'said', ...each }));
const FOREIGN = [
  { method: 'tick', params: { subscription: '0x1', result: SAID } },
  { method: 'tick', params: { subscription: '0x2', result: SAID } },
  { id: 99, method: 'window/ask', params: {} },
].map((each) => JSON.stringify({ jsonrpc: '2.0', ...each }));

const SESSION = [
  { type: 'event', subscription: '0x1', result: SAID },
  { type: 'event', subscription: '0x1', result: [SAID, SAID] },
  { id: 99, success: false, error: { code: 'no', message: 'no' } },
  { type: 'ping' },
  { type: 'auth_ok' },
  { type: 'bye' },
  { ch: 'said', d: SAID },
  { ch: 'refused', d: 'no' },
].map((each) => JSON.stringify(each));

type Message = Readonly<Record<string, unknown>>;
const parse = (text: string) => JSON.parse(text) as Message;
const foreignMapping = {
  operations: { find: { method: 'eth_find', params: ['id', 'word'] } },
  events: { said: { notification: 'tick', subscribe: 'sub', unsubscribe: 'unsub', key: 'subscription', read: (params: unknown) => (params as { result: unknown }).result } }, // prettier-ignore
} as const;

const typeOf = (frame: unknown) => (Object(frame) as Message)['type'];
const session: SocketSession = {
  hello: () => ({ type: 'auth' }),
  isReady: (frame) => typeOf(frame) === 'auth_ok',
  answer: (frame) => (typeOf(frame) === 'ping' ? { type: 'pong' } : undefined),
  isOver: (frame) => typeOf(frame) === 'bye',
};
/** Throws for a frame that is not an object. */
const readFrame = (frame: unknown) => {
  const { id, type, success, result, error } = frame as Message;
  return type === 'event' ? { method: 'event', params: frame } : { id, ...(success === true ? { result } : { error }) };
};
const readSaid = (frame: unknown) => {
  const { ch, d } = frame as Message;
  if (ch === 'refused') throw new ApiError('PERMISSION_DENIED', String(d));
  return ch === 'said' ? d : undefined;
};

describe('clients over WebSockets', () => {
  let server: WebSocketServer;
  let url: string;
  let onMessage: (far: Far, message: Message, path: string) => void = () => {};
  let onOpen: (far: Far, path: string) => void = () => {};
  const fars = new Set<Far>();

  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (far, { url: path = '' }) => {
      fars.add(far);
      far.on('close', () => fars.delete(far));
      far.on('error', () => {});
      far.on('message', (data: Buffer) => onMessage(far, parse(data.toString()), path));
      onOpen(far, path);
    });
  });
  afterAll(() => {
    for (const far of fars) far.terminate();
    server.close();
  });

  it.each(['ours', 'foreign'])('JSON-RPC, %s: a call has an output of the contract or an ApiError', FUZZ_TIMEOUT, async (whose) => {
    const counts: Record<string, number> = {};
    onOpen = () => {};
    onMessage = (far, { id, method, params }) => {
      // Not the answers of a client that is asked something.
      if (id === undefined || method === undefined) return;
      const n = Number(Array.isArray(params) ? params[0] : (params as { id: number }).id);
      const dice = new Dice(n);
      const valid = ANSWERS.map((each) => each.replace('"id":1', `"id":${JSON.stringify(id)}`));
      const { data, binary } = spoilFrame(dice, [...valid, ...NOTIFICATIONS]);
      far.send(data, { binary });
      far.send(valid[0] ?? '');
    };
    const client = createClient({
      contract: fuzzContract,
      transport: webSocket({ url, ...(whose === 'foreign' && foreignMapping) }),
      timeoutMs: 15_000,
    });
    await each(RUNS, 8, async (n) => {
      const shown = () => `the answers to call ${n}`;
      try {
        const output = await inTime(client.find({ id: n, word: 'w' }), shown);
        fuzzContract.operations.find.output?.parse(output);
        counts['outputs'] = (counts['outputs'] ?? 0) + 1;
      } catch (error) {
        if (!isApiError(error)) throw error;
        expect(ERROR_CODES).toContain(error.code);
        expect(error.code).not.toBe('DEADLINE_EXCEEDED');
        JSON.stringify(error);
        counts[error.code] = (counts[error.code] ?? 0) + 1;
      }
    });
    await client.close();
    figures(`JSON-RPC answers, ${whose}`, counts);
  });

  const feeds = [
    {
      name: 'JSON-RPC', valid: NOTIFICATIONS, transport: () => webSocket({ url }),
      answer: ({ id, method }: Message) => (method === 'subscribe' ? JSON.stringify({ jsonrpc: '2.0', id, result: { subscription: 1 } }) : undefined),
      event: (n: number) => JSON.stringify({ jsonrpc: '2.0', method: 'event', params: { subscription: 1, id: `e-${n}`, time: '2024-01-01T00:00:00Z', data: { ...SAID, n } } }),
      dataOf: (frame: Message) => (frame['method'] === 'event' && (frame['params'] as Message)['subscription'] === 1 ? [(frame['params'] as Message)['data']] : []),
    },
    {
      name: 'foreign JSON-RPC', valid: FOREIGN, transport: (onError: (error: unknown) => void) => webSocket({ url, onError, ...foreignMapping }),
      answer: ({ id, method }: Message) => (method === 'sub' ? JSON.stringify({ jsonrpc: '2.0', id, result: '0x1' }) : undefined),
      event: (n: number) => JSON.stringify({ jsonrpc: '2.0', method: 'tick', params: { subscription: '0x1', result: { ...SAID, n } } }),
      dataOf: () => [],
    },
    {
      name: 'graphql-transport-ws', valid: NEXTS, transport: () => graphql({ url: url.replace('ws', 'http'), onError: () => {} }),
      answer: ({ id, type }: Message) => (type === 'connection_init' ? '{"type":"connection_ack","payload":{"acks":true}}' : type === 'subscribe' ? JSON.stringify({ id, type: 'next', payload: { extensions: { subscribed: true } } }) : undefined),
      event: (n: number) => JSON.stringify({ id: '1', type: 'next', payload: { data: { said: { ...SAID, n } }, extensions: { id: `e-${n}`, time: '2024-01-01T00:00:00Z' } } }),
      dataOf: () => [],
    },
    {
      name: 'a plain feed', valid: FEED, transport: (onError: (error: unknown) => void) => webSocket({ url, protocol: 'channel', onError, events: { said: { read: (frame) => ((frame as Message)['ch'] === 'said' ? (frame as Message)['d'] : undefined) } } }),
      answer: () => undefined,
      event: (n: number) => JSON.stringify({ ch: 'said', d: { ...SAID, n } }),
      dataOf: () => [],
    },
    {
      name: 'a session with frames', valid: SESSION,
      transport: (onError: (error: unknown) => void) => webSocket({ url, onError, session, frames: { write: ({ id, method, params }) => ({ id, type: method, params }), read: readFrame }, events: { said: { notification: 'event', subscribe: 'sub', unsubscribe: 'unsub', unsubscribeInput: (_, key) => ({ key }), key: 'subscription', read: (params) => (params as Message)['result'] } } }),
      answer: ({ id, type }: Message) => (type === 'auth' ? '{"type":"auth_ok"}' : type === 'sub' ? JSON.stringify({ id, success: true, result: '0x1' }) : undefined),
      event: (n: number) => JSON.stringify({ type: 'event', subscription: '0x1', result: { ...SAID, n } }),
      dataOf: () => [],
    },
    {
      name: 'a feed with a session', valid: SESSION,
      transport: (onError: (error: unknown) => void) => webSocket({ url, protocol: 'channel', onError, session, events: { said: { open: () => ({ type: 'sub' }), close: () => ({ type: 'unsub' }), read: readSaid } } }),
      answer: ({ type }: Message) => (type === 'auth' ? '{"type":"auth_ok"}' : type === 'sub' ? '{"type":"subscribed"}' : undefined),
      event: (n: number) => JSON.stringify({ ch: 'said', d: { ...SAID, n } }),
      dataOf: () => [],
    },
    {
      name: 'a feed of bytes', valid: FEED, bytes: true,
      transport: (onError: (error: unknown) => void) => webSocket({ url, protocol: 'channel', onError, session: { binary: true }, events: { said: { read: (frame) => readSaid(frame instanceof Uint8Array ? parse(Buffer.from(frame).toString()) : undefined) } } }),
      answer: () => undefined,
      event: (n: number) => JSON.stringify({ ch: 'said', d: { ...SAID, n } }),
      dataOf: () => [],
    },
    {
      name: 'frames of bytes', valid: SESSION, bytes: true,
      transport: (onError: (error: unknown) => void) => webSocket({ url, onError, session: { binary: true }, frames: { write: ({ id, method, params }) => Buffer.from(JSON.stringify({ id, type: method, params })), read: (frame) => readFrame(parse(Buffer.from(frame as Uint8Array).toString())) }, events: { said: { notification: 'event', subscribe: 'sub', unsubscribe: 'unsub', unsubscribeInput: (_, key) => ({ key }), key: 'subscription', read: (params) => (params as Message)['result'] } } }),
      answer: ({ id, type }: Message) => (type === 'sub' ? JSON.stringify({ id, success: true, result: '0x1' }) : undefined),
      event: (n: number) => JSON.stringify({ type: 'event', subscription: '0x1', result: { ...SAID, n } }),
      dataOf: () => [],
    },
    {
      name: 'CloudEvents on a channel', valid: CLOUD, transport: (onError: (error: unknown) => void) => webSocket({ url, protocol: 'channel', onError, cloudEvents: 'structured' }),
      answer: () => undefined,
      event: (n: number) => JSON.stringify({ specversion: '1.0', id: `c-${n}`, source: '/x', type: 'said', data: { ...SAID, n } }),
      dataOf: () => [],
    },
  ] as const; // prettier-ignore

  it.each(feeds)(
    '$name: events go on or end with an error, and what is no event is reported',
    FUZZ_TIMEOUT,
    async ({ name, valid, transport, answer, event, dataOf, ...rest }) => {
      const isBytes = 'bytes' in rest;
      const counts: Record<string, number> = { heard: 0, reported: 0, ended: 0, gaps: 0 };
      const reported: unknown[] = [];
      const onError = (error: unknown) => void (reported.push(error), (counts['reported'] = (counts['reported'] ?? 0) + 1));
      let last = -1;
      let far: Far | undefined;
      // A connection that the client gave up is another one soon; there the event comes again.
      onOpen = (opened) => {
        far = opened;
        if (['a plain feed', 'a feed of bytes', 'CloudEvents on a channel'].includes(name))
          opened.send(event(current), { binary: isBytes });
      };
      onMessage = (from, message) => {
        const text = answer(message);
        if (text === undefined) return;
        from.send(text, { binary: isBytes });
        // Before there is a subscription, an event would be one that no server sends.
        if (message['type'] !== 'connection_init') from.send(event(current), { binary: isBytes });
      };
      const client = createClient({
        contract: fuzzContract,
        transport: transport(onError),
        onError,
        reconnect: { baseDelayMs: 0, maxDelayMs: 0 },
      });
      let current = -1;
      let wake = () => {};
      let isOver = true;
      let leave: () => unknown = () => {};
      const subscribe = async () => {
        isOver = false;
        leave = await client.onSaid(({ n }) => ((last = n), wake()), {
          params: { room: 'r' },
          onGap: () => void (counts['gaps'] = (counts['gaps'] ?? 0) + 1),
          onError: (error) => {
            expect(isApiError(error)).toBe(true);
            isOver = true;
            wake();
            counts['ended'] = (counts['ended'] ?? 0) + 1;
          },
        });
      };
      await each(RUNS, 1, async (n) => {
        const dice = new Dice(n);
        if (isOver) await inTime(subscribe(), () => 'subscribing');
        reported.length = 0;
        const { data: frame, binary, text } = spoilFrame(dice, valid);
        const shown = () => `${binary ? 'binary ' : ''}${frame.toString('latin1').slice(0, 1500)}`;
        const before = far;
        current = n;
        // A text among bytes is JSON that has been read.
        far?.send(frame, { binary: isBytes ? dice.chance(0.97) : binary });
        far?.send(event(n), { binary: isBytes });
        await inTime(
          (async () => {
            while (last !== n && !isOver) await new Promise<void>((resolve) => (wake = resolve));
          })(),
          shown,
        );
        let data: readonly unknown[] = [];
        try {
          data = dataOf(parse(text ?? ''));
        } catch {
          // No event.
        }
        if (data.some((each) => !fuzzContract.events.said.payload.safeParse(each).success) && far === before)
          expect(reported.length + Number(isOver), shown()).toBeGreaterThan(0);
        if (last === n) counts['heard'] = (counts['heard'] ?? 0) + 1;
      });
      await leave();
      await client.close();
      figures(`${name}, events`, counts);
    },
  );
});
