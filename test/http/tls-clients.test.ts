/** Every client over HTTP or WebSocket trusts a CA of one's own, shows a certificate, and goes through a proxy. */
import { createServer } from 'node:http';
import { connect as connectTo, type AddressInfo } from 'node:net';
import { ProxyAgent } from 'undici';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createBlogService } from '../../src/blog/index.ts';
import { createClient, type Adapter } from '../../src/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import type { ClientTls, DispatcherLike } from '../../src/http/client/fetch-like.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/serve.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { makeCertificate, noOpenssl } from '../support/certificates.ts';
import { because } from '../support/system-peer.ts';

interface Carried {
  readonly tls?: ClientTls;
  readonly dispatcher?: DispatcherLike;
}

/** Adapters that call. */
const CALLS: Readonly<Record<string, (url: string, options: Carried) => Adapter<'call'>>> = {
  rest: (url, options) => rest({ url, ...options }),
  graphql: (url, options) => graphql({ url, ...options }),
  soap: (url, options) => soap({ url, ...options }),
  'soap by its WSDL': (url, options) =>
    soap({ wsdl: `${url}/soap?wsdl`, operations: { getUser: {} }, ...options }) as unknown as Adapter<'call'>,
  websocket: (url, options) => webSocket({ url, ...options }),
  connect: (url, options) => connect({ url, ...options }),
  mcp: (url, options) => mcp({ url, ...options }),
};
/** Those that hear events. */
const EVENTS: Readonly<Record<string, (url: string, options: Carried) => Adapter<'call' | 'subscribe'>>> = {
  rest: (url, options) => rest({ url, ...options }),
  graphql: (url, options) => graphql({ url, ...options }),
  'graphql by server-sent events': (url, options) => graphql({ url, subscriptions: 'sse', ...options }),
  websocket: (url, options) => webSocket({ url, ...options }),
};

const service = createBlogService();
async function check(adapter: Adapter<'call'>): Promise<void> {
  const client = createClient({ transport: adapter, timeoutMs: 10_000 });
  try {
    expect(await client.getUser({ id: 123 })).toMatchObject({ username: 'john_doe' });
  } finally {
    await client.close();
  }
}
async function checkEvents(adapter: Adapter<'call' | 'subscribe'>): Promise<void> {
  const client = createClient({ transport: adapter, timeoutMs: 10_000 });
  try {
    const heard = await new Promise((resolve, reject) => {
      client.onMessage(resolve).then(() => service.publish('message', { sender: 'Ann', message: 'Hello' }), reject);
    });
    expect(heard).toMatchObject({ sender: 'Ann' });
  } finally {
    await client.close();
  }
}

describe.skipIf(noOpenssl !== undefined)(`tls of every client over HTTP or WebSocket${because(noOpenssl)}`, () => {
  const server = noOpenssl === undefined ? makeCertificate() : undefined;
  const own = noOpenssl === undefined ? makeCertificate() : undefined;
  const tls: ClientTls = { ca: server?.cert, cert: own?.cert, key: own?.key };
  let served: Served;
  let url: string;

  beforeAll(async () => {
    served = await serve(service, {
      port: 0,
      mcp: {},
      tls: { cert: server?.cert ?? '', key: server?.key ?? '', ca: own?.cert, requestCert: true, rejectUnauthorized: true },
    });
    url = served.http;
  });
  afterAll(async () => {
    await served.close();
    server?.remove();
    own?.remove();
  });

  it.each(Object.entries(CALLS))('%s calls', (_, make) => check(make(url, { tls })));
  it.each(Object.entries(EVENTS))('%s hears events', (_, make) => checkEvents(make(url, { tls })));
  it.each(Object.entries(CALLS))('%s without them is refused', async (_, make) => {
    await expect(check(make(url, {}))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('a proxy of every client over HTTP or WebSocket', () => {
  const tunnels: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(405).end());
  let proxyUrl: string;
  let served: Served;

  beforeAll(async () => {
    served = await serve(service, { port: 0, mcp: {} });
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const [host = '', port] = (request.url ?? '').split(':');
      const peer = connectTo(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        peer.pipe(socket).pipe(peer);
      });
      peer.on('error', () => socket.destroy());
      socket.on('error', () => peer.destroy());
      socket.on('close', () => peer.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await served.close();
    await service.close();
  });

  function dispatcherOf(): DispatcherLike {
    const dispatcher = new ProxyAgent({ uri: proxyUrl, proxyTunnel: true });
    onTestFinished(() => dispatcher.destroy());
    tunnels.length = 0;
    return dispatcher;
  }
  const expectTunnels = () => expect(new Set(tunnels)).toEqual(new Set([new URL(served.http).host]));

  it.each(Object.entries(CALLS))('%s calls by a dispatcher', async (_, make) => {
    await check(make(served.http, { dispatcher: dispatcherOf() }));
    expectTunnels();
  });

  it.each(Object.entries(EVENTS))('%s hears events by a dispatcher', async (_, make) => {
    await checkEvents(make(served.http, { dispatcher: dispatcherOf() }));
    expectTunnels();
  });

  it.each(Object.entries(EVENTS).filter(([name]) => name === 'graphql' || name === 'websocket'))(
    '%s hears events over a socket through the proxy that the environment names, if Node is to heed it',
    async (_, make) => {
      vi.stubEnv('HTTP_PROXY', proxyUrl);
      tunnels.length = 0;
      await checkEvents(make(served.http, {}));
      expect(tunnels).toEqual([]);
      vi.stubEnv('NODE_USE_ENV_PROXY', '1');
      await checkEvents(make(served.http, {}));
      expectTunnels();
    },
  );

  it('refuses what would be overlooked', () => {
    const dispatcher = dispatcherOf();
    class Own extends globalThis.EventTarget {}
    const WebSocket = Own as unknown as NonNullable<Parameters<typeof webSocket>[0]['WebSocket']>;
    expect(() => rest({ url: served.http, dispatcher, tls: {} })(service.contract)).toThrow(/'tls' is not for a 'dispatcher'/);
    expect(() => webSocket({ url: served.http, dispatcher, tls: {} })).toThrow(/'tls' is not for a 'dispatcher'/);
    expect(() => webSocket({ url: served.http, WebSocket, tls: {} })).toThrow(/not for a 'WebSocket' of your own/);
  });
});
