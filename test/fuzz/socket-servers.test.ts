/** Frames that were valid and are spoiled, to each server of WebSockets: each is answered, or ends its connection for a reason; nothing fails inside. */
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { graphqlHandler, type GraphqlHandler } from '../../src/graphql/server.ts';
import { listen, type HttpServer } from '../../src/http/index.ts';
import { webSocketHandler, type WebSocketHandler } from '../../src/websocket/server.ts';
import { Dice, each, figures, FUZZ_TIMEOUT, inTime, runs, spoilFrame, tellsNothingInternal } from '../support/fuzz.ts';
import { fuzzService } from '../support/fuzz-service.ts';

const RUNS = runs(800);

const ECHO = { id: 7, big: '9007199254740993', text: 'Ü', at: '2024-01-15T09:30:00Z', data: 'AQL/', color: 'red', maybe: null, list: [[1, 2.5], []], counts: { a: 1 }, shape: { kind: 'line', ends: [{ x: 0, y: -1 }] }, any: { deep: [null, 'x'] } }; // prettier-ignore
const rpc = (id: unknown, method: string, params?: unknown, more = {}) => JSON.stringify({ jsonrpc: '2.0', id, method, params, ...more });
const RPC = [
  rpc(1, 'echo', ECHO),
  rpc('a', 'find', { id: 1, word: 'w', tags: ['x'] }, { headers: { 'x-request-id': 'r', 'x-timeout-ms': '1000', 'idempotency-key': 'k' } }),
  rpc(2, 'grow', { tree: { label: 'a', children: [{ label: 'b', children: [] }] } }),
  rpc(3, 'nothing'),
  rpc(4, 'say', { room: 'r', n: 1, text: 't' }),
  rpc(5, 'subscribe', { event: 'said', params: { room: 'other' }, lastEventId: 'x-1' }),
  rpc(6, 'count', { to: 3 }),
  rpc(7, 'unsubscribe', { subscription: 1 }),
  rpc(8, 'more', { subscription: 1, count: 2 }),
  rpc(undefined, 'cancel', { id: 6 }),
  rpc(9, 'initialize', { headers: { authorization: 'Bearer x' } }),
  rpc(10, 'ping'),
  `[${rpc(11, 'find', { id: 1, word: 'w' })},${rpc(undefined, 'nothing')},${rpc(12, 'grow', {})}]`,
];
const graphql = (message: object) => JSON.stringify(message);
const GRAPHQL = [
  graphql({ id: '1', type: 'subscribe', payload: { query: 'subscription ($room: String!) { said(room: $room) { room n text } }', variables: { room: 'other' }, extensions: { ack: true, lastEventId: 'x-1' } } }),
  graphql({ id: '2', type: 'subscribe', payload: { query: 'query ($id: Int!) { find(id: $id, word: "w", limit: 1) { id word tags } }', variables: { id: 1 }, operationName: null } }),
  graphql({ id: '3', type: 'subscribe', payload: { query: 'mutation ($input: EchoInput!) { echo(input: $input) { id big any } }', variables: { input: ECHO } } }),
  graphql({ id: '4', type: 'subscribe', payload: { query: 'subscription { count(to: 3) { n } }' } }),
  graphql({ id: '5', type: 'subscribe', payload: { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } } }),
  graphql({ id: '1', type: 'complete' }),
  graphql({ type: 'ping', payload: { a: 1 } }),
  graphql({ type: 'pong' }),
  graphql({ type: 'connection_init', payload: { authorization: 'Bearer x' } }),
]; // prettier-ignore
const CHANNEL = [JSON.stringify({ room: 'r', n: 1, text: 't' }), '{"room":"r","n":-2147483648,"text":"Ü"}'];

/** One connection after the other; a frame's answers are read until `isLast` holds for one. */
class Talker {
  #ws: WebSocket | undefined;
  #heard: string[] = [];
  #changed: () => void = () => {};
  closed: { readonly code: number; readonly reason: string } | undefined;
  uses = 0;

