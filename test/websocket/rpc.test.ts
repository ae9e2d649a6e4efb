import { describe, expect, it } from 'vitest';
import { Peer, rpc, serveBlog } from './support.ts';

describe('JSON-RPC', () => {
  it('answers calls, with the id as it came', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`, 'jsonrpc-2.0');
    expect(peer.ws.protocol).toBe('jsonrpc-2.0');
    for (const id of [1, 'a', '1', 0, -7, 1.5, null, '', '__proto__']) {
      const answer = await peer.ask(rpc(id, 'getWeather', { location: 'London' }));
      expect(answer).toEqual({ jsonrpc: '2.0', id, result: { location: 'London', temperature: '22°C', conditions: 'Sunny' } });
    }
    for (const id of [true, {}, []]) {
      expect(await peer.ask(rpc(id, 'getWeather'))).toMatchObject({ id: null, error: { code: -32600 } });
    }
    // A number that JSON can write, but not give back.
    expect(await peer.ask('{"jsonrpc":"2.0","id":1e400,"method":"ping"}')).toMatchObject({ id: null, error: { code: -32600 } });
  });

  it('answers what is wrong as the specification says, and goes on', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    const cases: [unknown, object][] = [
      ['{oops', { id: null, error: { code: -32700 } }],
      ['', { id: null, error: { code: -32700 } }],
      ['7', { id: null, error: { code: -32600 } }],
      ['null', { id: null, error: { code: -32600 } }],
      ['[]', { id: null, error: { code: -32600 } }],
      ['{}', { id: null, error: { code: -32600 } }],
      [
        { id: 1, method: 'getUser' },
        { id: 1, error: { code: -32600 } },
      ],
      [
        { jsonrpc: '1.0', id: 1, method: 'getUser' },
        { id: 1, error: { code: -32600 } },
      ],
      [
        { jsonrpc: '2.0', id: 1, method: 7 },
        { id: 1, error: { code: -32600 } },
      ],
      [rpc(1, 'getUser', 'text'), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', [123]), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: 7 }), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: { a: 7 } }), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: { a: 'x'.repeat(20_000) } }), { id: 1, error: { code: -32600 } }],
      [rpc(1, 'getUser', { id: 123 }, { headers: { 'x-timeout-ms': 'soon' } }), { id: 1, error: { code: -32602 } }],
      [rpc(1, '__proto__'), { id: 1, error: { code: -32601, data: { code: 'UNIMPLEMENTED' } } }],
      [rpc(1, 'constructor'), { id: 1, error: { code: -32601 } }],
      [rpc(1, 'getUsr'), { id: 1, error: { code: -32601, message: "this service has no method 'getUsr': do you mean getUser?" } }],
      ['{"jsonrpc":"2.0","id":1,"method":"getUser","params":{"__proto__":{"id":123}}}', { id: 1, error: { code: -32602 } }],
      [
        rpc(1, 'getUser', { id: 'x' }),
        { id: 1, error: { code: -32602, data: { code: 'INVALID_ARGUMENT', details: { issues: [{ path: ['id'] }] } } } },
      ],
      [rpc(1, 'getUser', { id: 7 }), { id: 1, error: { code: -32000, message: 'no user has the id 7', data: { code: 'NOT_FOUND' } } }],
      [`{"jsonrpc":"2.0","id":1,"method":"getUser","params":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`, { id: 1, error: { code: -32602 } }],
      [rpc(1, 'subscribe', { event: 'toString' }), { id: 1, error: { code: -32601 } }],
      [rpc(1, 'subscribe', {}), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'subscribe', { event: 'message', lastEventId: 7 }), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'unsubscribe', { subscription: 7 }), { id: 1, error: { data: { code: 'NOT_FOUND' } } }],
      [rpc(1, 'initialize', { headers: { a: 1 } }), { id: 1, error: { code: -32602 } }],
      [rpc(1, 'ping'), { id: 1, result: null }],
      [rpc(1, 'cancel', { id: 99 }), { id: 1, result: null }],
      [rpc(1, 'cancel'), { id: 1, error: { code: -32602, message: "cancel: 'id' is the id of the request to cancel" } }],
      [rpc(1, 'cancel', {}), { id: 1, error: { code: -32602, data: { code: 'INVALID_ARGUMENT' } } }],
      [rpc(1, 'deletePost', { id: 4 }), { id: 1, result: null }],
    ];
    for (const [frame, expected] of cases) expect(await peer.ask(frame), JSON.stringify(frame)).toMatchObject(expected);
    peer.ws.send(Buffer.from('{}'), { binary: true });
    expect(await peer.next()).toMatchObject({ id: null, error: { code: -32700 } });
    expect(await peer.ask(rpc('still', 'ping'))).toEqual({ jsonrpc: '2.0', id: 'still', result: null });
  });

  it('names the request of a refusal, where its headers do', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    const deep = JSON.parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`) as object;
    const headers = { 'x-request-id': 'mine' };
    const cases: [frame: object, code: number][] = [
      [{ ...rpc(1, 'getUser'), jsonrpc: '1.0' }, -32600],
      [{ ...rpc(1, 'getUser'), method: 7 }, -32600],
      [{ ...rpc(1, 'getUser'), id: {} }, -32600],
      [rpc(1, 'getUser', 'text'), -32600],
      [rpc(1, 'getUser', [123]), -32602],
      [rpc(1, 'nothing'), -32601],
      [rpc(1, 'subscribe', { event: 'nothing' }), -32601],
      [rpc(1, 'unsubscribe'), -32000],
      [rpc(1, 'cancel'), -32602],
      [rpc(1, 'getUser', deep), -32602],
    ];
    for (const [frame, code] of cases) {
      const answer = await peer.ask({ ...frame, headers });
      expect(answer, JSON.stringify(frame)).toMatchObject({ error: { code, data: { requestId: 'mine' } } });
      expect((await peer.ask(frame)).error.data).not.toHaveProperty('requestId');
    }
    expect((await peer.ask({ ...rpc(1, 'nothing'), headers: { 'x-request-id': 'x'.repeat(129) } })).error.data).not.toHaveProperty(
      'requestId',
    );
    expect((await peer.ask({ ...rpc(1, 'getUser'), headers: { ...headers, a: 7 } })).error.data.requestId).toBe('mine');
  });

  it('takes params of 64 levels, says so of more, and is silent where nobody asked', async () => {
    const { url } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    const nested = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
    expect((await peer.ask(rpc(1, 'getUser', { ...nested(64), id: 123 }))).result).toMatchObject({ id: 123 });
    for (const frame of [rpc(1, 'ping', nested(65)), [rpc(1, 'ping', nested(65))]])
      expect((await peer.ask(frame)).error.message).toBe('the JSON is nested more than 64 levels deep');
    for (const params of [nested(65), [1]]) peer.send({ jsonrpc: '2.0', method: 'getUser', params });
    expect(await peer.ask(rpc('next', 'ping'))).toMatchObject({ id: 'next' });
  });

  it('holds back no answer for ever, however little it may buffer', async () => {
    const { url } = await serveBlog({ maxBufferedBytes: 1 });
    const peer = await Peer.open(`${url}/ws`);
    for (let id = 0; id < 50; id++) peer.send(rpc(id, 'getUser', { id: 123 }));
    for (let id = 0; id < 50; id++) expect(await peer.next()).toMatchObject({ id, result: { id: 123 } });
    expect(await peer.ask(rpc('next', 'ping'))).toMatchObject({ id: 'next' });
  });

  it('answers batches in one frame, without their notifications', async () => {
    const { url } = await serveBlog({ maxBatch: 4 });
    const peer = await Peer.open(`${url}/ws`);
    const answer = await peer.ask([rpc(1, 'getUser', { id: 123 }), { jsonrpc: '2.0', method: 'ping' }, 7, rpc(2, 'nothing')]);
    expect(answer).toMatchObject([
      { id: 1, result: { username: 'john_doe' } },
      { id: null, error: { code: -32600 } },
      { id: 2, error: { code: -32601 } },
    ]);
    peer.send([{ jsonrpc: '2.0', method: 'ping' }]);
    peer.send({ jsonrpc: '2.0', method: 'getUser', params: { id: 123 } });
    expect(await peer.ask([1, 2, 3, 4, 5])).toMatchObject({ id: null, error: { code: -32600 } });
    const [subscribed] = await peer.ask([rpc(1, 'subscribe', { event: 'message' })]);
    expect(subscribed).toEqual({ jsonrpc: '2.0', id: 1, result: { subscription: 1, after: '' } });
  });

  it('carries events: subscribe, event, gap, unsubscribe', async () => {
    const { url, service } = await serveBlog();
    const peer = await Peer.open(`${url}/ws`);
    expect(await peer.ask(rpc(1, 'subscribe', { event: 'message' }))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: { subscription: 1, after: '' },
    });
    await service.publish('message', { sender: 'a', message: 'one' });
    const { method, params } = await peer.next();
    expect([method, params]).toEqual([
      'event',
      { subscription: 1, after: '', id: expect.any(String), time: expect.any(String), data: { sender: 'a', message: 'one' } },
    ]);
    await service.publish('message', { sender: 'a', message: 'two' });
    await peer.next();
    // Another connection resumes; its acknowledgement comes before what it missed.
    const other = await Peer.open(`${url}/ws`);
    expect(await other.ask(rpc(9, 'subscribe', { event: 'message', lastEventId: params.id }))).toMatchObject({ id: 9 });
    expect(await other.next()).toMatchObject({ method: 'event', params: { data: { message: 'two' } } });
    expect(await other.ask(rpc(10, 'subscribe', { event: 'message', lastEventId: 'elsewhere-1' }))).toMatchObject({ id: 10 });
    expect(await other.next()).toEqual({ jsonrpc: '2.0', method: 'gap', params: { subscription: 2 } });
    expect(await peer.ask(rpc(2, 'unsubscribe', { subscription: 1 }))).toMatchObject({ id: 2, result: null });
    await service.publish('message', { sender: 'a', message: 'three' });
    expect(await peer.ask(rpc(3, 'ping'))).toMatchObject({ id: 3 });
  });
});
