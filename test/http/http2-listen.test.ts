/** HTTP/2 as an option of `listen` and `serve`; the law is in test/protocols/rest-http2.ts. */
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { blogContract, createBlogService } from '../../src/blog/index.ts';
import { graphql } from '../../src/graphql/client.ts';
import { createClient, type Adapter } from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest } from '../../src/rest/client.ts';
import { serve, type Served } from '../../src/serve/index.ts';
import { soap } from '../../src/soap/client.ts';
import { webSocket } from '../../src/websocket/client.ts';
import { makeCertificate, noOpenssl, type Certificate } from '../support/certificates.ts';
import { curl, NO_CURL } from '../support/curl.ts';
import { http2Fetch } from '../support/http2-fetch.ts';
import { because } from '../support/system-peer.ts';
import { until } from '../support/until.ts';

const PROTOCOLS = ['rest', 'graphql', 'websocket', 'soap', 'mcp'] as const;

describe.each(['cleartext', 'TLS'])('serve with http2 over %s', (kind) => {
  const isTls = kind === 'TLS';
  describe.skipIf(isTls && noOpenssl !== undefined)(`on one port${isTls ? because(noOpenssl) : ''}`, () => {
    const service = createBlogService();
    let certificate: Certificate | undefined;
    let served: Served;
    beforeAll(async () => {
      if (isTls) certificate = makeCertificate();
      const tls = certificate && { cert: certificate.cert, key: certificate.key };
      served = await serve(service, { port: 0, protocols: PROTOCOLS, tls, http: { http2: true } });
    });
    afterAll(async () => {
      await served.close();
      await service.close();
      certificate?.remove();
    });
    const over2 = () => {
      const client = http2Fetch(served.http, { ...(certificate && { ca: certificate.cert }) });
      onTestFinished(() => client.close());
      return client.fetch as never;
    };
    const tls = () => ({ ...(certificate && { tls: { ca: certificate.cert } }) });

    it('every protocol over HTTP answers calls and events over HTTP/2 and over HTTP/1.1', async () => {
      const url = served.http;
      for (const carrier of [{ fetch: over2() }, tls()]) {
        const adapters: Record<string, Adapter<'call'>> = {
          rest: rest({ url, ...carrier }),
          graphql: graphql({ url, subscriptions: 'sse', ...carrier }),
          soap: soap({ url, ...carrier }),
          mcp: mcp({ url, ...carrier }),
        };
        for (const [name, transport] of Object.entries(adapters)) {
          const client = createClient({ contract: blogContract, transport });
          expect([name, (await client.getUser({ id: 123 })).id]).toEqual([name, 123]);
          await client.close();
        }
        for (const transport of [rest({ url, ...carrier }), graphql({ url, subscriptions: 'sse', ...carrier })]) {
          const client = createClient({ contract: blogContract, transport });
          const heard: string[] = [];
          await client.onTemperature(({ sensorId }) => void heard.push(sensorId));
          await service.publish('temperature', { sensorId: 'roof', celsius: 21.5, measuredAt: '2026-01-31T12:00:00Z' });
          await until(() => heard.length === 1);
          await client.close();
        }
      }
    });

    it('WebSockets stay on HTTP/1.1', async () => {
      const client = createClient({ contract: blogContract, transport: webSocket({ url: served.http, ...tls() }) });
      expect((await client.getUser({ id: 123 })).id).toBe(123);
      await client.close();
    });

    it.skipIf(NO_CURL !== undefined)(`curl speaks both ${NO_CURL ?? ''}`, async () => {
      const trust = certificate ? ['--cacert', certificate.certFile] : [];
      const asks = isTls ? [['--http2'], ['--http1.1']] : [['--http2-prior-knowledge'], ['--http1.1'], ['--http2']];
      const versions: string[] = [];
      for (const ask of asks) {
        const { status, body } = await curl(...ask, ...trust, '--write-out', '\n%{http_version}', `${served.http}/users/123`);
        expect([status, body]).toMatchObject([200, expect.stringContaining('john_doe')]);
        versions.push(body.slice(body.lastIndexOf('\n') + 1));
      }
      expect(versions).toEqual(isTls ? ['2', '1.1'] : ['2', '1.1', '1.1']);
    });
  });
});

describe('a server with http2', () => {
  const open = async (http: object = {}) => {
    const service = createBlogService();
    const served = await serve(service, { port: 0, protocols: ['rest'], graceMs: 2000, http: { http2: true, ...http } });
    onTestFinished(async () => {
      await served.close();
      await service.close();
    });
    return served;
  };
  const portOf = ({ http }: Served) => Number(new URL(http).port);

  it('tells the protocols apart when the first bytes come one by one, and leaves a caller that says nothing', async () => {
    const served = await open({ headersTimeoutMs: 200 });
    const socket = connect(portOf(served), '127.0.0.1').setNoDelay();
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    for (const piece of ['P', 'O', 'ST /users HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n']) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => text.startsWith('HTTP/1.1 4'));
    socket.destroy();
    const silent = connect(portOf(served), '127.0.0.1').resume();
    silent.write('PR');
    await once(silent, 'close');
  });

  it('closes a connection when its last stream has ended, and at once if there is none', async () => {
    const served = await open();
    const session = connectHttp2(served.http);
    const stream = session.request({ ':path': '/sensors/temperature', accept: 'text/event-stream' });
    stream.resume();
    await once(stream, 'response');
    const closed = once(session, 'close');
    await served.close();
    await closed;
    expect(stream.rstCode).toBe(0);
  });

  it('closes a connection on which nothing happens', async () => {
    const served = await open({ keepAliveTimeoutMs: 100 });
    const session = connectHttp2(served.http);
    const stream = session.request({ ':path': '/users/123' });
    stream.resume();
    await once(stream, 'close');
    await once(session, 'close');
  });
});
