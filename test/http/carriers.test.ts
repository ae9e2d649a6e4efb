/** What carries the requests of a client on Node, and what it reads. */
import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { MockAgent, setGlobalDispatcher } from 'undici';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { createClient, defineContract, event, query } from '../../src/index.ts';
import { rest, type RestOptions } from '../../src/rest/client.ts';
import { makeCertificate, noOpenssl } from '../support/certificates.ts';
import { failure } from '../support/failure.ts';
import { until } from '../support/until.ts';
import { because } from '../support/system-peer.ts';

const contract = defineContract({
  name: 'one',
  operations: { get: query({ output: z.object({ a: z.string() }), http: 'GET /x' }) },
  events: { tick: event({ channel: 'ticks', type: 'tick', payload: z.object({ n: z.int() }) }) },
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(url: string, options: Omit<RestOptions, 'url'> = {}) {
  const client = createClient({ contract, transport: rest({ url, ...options }), timeoutMs: 5000 });
  onTestFinished(() => client.close());
  return client;
}

const TEXT = '{"a":"é"}';
const json = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);

describe('compressed answers', () => {
  it.each([
    ['gzip', gzipSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['deflate', deflateRawSync(TEXT)],
    ['gzip, deflate', deflateRawSync(gzipSync(TEXT))],
    ['gzip, br', brotliCompressSync(gzipSync(TEXT))],
    ['identity', Buffer.from(TEXT)],
  ])('%s is read', async (encoding, body) => {
    const url = await serve((_, response) => void json(response, body, { 'content-encoding': encoding }));
    expect(await clientOf(url).get()).toEqual({ a: 'é' });
  });

  it.each(['deflateSync', 'deflateRawSync'] as const)('what %s made is read in any pieces, and no further than the limit', async (make) => {
    const text = JSON.stringify({ a: 'é'.repeat(300_000) });
    const compressed = { deflateSync, deflateRawSync }[make](text);
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'deflate' });
      response.write(compressed.subarray(0, 1));
      response.end(compressed.subarray(1));
    });
    expect((await clientOf(url).get()).a).toHaveLength(300_000);
    expect(await failure(clientOf(url, { maxResponseBytes: 100_000 }).get())).toMatchObject({ code: 'DATA_LOSS' });
  });

  it.each(['own', 'given'])('that are not what they say are DATA_LOSS, and not asked for again, with the %s fetch', async (which) => {
    const given = which === 'given' && { fetch: (target: string, init?: object) => fetch(target, init) as never };
    for (const encoding of ['gzip', 'br', 'deflate']) {
      let asked = 0;
      const url = await serve((request, response) => {
        asked++;
        const type = request.url === '/ticks' ? 'text/event-stream' : 'application/json';
        response.writeHead(200, { 'content-type': type, 'content-encoding': encoding }).end('\xff this is not compressed');
      });
      expect([encoding, await failure(clientOf(url, given || {}).get())]).toMatchObject([encoding, { code: 'DATA_LOSS' }]);
      const before = asked;
      const ended = new Promise<unknown>((resolve) => {
        void clientOf(url, given || {})
          .onTick(() => {}, { onError: resolve })
          .catch(resolve);
      });
      expect([encoding, await ended]).toMatchObject([encoding, { code: 'DATA_LOSS' }]);
      expect([encoding, asked]).toEqual([encoding, before + 1]);
    }
  });

  it('a stream of events is read piece by piece', async () => {
    let gzip: ReturnType<typeof createGzip> | undefined;
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'Text/Event-Stream; charset=utf-8', 'content-encoding': 'gzip' });
      gzip = createGzip();
      gzip.pipe(response);
    });
    const seen: number[] = [];
    const listening = clientOf(url).onTick(({ n }) => void seen.push(n));
    await until(() => gzip !== undefined);
    for (let n = 1; n <= 3; n++) {
      gzip?.write(`event: tick\nid: ${n}\ndata: {"n":${n}}\n\n`);
      gzip?.flush();
      await until(() => seen.length === n);
    }
    await (
      await listening
    )();
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe('charsets', () => {
  it.each([
    ['iso-8859-1', Buffer.from(TEXT, 'latin1')],
    ['"UTF-16LE"', Buffer.from(TEXT, 'utf16le')],
    ['windows-1252', Buffer.from(TEXT, 'latin1')],
  ])('%s is decoded', async (charset, body) => {
    const url = await serve((_, response) => void json(response, body, { 'content-type': `application/json; Charset=${charset}` }));
    expect(await clientOf(url).get()).toEqual({ a: 'é' });
    expect(await clientOf(url, { fetch: (target, init) => fetch(target, init as RequestInit) as never }).get()).toEqual({ a: 'é' });
  });
});

describe('windows-1252', () => {
  it('has letters where latin1 has control characters, whatever it is called', async () => {
    for (const charset of ['windows-1252', 'ISO-8859-1']) {
      const body = Buffer.from('{"a":"\x80 \x84x\x93"}', 'latin1');
      const url = await serve((_, response) => void json(response, body, { 'content-type': `application/json; charset=${charset}` }));
      expect(await clientOf(url).get()).toEqual({ a: '€ „x“' });
    }
  });
});

