/** Errors of every client over HTTP say that a proxy, a firewall or a network on the way has answered. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blogContract } from '../../src/blog/index.ts';
import type { Adapter } from '../../src/core/transport.ts';
import { graphql } from '../../src/graphql/client.ts';
import { grpc } from '../../src/grpc/client.ts';
import { connect } from '../../src/grpc/connect/client.ts';
import { createClient } from '../../src/index.ts';
import { mcp } from '../../src/mcp/client.ts';
import { rest } from '../../src/rest/client.ts';
import { soap } from '../../src/soap/client.ts';
import { webhook } from '../../src/webhook/client.ts';
import { webSocket } from '../../src/websocket/client.ts';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Answers everything as nginx does: a page with the status as its title. */
async function proxyPage(status: number): Promise<string> {
  const page = `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center><hr><center>nginx</center></body>\r\n</html>\r\n`;
  const answer = (_: unknown, response: Pick<ServerResponse, 'writeHead' | 'end'>) => {
    response.writeHead(status, { 'content-type': 'text/html', 'content-length': page.length });
    response.end(page);
  };
  const server = createServer(answer);
  server.on('upgrade', (_request: IncomingMessage, socket) => {
    socket.end(
      `HTTP/1.1 ${status} Refused\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
    );
  });
  return `http://127.0.0.1:${await listening(server)}`;
}

const adapters: Readonly<Record<string, (url: string) => Adapter<'call'>>> = {
  rest: (url) => rest({ url }),
  graphql: (url) => graphql({ url }),
  soap: (url) => soap({ url }),
  connect: (url) => connect({ url }),
  'grpc-web': (url) => connect({ url, protocol: 'grpc-web' }),
  mcp: (url) => mcp({ url }),
  websocket: (url) => webSocket({ url }),
};
const meanings = {
  403: 'access is refused, perhaps by a firewall or proxy on the way',
  407: "the proxy wants credentials: has its url 'user:password@'?",
  413: 'the request is too large for the server or a proxy on the way',
  429: 'too many requests',
  502: 'a proxy gets no proper answer from the server',
  503: 'the server, or a proxy before it, takes no requests now',
  504: 'a proxy has waited too long for the server',
  522: 'a proxy gets no connection to the server',
};

const failed = async (transport: Adapter<'call'>) => {
  const client = createClient({ contract: blogContract, transport, timeoutMs: 3000 });
  onTestFinished(() => client.close());
  return await client.getUser({ id: 1 }).catch((error: unknown) => error);
};

describe.each(Object.entries(adapters))('%s', (_, adapter) => {
  it.each(Object.entries(meanings))('says what a page with %s means', async (status, meaning) => {
    const error = await failed(adapter(await proxyPage(Number(status))));
    expect(error).toMatchObject({ text: expect.stringContaining(`${status}: ${meaning}`), remote: true });
  });

  it('still asks whether the url is right if a page says that it is not', async () => {
    expect(await failed(adapter(await proxyPage(404)))).toMatchObject({ text: expect.stringMatching(/is the url right\?|answered 404$/) });
  });
});

describe('other ways', () => {
  it.each([413, 502, 503])('gRPC says what a page with %s means', async (status) => {
    const server = createHttp2((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html' });
      response.end('<html></html>');
    });
    const error = await failed(grpc({ url: `http://127.0.0.1:${await listening(server)}` }));
    expect(error).toMatchObject({ text: expect.stringContaining(`the server answered ${status}: ${meanings[status as 413]}`) });
  });

  it('webhooks say what a page of a subscription API means', async () => {
    const url = await proxyPage(413);
    const transport = webhook({ subscribe: { url, callbackUrl: 'http://127.0.0.1:1/hooks' }, secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0' });
    const client = createClient({ contract: blogContract, transport, timeoutMs: 3000 });
    onTestFinished(() => client.close());
    await expect(client.onMessage(() => undefined)).rejects.toMatchObject({ text: expect.stringContaining(`413: ${meanings[413]}`) });
  });

  it('says that a proxy wants credentials before it connects to a server with TLS', async () => {
    const proxy = createServer();
    proxy.on('connect', (_, socket) => void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n'));
    const port = await listening(proxy);
    const { ProxyAgent } = await import('undici');
    const dispatcher = new ProxyAgent(`http://127.0.0.1:${port}`);
    onTestFinished(() => dispatcher.close());
    expect(await failed(rest({ url: 'https://127.0.0.1:1', dispatcher }))).toMatchObject({
      text: expect.stringContaining(`the proxy answered 407: ${meanings[407]}`),
      sent: false,
    });
  });
});

describe('a port that fetch refuses', () => {
  const carriers: Readonly<Record<string, Adapter<'call'>>> = {
    rest: rest({ url: 'http://127.0.0.1:6000', fetch }),
    graphql: graphql({ url: 'http://127.0.0.1:6000', fetch }),
    soap: soap({ url: 'http://127.0.0.1:6000', fetch }),
    connect: connect({ url: 'http://127.0.0.1:6000', fetch }),
    mcp: mcp({ url: 'http://127.0.0.1:6000', fetch }),
  };
  it.each(Object.entries(carriers))('is told by %s, with the url', async (_, transport) => {
    expect(await failed(transport)).toMatchObject({
      code: 'UNAVAILABLE',
      text: expect.stringMatching(/^http:\/\/127\.0\.0\.1:6000\S*: fetch refuses this port, as browsers do/),
      sent: false,
    });
  });
});
