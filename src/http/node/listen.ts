import { createServer, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContextOptions, TlsOptions as NodeTlsOptions } from 'node:tls';
import { bytes, count, ms, readOptions } from '../../core/options.ts';
import type { HttpHandler } from '../message/message.ts';
import { HTTP_NAMES, HTTP_READERS } from '../serve/cors.ts';
import { takeHttp2, type Sessions } from './sessions.ts';
import { stoppableListener, type NodeListenerOptions } from './listener.ts';
import { TCP_KEEP_ALIVE } from './tcp-keep-alive.ts';
import { phraseOf } from '../message/phrases.ts';
import { problemBody } from '../message/problem.ts';
import { after, every } from '../../life/timers.ts';
import { reporter } from '../../life/report.ts';
import { closable, type Closable } from '../../life/closable.ts';

/** The address to listen on, limits of connections, and {@link NodeListenerOptions}. */
export interface ListenOptions extends NodeListenerOptions {
  /** 0 picks a free port. @default 0 */
  readonly port?: number | undefined;
  /** `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** Serves https with this certificate. @default plain http */
  readonly tls?: TlsOptions | undefined;
  /**
   * Serves HTTP/2 too: over TLS to clients that ask for it (ALPN), in cleartext to those that begin with it (`curl --http2-prior-knowledge`). All
   * others get HTTP/1.1, on which WebSockets stay. @default false
   */
  readonly http2?: boolean | undefined;
  /** How long an idle connection is kept, in milliseconds: longer than clients and proxies keep theirs, so that they close first. @default 65_000 */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** How long a request's head may take, in milliseconds. @default 20_000 */
  readonly headersTimeoutMs?: number | undefined;
  /** How long a whole request may take to arrive, in milliseconds. @default 120_000, or what the head and the body may take if that is more */
  readonly requestTimeoutMs?: number | undefined;
  /** How large a request's head may be, in bytes; then 431. @default 16_384 */
  readonly maxHeaderBytes?: number | undefined;
}

/** A server's certificate, as `node:tls` takes it; `requestCert` with `ca` asks for certificates of clients. */
export type TlsOptions = Pick<
  SecureContextOptions & NodeTlsOptions,
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'pfx'
  | 'ca'
  | 'requestCert'
  | 'rejectUnauthorized'
  | 'minVersion'
  | 'maxVersion'
  | 'ciphers'
  | 'SNICallback'
>;

/** A server that listens. */
export interface HttpServer extends Closable {
  /** Without a trailing slash: `http://127.0.0.1:4000`. */
  readonly url: string;
  readonly port: number;
  /** Node's own, for upgrades and the like. */
  readonly server: Server;
  /**
   * Stops: no new connections; idle ones are closed at once; running responses finish, and what still runs after `graceMs` is cut.
   * Idempotent. @default graceMs 10_000
   */
  close(graceMs?: number): Promise<void>;
}

const READERS = {
  ...HTTP_READERS,
  port: count(0, { zero: true, infinity: false, most: 65_535 }),
  keepAliveTimeoutMs: ms(65_000),
  headersTimeoutMs: ms(20_000),
  requestTimeoutMs: ms(),
  maxHeaderBytes: bytes(16_384, { infinity: false }),
};
const GRACE = ms(10_000, { zero: true });

/** How often connections that became idle while the server stops are looked for, in milliseconds. */
const SWEEP_MS = 20;