describe('limits', () => {
  it.each(['own', 'given'])('maxResponseBytes holds for the %s fetch', async (which) => {
    const url = await serve((_, response) => void json(response, JSON.stringify({ a: 'x'.repeat(2000) })));
    const given = which === 'given' && { fetch: (target: string, init?: object) => fetch(target, init) as never };
    expect(await failure(clientOf(url, { maxResponseBytes: 1000, ...given }).get())).toMatchObject({ code: 'DATA_LOSS' });
    expect((await clientOf(url, { maxResponseBytes: 3000, ...given }).get()).a).toHaveLength(2000);
  });

  it('refuses options that mean nothing', () => {
    expect(() => rest({ url: 'http://x', maxResponseBytes: NaN })).toThrow('maxResponseBytes');
    expect(() => rest({ url: 'http://x', maxResponseBites: 1 } as never)).toThrow("'maxResponseBytes'");
  });
});

describe('a fetch that is given', () => {
  it('is called without an object, as browsers demand', async () => {
    const url = await serve((_, response) => void json(response, TEXT));
    function strict(this: unknown, target: string, init?: object) {
      if (this !== undefined) throw new TypeError('Illegal invocation');
      return fetch(target, init) as never;
    }
    expect(await clientOf(url, { fetch: strict }).get()).toEqual({ a: 'é' });
  });
});

describe('what stands in the way of all requests', () => {
  it('a global fetch that was replaced sees them, for as long as it is there', async () => {
    const url = await serve((_, response) => void json(response, '{"a":"real"}'));
    const client = clientOf(url);
    expect(await client.get()).toEqual({ a: 'real' });
    vi.stubGlobal('fetch', async () => new Response('{"a":"mocked"}', { headers: { 'content-type': 'application/json' } }));
    expect(await client.get()).toEqual({ a: 'mocked' });
    vi.unstubAllGlobals();
    expect(await client.get()).toEqual({ a: 'real' });
  });

  it("undici's global dispatcher carries them", async () => {
    const slot = Symbol.for('undici.globalDispatcher.1');
    const before = Object.getOwnPropertyDescriptor(globalThis, slot);
    const agent = new MockAgent();
    onTestFinished(async () => {
      if (before) Object.defineProperty(globalThis, slot, before);
      else Reflect.deleteProperty(globalThis, slot);
      await agent.close();
    });
    agent.disableNetConnect();
    setGlobalDispatcher(agent);
    agent
      .get('http://mocked.test')
      .intercept({ path: '/x' })
      .reply(200, { a: 'dispatched' }, { headers: { 'content-type': 'application/json' } });
    expect(await clientOf('http://mocked.test').get()).toEqual({ a: 'dispatched' });
  });

  it('a dispatcher of the client itself comes first', async () => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    onTestFinished(() => agent.close());
    agent
      .get('http://mocked.test')
      .intercept({ path: '/x' })
      .reply(200, { a: 'own' }, { headers: { 'content-type': 'application/json' } });
    vi.stubGlobal('fetch', () => expect.unreachable());
    expect(await clientOf('http://mocked.test', { dispatcher: agent }).get()).toEqual({ a: 'own' });
  });

  it('a proxy of the environment is heeded if Node is told to', async () => {
    const url = await serve((_, response) => void json(response, TEXT));
    let proxied = 0;
    const proxy = createServer((_, response) => response.writeHead(502).end());
    proxy.on('connect', (request, socket) => {
      proxied++;
      const up = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        up.pipe(socket);
        socket.pipe(up);
      });
      up.on('error', () => socket.destroy());
      socket.on('error', () => up.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const program = `
      import { createLightFetch } from './src/http/client/light-fetch.ts';
      const { fetch, close } = createLightFetch();
      console.log(await (await fetch('${url}/x')).text());
      await close();`;
    const run = (env: Record<string, string>) =>
      new Promise<string>((resolve, reject) => {
        execFile(
          process.execPath,
          ['--import', 'tsx', '--input-type=module', '-e', program],
          { env: { ...process.env, ...env }, timeout: 15_000 },
          (error, stdout) => (error ? reject(new Error(error.message)) : resolve(stdout.trim())),
        );
      });
    const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    expect(await run({ HTTP_PROXY })).toBe(TEXT);
    expect(proxied).toBe(0);
    expect(await run({ HTTP_PROXY, NODE_USE_ENV_PROXY: '1' })).toBe(TEXT);
    expect(proxied).toBe(1);
  });
});

describe.skipIf(noOpenssl !== undefined)(`tls${because(noOpenssl)}`, () => {
  it('trusts a CA of its own, and shows a certificate', async () => {
    const server = makeCertificate();
    const own = makeCertificate();
    const shown: unknown[] = [];
    const peer = createTlsServer(
      { cert: server.cert, key: server.key, ca: own.cert, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        shown.push((request.socket as unknown as { authorized: boolean }).authorized);
        json(response, TEXT);
      },
    );
    await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      peer.closeAllConnections();
      peer.close();
      server.remove();
      own.remove();
    });
    const url = `https://127.0.0.1:${(peer.address() as AddressInfo).port}`;
    expect(await clientOf(url, { tls: { ca: server.cert, cert: own.cert, key: own.key } }).get()).toEqual({ a: 'é' });
    expect(shown).toEqual([true]);
    expect(await failure(clientOf(url).get())).toMatchObject({ code: 'UNAVAILABLE' });
  });
});
