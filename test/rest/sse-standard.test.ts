/** Streams of events as others write them: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { SseDecoder } from '../../src/http/events/sse.ts';
import { createClient, defineContract, event } from '../../src/index.ts';
import { rest } from '../../src/rest/client.ts';
import { until } from '../support/until.ts';

const contract = defineContract({
  name: 'one',
  events: { tick: event({ channel: 'ticks', type: 'tick', payload: z.object({ n: z.int() }) }) },
});

/** A client of a server that answers the n-th connection so; `ids` is what each asked to resume after. */
async function listenTo(answer: (response: ServerResponse, connection: number) => void) {
  const ids: (string | undefined)[] = [];
  const at: number[] = [];
  const server = createServer((request, response) => {
    ids.push(request.headers['last-event-id'] as string | undefined);
    at.push(performance.now());
    answer(response, ids.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createClient({ contract, transport: rest({ url }), reconnect: { baseDelayMs: 1, maxDelayMs: 2 } });
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  const heard: unknown[] = [];
  const ends: unknown[] = [];
  await client.onTick(({ n }) => void heard.push(n), { onError: (error) => void ends.push(error) });
  return { ids, at, heard, ends };
}

const open = (response: ServerResponse, type = 'text/event-stream') => response.writeHead(200, { 'content-type': type }).write(':\n\n');
const EVENT = 'event: tick\nid: 1\ndata: {"n":1}\n\n';

describe('where a stream is resumed', () => {
  it.each([
    ['an id alone', `${EVENT}id: 5\n\n`, '5'],
    ['an id of an event of another type', `${EVENT}event: ping\nid: 6\ndata: {}\n\n`, '6'],
    ['an id before events without', 'id: 7\n\nevent: tick\ndata: {"n":1}\n\n', '7'],
    ['an id that was never dispatched', `${EVENT}id: 8\n`, '1'],
    ['an empty id, from the start', `${EVENT}id\n\n`, undefined],
    ['an id in any script, as UTF-8', 'id: é😀\n\n', Buffer.from('é😀').toString('latin1')],
    ['a long id', `id: [{"topic":"${'t'.repeat(400)}"}]\n\n`, `[{"topic":"${'t'.repeat(400)}"}]`],
    ['an id that no header holds, from the start', 'id: a\u0001\n\n', undefined],
  ])('after %s', async (_, text, id) => {
    const { ids } = await listenTo((response, connection) => {
      open(response);
      if (connection === 1) response.end(text);
    });
    await until(() => ids.length === 2);
    expect(ids).toEqual([undefined, id]);
  });
});

describe('when a stream is opened again', () => {
  it('is what the server asks for by retry', async () => {
    const { at, ids } = await listenTo((response, connection) => {
      open(response);
      if (connection === 1) response.end(`${EVENT}retry: 300\n\n`);
    });
    await until(() => ids.length === 2);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(290);
  });

  it('is never after a 204', async () => {
    const { ids, ends } = await listenTo((response) => void response.writeHead(204).end());
    expect(ids).toHaveLength(1);
    expect(ends).toEqual([]);
  });
});

describe('the media type', () => {
  it.each(['Text/Event-Stream', 'text/event-stream; charset=UTF-8', 'text/event-stream ;a=b'])('%s is taken', async (type) => {
    const { heard } = await listenTo((response) => {
      open(response, type);
      response.write(EVENT);
    });
    await until(() => heard.length === 1);
  });
});

describe('the decoder', () => {
  it('keeps the id in force at the last empty line, an empty one included', () => {
    const decoder = new SseDecoder();
    decoder.push('id: 1\n');
    expect(decoder.lastId).toBe('');
    decoder.push('\n');
    expect(decoder.lastId).toBe('1');
    decoder.push('id: a\0b\n\n');
    expect(decoder.lastId).toBe('1');
    decoder.push('id\n\n');
    expect(decoder.lastId).toBe('');
  });

  it('takes away one byte order mark, not two', async () => {
    const { heard } = await listenTo((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`\ufeff\ufeffdata: {"n":9}\n\n${EVENT}`);
    });
    await until(() => heard.length > 0);
    expect(heard).toEqual([1]);
  });

  it('reads retry in digits only', () => {
    const decoder = new SseDecoder();
    decoder.push('retry: 1.5\nretry: -1\nretry: x\n\n');
    expect(decoder.retryMs).toBeUndefined();
    decoder.push('retry:250\n');
    expect(decoder.retryMs).toBe(250);
  });
});