  async open(url: string, protocol: string | undefined, first: readonly string[]): Promise<void> {
    this.#ws?.terminate();
    const ws = new WebSocket(url, protocol);
    this.#ws = ws;
    this.#heard = [];
    this.closed = undefined;
    this.uses = 0;
    ws.on('message', (data: Buffer) => {
      this.#heard.push(data.toString());
      this.#changed();
    });
    ws.on('close', (code, reason) => {
      if (ws !== this.#ws) return;
      this.closed = { code, reason: reason.toString() };
      this.#changed();
    });
    ws.on('error', () => {});
    await once(ws, 'open');
    for (const frame of first) ws.send(frame);
  }

  get isOpen(): boolean {
    return this.#ws?.readyState === 1;
  }

  send(frame: string | Buffer, asText: boolean): void {
    this.#ws?.send(frame, { binary: !asText });
  }

  /** What was heard until all of the conditions have held for a frame, or the end. */
  async hear(wanted: readonly ((frame: string) => boolean)[]): Promise<readonly string[]> {
    let left = [...wanted];
    const heard: string[] = [];
    for (;;) {
      for (const frame of this.#heard.splice(0)) {
        heard.push(frame);
        left = left.filter((isIt) => !isIt(frame));
      }
      if (left.length === 0 || this.closed) return heard;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  leave(): void {
    this.#ws?.terminate();
  }
}

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What must come for a frame of JSON-RPC beside the answer to what follows it; none for a notification. */
function answerTo(frame: string): ((heard: string) => boolean) | undefined {
  const value = json(frame);
  if (Array.isArray(value))
    return value.some(isAnswered) || value.length === 0 ? (heard) => heard.startsWith('[') || hasId(heard, null) : undefined;
  if (!isAnswered(value)) return undefined;
  const id = isRecord(value) ? value['id'] : undefined;
  const given = typeof id === 'string' || Number.isFinite(id) ? id : null;
  return (heard) => hasId(heard, given);
}
const isAnswered = (value: unknown) =>
  !isRecord(value) || 'id' in value || value['jsonrpc'] !== '2.0' || typeof value['method'] !== 'string';
const hasId = (heard: string, id: unknown) => {
  const answer = json(heard);
  return isRecord(answer) && !('method' in answer) && answer['id'] === id;
};

describe('servers of WebSockets', () => {
  const { service, reported, onError } = fuzzService();
  let server: HttpServer;
  let handlers: readonly [WebSocketHandler, GraphqlHandler];
  const talkers = Array.from({ length: 8 }, () => new Talker());

  beforeAll(async () => {
    const over = graphqlHandler(service, { onError });
    server = await listen(over, { onError });
    handlers = [webSocketHandler(service, { onError }), over];
    for (const handler of handlers) handler.attach(server.server);
  });
  afterAll(async () => {
    for (const talker of talkers) talker.leave();
    for (const handler of handlers) await handler.close(100);
    await server.close(100);
    await service.close();
  });

  const kinds = [
    {
      name: 'JSON-RPC', path: '/ws', protocol: 'jsonrpc-2.0', first: [], valid: RPC, after: (n: number) => rpc(`end ${n}`, 'ping'), isEnd: (n: number) => (heard: string) => hasId(heard, `end ${n}`), // prettier-ignore
      answer: answerTo, closes: [1007],
    },
    {
      name: 'graphql-transport-ws', path: '/graphql', protocol: 'graphql-transport-ws', first: [graphql({ type: 'connection_init' })], valid: GRAPHQL,
      after: (n: number) => graphql({ type: 'ping', payload: { end: n } }), isEnd: (n: number) => (heard: string) => heard.includes(`{"end":${n}}`),
      answer: () => undefined, closes: [1007, 4400, 4409, 4429],
    },
    {
      name: 'a plain channel', path: '/rooms/r', protocol: undefined, first: [], valid: CHANNEL,
      after: (n: number) => JSON.stringify({ room: 'r', n, text: 'end' }), isEnd: (n: number) => (heard: string) => heard.includes(`"n":${n},"text":"end"`),
      // An error, or the event that it is.
      answer: () => (heard: string) => !heard.includes('"text":"end"'), closes: [1007],
    },
  ] as const; // prettier-ignore

  it.each(kinds)('$name answers each frame', FUZZ_TIMEOUT, async ({ name, path, protocol, first, valid, after, isEnd, answer, closes }) => {
    const counts: Record<string, number> = {};
    await each(RUNS, name === 'a plain channel' ? 1 : talkers.length, async (n, worker) => {
      const dice = new Dice(n);
      const talker = talkers[worker] ?? expect.unreachable();
      if (!talker.isOpen || talker.uses++ > 100 || n < talkers.length)
        await talker.open(server.url.replace('http', 'ws') + path, protocol, first);
      const { data: frame, binary, text } = spoilFrame(dice, valid);
      const shown = () => `${binary ? 'binary ' : ''}${frame.toString('latin1').slice(0, 1500)}`;
      talker.send(frame, !binary);
      talker.send(after(n), true);
      const wanted = text === undefined ? undefined : answer(text);
      const heard = await inTime(talker.hear([isEnd(n), ...(wanted ? [wanted] : [])]), shown);
      try {
        for (const each of heard) {
          tellsNothingInternal(each);
          expect(each).not.toMatch(/internal error|"code":"INTERNAL"/);
        }
        if (talker.closed) expect(closes, talker.closed.reason).toContain(talker.closed.code);
        if (talker.closed && text !== undefined) expect(talker.closed.code).not.toBe(1007);
        expect(reported).toEqual([]);
      } catch (error) {
        throw new Error(`${(error as Error).message} for ${shown()}`, { cause: error });
      }
      const end = talker.closed ? `closed ${talker.closed.code}` : 'answered';
      counts[end] = (counts[end] ?? 0) + 1;
    });
    figures(name, counts);
  });
});
