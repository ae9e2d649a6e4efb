/** Feeds of exchanges, called from their documentation. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiError, createClient, defineContract, event, query } from '../../src/index.ts';
import { webSocket, type ChannelOptions, type WebSocketOptions } from '../../src/websocket/client.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';
import { reconnect, say, serveFeed as serve, type Frame } from './feed-server.ts';
import { onEnd } from './support.ts';

const errors: unknown[] = [];
const onError = (error: unknown) => void errors.push(error);
const common = { onError } as const;

const trades = defineContract({
  name: 'trades',
  operations: { time: query({ output: z.object({ at: z.int() }) }) },
  events: { trade: event({ channel: 'trades/{symbol}', payload: z.object({ symbol: z.string(), price: z.string() }) }) },
});

function rpc(options: WebSocketOptions) {
  return onEnd(createClient({ contract: trades, transport: webSocket({ ...common, ...options }), reconnect, timeoutMs: 5000 }), (each) => each.close());
} // prettier-ignore

function channel(options: Omit<ChannelOptions, 'protocol'>) {
  return onEnd(createClient({ contract: trades, transport: webSocket({ ...common, protocol: 'channel', ...options }), reconnect, timeoutMs: 5000 }), (each) => each.close());
} // prettier-ignore

describe('Binance', () => {
  const options: Omit<WebSocketOptions, 'url'> = {
    frames: {
      write: ({ id, method, params }) => ({ method, params, id }),
      read: (frame: Frame) => (frame.stream ? { method: 'stream', params: frame } : { ...frame, error: frame.error && { code: frame.error.code, message: frame.error.msg } }),
    },
    events: {
      trade: {
        notification: 'stream',
        subscribe: 'SUBSCRIBE',
        input: ({ symbol }) => [`${String(symbol).toLowerCase()}@trade`],
        unsubscribe: 'UNSUBSCRIBE',
        unsubscribeInput: ({ symbol }) => [`${String(symbol).toLowerCase()}@trade`],
        read: ({ stream, data }: Frame, { symbol }) => (stream === `${String(symbol).toLowerCase()}@trade` ? { symbol: data.s, price: data.p } : undefined),
      },
    },
  }; // prettier-ignore
  const exchange = () =>
    serve((frame, peer) => {
      const { id, method, params } = frame as { readonly id: number; readonly method: string; readonly params: string[] };
      if (params[0] === 'nope@trade') return say(peer, { error: { code: 2, msg: 'Invalid request: unknown stream' }, id });
      peer.ping();
      say(peer, { result: null, id });
      if (method === 'SUBSCRIBE') for (const stream of params) say(peer, { stream, data: { e: 'trade', s: stream.split('@')[0]?.toUpperCase(), p: '0.001' } });
    }); // prettier-ignore

  it('has combined streams, which are left when the last reader leaves', async () => {
    const { url, said, connections } = await exchange();
    const client = rpc({ url: `${url}/stream`, ...options });
    const heard: string[] = [];
    const stops = [
      await client.onTrade(({ symbol }) => void heard.push(`1 ${symbol}`), { params: { symbol: 'BTCUSDT' } }),
      await client.onTrade(({ symbol }) => void heard.push(`2 ${symbol}`), { params: { symbol: 'BTCUSDT' } }),
      await client.onTrade(({ symbol }) => void heard.push(`3 ${symbol}`), { params: { symbol: 'ETHBTC' } }),
    ];
    await until(() => heard.length >= 3);
    for (const stop of stops) await stop();
    await until(() => said.length === 5);
    expect(said.map(({ method, params }) => `${method} ${params}`)).toEqual([
      'SUBSCRIBE btcusdt@trade',
      'SUBSCRIBE btcusdt@trade',
      'SUBSCRIBE ethbtc@trade',
      'UNSUBSCRIBE btcusdt@trade',
      'UNSUBSCRIBE ethbtc@trade',
    ]);
    expect([connections(), heard.filter((each) => !/^[12] BTC|^3 ETH/.test(each))]).toEqual([1, []]);
  });

  it('refuses a stream by its id, and comes back after its daily disconnect', async () => {
    const { url, said, drop } = await exchange();
    const client = rpc({ url: `${url}/stream`, ...options, errorCode: ({ code }) => (code === 2 ? 'INVALID_ARGUMENT' : undefined) });
    expect(await failure(client.onTrade(() => {}, { params: { symbol: 'NOPE' } }))).toMatchObject({ code: 'INVALID_ARGUMENT', details: { code: 2 } });
    let heard = 0;
    let gaps = 0;
    await client.onTrade(() => void heard++, { params: { symbol: 'BTCUSDT' }, onGap: () => void gaps++ });
    await until(() => heard === 1);
    drop();
    await until(() => heard === 2);
    expect([gaps, said.map(({ method }) => method)]).toEqual([1, ['SUBSCRIBE', 'SUBSCRIBE', 'SUBSCRIBE']]);
  }); // prettier-ignore
});

describe('Kraken', () => {
  it('has request ids of its own, acknowledgements by success, and heartbeats', async () => {
    const { url, said } = await serve(
      ({ method, params, req_id }, peer) => {
        if (method === 'ping') return say(peer, { method: 'pong', req_id });
        if (params.symbol[0] === 'X/Y') return say(peer, { error: 'Currency pair not supported X/Y', method, success: false, req_id });
        say(peer, { method, result: { channel: 'trade', snapshot: true, symbol: params.symbol[0] }, success: true, req_id });
        if (method === 'subscribe') say(peer, { channel: 'heartbeat' }, { channel: 'trade', type: 'snapshot', data: [{ symbol: 'BTC/USD', price: 1 }, { symbol: 'BTC/USD', price: 2 }] }, { channel: 'trade', type: 'update', data: [{ symbol: 'BTC/USD', price: 3 }] });
      },
      (peer) => say(peer, { channel: 'status', data: [{ system: 'online', api_version: 'v2' }], type: 'update' }),
    ); // prettier-ignore
    const client = rpc({
      url: `${url}/v2`,
      session: { isReady: ({ channel: name }: Frame) => name === 'status', heartbeat: () => ({ method: 'ping' }) },
      pingIntervalMs: 200,
      frames: {
        write: ({ id, method, params }) => ({ method, params, req_id: id }),
        read: ({ req_id, success, result, error, channel: name, ...rest }: Frame) =>
          req_id !== undefined
            ? { id: req_id, ...(success ? { result } : { error: { code: 'INVALID_ARGUMENT', message: error } }) }
            : { method: name, params: rest },
      },
      events: {
        trade: {
          notification: 'trade',
          subscribe: 'subscribe',
          input: ({ symbol }) => ({ channel: 'trade', symbol: [symbol] }),
          unsubscribe: 'unsubscribe',
          unsubscribeInput: ({ symbol }) => ({ channel: 'trade', symbol: [symbol] }),
          read: ({ data }: Frame) => data.map((each: Frame) => ({ symbol: each.symbol, price: String(each.price) })),
        },
      },
    });
    const prices: string[] = [];
    const stop = await client.onTrade(({ price }) => void prices.push(price), { params: { symbol: 'BTC/USD' } });
    await until(() => prices.length === 3 && said.some(({ method }) => method === 'ping'));
    await stop();
    await until(() => said.some(({ method }) => method === 'unsubscribe'));
    expect(prices).toEqual(['1', '2', '3']);
    expect(await failure(client.onTrade(() => {}, { params: { symbol: 'X/Y' } }))).toMatchObject({ code: 'INVALID_ARGUMENT', text: 'Currency pair not supported X/Y' });
  }); // prettier-ignore
});

describe('Coinbase', () => {
  it('wants signed subscriptions, and refuses them by a frame that belongs to none', async () => {
    const { url, said } = await serve((frame, peer) => {
      const { type, product_ids: ids, channel: name, timestamp, signature } = frame as Record<string, string> & { product_ids: string[] };
      if (type !== 'subscribe') return;
      if (signature !== createHmac('sha256', 's').update(`${timestamp}${name}${ids.join(',')}`).digest('hex'))
        return say(peer, { type: 'error', message: 'authentication failure' });
      say(peer, { channel: 'subscriptions', sequence_num: 0, events: [] }, { channel: 'market_trades', sequence_num: 1, events: [{ type: 'snapshot', trades: [{ product_id: 'BTC-USD', price: '1' }] }] });
    }); // prettier-ignore
    const signedBy = (secret: string) => async (type: string, symbol: unknown) => {
      const [timestamp, name] = ['1675974199', 'market_trades'];
      const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
        'sign',
      ]);
      const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(`${timestamp}${name}${String(symbol)}`));
      return { type, product_ids: [symbol], channel: name, timestamp, signature: Buffer.from(signature).toString('hex') };
    };
    const events = (secret: string): NonNullable<ChannelOptions['events']> => ({
      trade: {
        path: '',
        open: ({ symbol }) => signedBy(secret)('subscribe', symbol),
        close: ({ symbol }) => ({ type: 'unsubscribe', product_ids: [symbol], channel: 'market_trades' }),
        read(frame: Frame, { symbol }) {
          if (frame.type === 'error') throw new ApiError('UNAUTHENTICATED', frame.message);
          if (frame.channel !== 'market_trades') return undefined;
          return frame.events.flatMap((each: Frame) => each.trades.filter((one: Frame) => one.product_id === symbol).map((one: Frame) => ({ symbol, price: one.price })));
        },
      },
    }); // prettier-ignore
    const client = channel({ url, events: events('s') });
    for await (const { price } of client.onTrade({ params: { symbol: 'BTC-USD' } })) {
      expect(price).toBe('1');
      break;
    }
    await until(() => said.some(({ type }) => type === 'unsubscribe'));
    const stranger = channel({ url, events: events('other') });
    const ended = await failure((async () => {
      for await (const _ of stranger.onTrade({ params: { symbol: 'BTC-USD' } })) expect.unreachable();
    })()); // prettier-ignore
    expect(ended).toMatchObject({ code: 'UNAUTHENTICATED', text: 'authentication failure' });
  });
});

describe('Polygon', () => {
  it('sends lists of events, and lets subscriptions begin after its words about credentials', async () => {
    const { url, said } = await serve(
      ({ action, params }, peer) => {
        if (action === 'auth') say(peer, [{ ev: 'status', status: params === 'k1' ? 'auth_success' : 'auth_failed', message: 'authenticated' }]);
        if (action === 'subscribe') say(peer, [{ ev: 'status', status: 'success', message: `subscribed to: ${params}` }, { ev: 'T', sym: 'MSFT', p: 114.1 }, { ev: 'T', sym: 'AAPL', p: 2 }, { ev: 'T', sym: 'MSFT', p: 3 }]);
      },
      (peer) => say(peer, [{ ev: 'status', status: 'connected', message: 'Connected Successfully' }]),
    ); // prettier-ignore
    const options = (key: string): Omit<ChannelOptions, 'protocol'> => ({
      url: `${url}/stocks`,
      session: {
        hello: () => ({ action: 'auth', params: key }),
        isReady(frames: Frame) {
          if (frames.some(({ status }: Frame) => status === 'auth_failed')) throw new ApiError('UNAUTHENTICATED', 'the key is not known');
          return frames.some(({ status }: Frame) => status === 'auth_success');
        },
      },
      events: {
        trade: {
          path: '',
          open: ({ symbol }) => ({ action: 'subscribe', params: `T.${String(symbol)}` }),
          read: (frames: Frame, { symbol }) => frames.filter(({ ev, sym }: Frame) => ev === 'T' && sym === symbol).map(({ sym, p }: Frame) => ({ symbol: sym, price: String(p) })),
        },
      },
    }); // prettier-ignore
    const prices: string[] = [];
    await channel(options('k1')).onTrade(({ price }) => void prices.push(price), { params: { symbol: 'MSFT' } });
    await until(() => prices.length === 2);
    expect([prices, said.map(({ action, params }) => `${action} ${params}`)]).toEqual([['114.1', '3'], ['auth k1', 'subscribe T.MSFT']]);
    expect(await failure(channel(options('k2')).onTrade(() => {}, { params: { symbol: 'MSFT' } }))).toMatchObject({ code: 'UNAUTHENTICATED' });
  }); // prettier-ignore
});