/** Serves a handler on a port of its own. Rejects with an error that says what to do if the port cannot be opened. */
export async function listen(handler: HttpHandler, options: ListenOptions = {}): Promise<HttpServer> {
  const read = readOptions('listen', options, READERS, [...HTTP_NAMES, 'caller', 'host', 'http2', 'tls']);
  const { port, host = '127.0.0.1', keepAliveTimeoutMs, headersTimeoutMs, bodyTimeoutMs } = read;
  const { requestTimeoutMs = Math.max(120_000, headersTimeoutMs + bodyTimeoutMs) } = read;
  const listener = stoppableListener(handler, read);
  const server = create(read.tls, read.http2 === true, {
    keepAliveTimeout: nodeTimeout(keepAliveTimeoutMs),
    // Node refuses a head that may take longer than the request.
    headersTimeout: nodeTimeout(Math.min(headersTimeoutMs, requestTimeoutMs)),
    requestTimeout: nodeTimeout(requestTimeoutMs),
    maxHeaderSize: read.maxHeaderBytes,
    ...TCP_KEEP_ALIVE,
  });
  server.on('request', (req, res) => listener.listen(req, res));
  // The body is asked for once it is wanted: a caller that is refused need not send it.
  server.on('checkContinue', (req, res) => listener.listen(req, res, true));
  // Other expectations may be ignored (https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1); Node would answer 417 past the handler.
  server.on('checkExpectation', (req, res) => listener.listen(req, res));
  // Node would close the connection without a word. It gives the socket away, errors and all.
  server.on('connect', (_, socket) =>
    refuse(
      socket.on('error', () => {}),
      501,
      'this is not a proxy: CONNECT is not supported',
    ),
  );
  server.on('clientError', onClientError);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    // A connection comes again if its request had offered an upgrade.
    if (sockets.has(socket)) return;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const sessions = read.http2 === true ? await takeHttp2(server, listener, { ...read, isTls: read.tls !== undefined }) : undefined;
  await start(server, port, host);
  // No more file descriptors, for example: the server goes on when there are some again.
  server.on('error', reporter(read.onError));

  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return closable({
    url: `${read.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    server,
    close(graceMs?: number) {
      if (!closing) {
        closing = stop(server, sockets, sessions, GRACE(graceMs, 'close', 'graceMs'));
        listener.stop();
        sessions?.close();
      }
      return closing;
    },
  });
}

function create(tls: TlsOptions | undefined, http2: boolean, options: ServerOptions): Server {
  if (!tls) return createServer(options);
  return createTlsServer({ ...options, ...tls, ...(http2 && { ALPNProtocols: ['h2', 'http/1.1'] }) });
}

/** Node says 0 for no limit. */
function nodeTimeout(ms: number): number {
  return ms === Infinity ? 0 : ms;
}

function start(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(explain(error, port, host));
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function explain(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const advice: Record<string, string> = {
    EADDRINUSE: `port ${port} on ${host} is in use: stop what uses it, or choose another port (0 picks a free one)`,
    EACCES: `port ${port} on ${host} may not be used: ports under 1024 need privileges, choose a higher one`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for all of its addresses`,
    ENOTFOUND: `the host ${host} is not known: use 127.0.0.1, or 0.0.0.0 for all addresses of this machine`,
  };
  const text = advice[error.code ?? ''];
  return text === undefined ? error : Object.assign(new Error(text, { cause: error }), { code: error.code });
}

function stop(server: Server, sockets: ReadonlySet<Socket>, sessions: Sessions | undefined, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    // Node takes a connection that never sent anything for a busy one; browsers open such ones ahead.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    // A response whose head promised keep-alive leaves an idle connection behind, of which Node says nothing.
    const stopSweeping = every(SWEEP_MS, () => server.closeIdleConnections());
    const stopWaiting = after(graceMs, () => {
      server.closeAllConnections();
      sessions?.destroy();
      // Upgraded connections have left the server's list.
      for (const socket of sockets) socket.destroy();
    });
    server.close(() => {
      stopSweeping();
      stopWaiting();
      resolve();
    });
  });
}

/** Answers what Node's parser refused: there is no request for a handler then. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  // A request that was cut on its way gets no answer, as one whose connection was reset: its caller may take 400 for the outcome of the call.
  if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') socket.destroy();
  else refuse(socket, ...refusalOf(error.code));
}

/** Answers if Node gives no response to write to, and closes the connection. */
function refuse(socket: Duplex, status: number, detail: string): void {
  // Bytes after a head that was sent would be read as that response's body.
  const isAnswering = (socket as { _httpMessage?: ServerResponse | null })._httpMessage?.headersSent === true;
  if (!socket.writable || isAnswering) return void socket.destroy();
  const body = problemBody(status, detail);
  const head = [
    `HTTP/1.1 ${status} ${phraseOf(status)}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function refusalOf(code: string | undefined): [status: number, detail: string] {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'the head of the request is too large'];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'the request took too long to arrive'];
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return [413, 'the chunk extensions are too large'];
  return [400, 'this is not an HTTP request'];
}
