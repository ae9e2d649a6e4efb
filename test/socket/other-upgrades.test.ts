import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, get as getTls } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listen } from '../../src/http/node/listen.ts';
import { nodeListener } from '../../src/http/node/listener.ts';
import { attachUpgrade } from '../../src/socket/upgrade.ts';
import { makeCertificate, noOpenssl } from '../support/certificates.ts';
import { curl, NO_CURL } from '../support/curl.ts';
import { because, missing, run } from '../support/system-peer.ts';
import { until } from '../support/until.ts';

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
const TLS = 'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n';

/** Says what it was asked, after it read the body. */
const echo = async (request: { method: string; path: string; text(max: number): Promise<string> }) => ({
  status: 200,
  headers: {},
  body: `${request.method} ${request.path} ${await request.text(1_000_000)}`,
});

interface Open {
  readonly server: Server;
  readonly port: number;
  close(): Promise<unknown>;
}

/** Servers that are made here, and that are given. */
const SERVERS: Readonly<Record<string, () => Promise<Open>>> = {
  'a server of listen': async () => await listen(echo),
  'a server of Node': async () => {
    const server = createServer(nodeListener(echo));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const close = async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    };
    return { server, port: (server.address() as AddressInfo).port, close };
  },
};

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Opens a server to which sockets are attached. */
async function open(make: () => Promise<Open>): Promise<number> {
  const opened = await make();
  closers.push(() => opened.close());
  attachUpgrade(opened.server, () => false);
  return opened.port;
}

/** Sends pieces of text, each in a packet of its own, and gives all that came back as soon as `answer` has come `count` times. */
async function talk(port: number, pieces: readonly string[], answer: string, count = 1): Promise<string> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(
    () => text.split(answer).length > count,
    () => `'${answer}' came ${count} times, not ${text}`,
  );
  socket.destroy();
  return text;
}

for (const [name, make] of Object.entries(SERVERS)) {
  describe(`a request that offers another protocol to ${name}`, () => {
    for (const [offered, offer] of Object.entries({ h2c: H2C, 'TLS/1.2': TLS })) {
      const head = (line: string, more = '') => `${line} HTTP/1.1\r\nHost: x\r\n${offer}${more}\r\n`;

      test(`${offered}: GET`, async () => {
        expect(await talk(await open(make), [head('GET /users/1')], 'GET /users/1 ')).toMatch(/^HTTP\/1.1 200 /);
      });

      test(`${offered}: POST with its body in the same packet, and in later ones`, async () => {
        const port = await open(make);
        const post = head('POST /a', 'Content-Length: 6\r\n');
        for (const pieces of [[`${post}hello!`], [post, 'hel', 'lo!'], [post.slice(0, 20), post.slice(20), 'hello!']])
          expect(await talk(port, pieces, 'POST /a hello!')).toMatch(/^HTTP\/1.1 200 /);
      });

      test(`${offered}: POST in chunks that come late`, async () => {
        const post = head('POST /a', 'Transfer-Encoding: chunked\r\n');
        const pieces = [post, '3\r\nhel\r\n', '3\r\nlo!\r\n', '0\r\n\r\n'];
        expect(await talk(await open(make), pieces, 'POST /a hello!')).toMatch(/^HTTP\/1.1 200 /);
      });

      test(`${offered}: Expect: 100-continue`, async () => {
        const post = head('POST /a', 'Content-Length: 6\r\nExpect: 100-continue\r\n');
        expect(await talk(await open(make), [post, 'hello!'], 'POST /a hello!')).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /);
      });

      test(`${offered}: requests on one connection, pipelined too`, async () => {
        const port = await open(make);
        const post = `${head('POST /a', 'Content-Length: 6\r\n')}hello!`;
        expect((await talk(port, [post + post, post], 'POST /a hello!', 3)).match(/HTTP\/1.1 200/g)).toHaveLength(3);
      });
    }
  });
}

describe('upgrades that are not offers of another protocol', () => {
  test('a WebSocket that nobody takes is refused', async () => {
    const port = await open(SERVERS['a server of Node'] as () => Promise<Open>);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1.1 404 /);
  });

  test('somebody else’s listener has the requests that are not WebSockets', async () => {
    const opened = await (SERVERS['a server of Node'] as () => Promise<Open>)();
    closers.push(() => opened.close());
    attachUpgrade(opened.server, () => false);
    opened.server.on('upgrade', (request: IncomingMessage, socket) => socket.end(`HTTP/1.1 101 ${request.headers.upgrade ?? ''}\r\n\r\n`));
    const socket = connect(opened.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: own/1\r\n\r\n');
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    expect(chunk.toString()).toMatch(/^HTTP\/1.1 101 own\/1/);
  });

  test.skipIf(noOpenssl !== undefined)(`a server with TLS answers as one without${because(noOpenssl)}`, async () => {
    const { cert, key, remove } = makeCertificate();
    closers.push(async () => remove());
    const server = createTlsServer({ cert, key }, nodeListener(echo));
    attachUpgrade(server, () => false);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    closers.push(async () => {
      server.closeAllConnections();
      await once(server.close(), 'close');
    });
    const options = { headers: { connection: 'Upgrade', upgrade: 'h2c' }, rejectUnauthorized: false };
    const request = getTls(`https://127.0.0.1:${(server.address() as AddressInfo).port}/a`, options);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
  });

  test('connections are counted once: a server that stops closes them', async () => {
    const server = await listen(echo);
    attachUpgrade(server.server, () => false);
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const request = get(`${server.url}/a`, { headers: { connection: 'Upgrade', upgrade: 'h2c' } });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        response.resume();
        await once(response, 'end');
        return response.statusCode;
      }),
    );
    expect(answers).toEqual([200, 200, 200]);
    await server.close(1000);
  });
});

const NO_JAVA = missing('default-jdk-headless', 'javac', '-version');

describe('programs that offer HTTP/2', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'upgrades-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.skipIf(NO_CURL !== undefined)(`curl --http2 ${NO_CURL ?? ''}`, async () => {
    const port = await open(SERVERS['a server of listen'] as () => Promise<Open>);
    expect((await curl('--http2', `http://127.0.0.1:${port}/a`)).body).toBe('GET /a ');
    expect((await curl('--http2', '--data', 'hello', `http://127.0.0.1:${port}/a`)).body).toBe('POST /a hello');
  });

  test.skipIf(NO_JAVA !== undefined)(`Java’s HttpClient as it comes ${NO_JAVA ?? ''}`, async () => {
    const port = await open(SERVERS['a server of listen'] as () => Promise<Open>);
    await writeFile(join(folder, 'Ask.java'), JAVA);
    await run('javac', '-d', folder, join(folder, 'Ask.java'));
    expect(await run('java', '-Xshare:auto', '-cp', folder, 'Ask', `http://127.0.0.1:${port}`)).toBe(
      'HTTP_2 200 GET /a \nHTTP_2 200 POST /a hello\nHTTP_1_1 200 GET /a \nHTTP_1_1 200 POST /a hello\n',
    );
  });
});

const JAVA = `
import java.net.URI;
import java.net.http.*;

public class Ask {
  public static void main(String[] args) throws Exception {
    for (HttpClient client : new HttpClient[] {HttpClient.newHttpClient(), HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()}) {
      HttpRequest.Builder to = HttpRequest.newBuilder(URI.create(args[0] + "/a"));
      for (HttpRequest request : new HttpRequest[] {to.GET().build(), to.POST(HttpRequest.BodyPublishers.ofString("hello")).build()}) {
        HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(client.version() + " " + response.statusCode() + " " + response.body());
      }
    }
  }
}
`;
