import type { Server } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { after } from '../../life/timers.ts';
import type { StoppableListener } from './listener.ts';

/** How every client of HTTP/2 that knows it before begins. Source: https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const PREFACE = 'PRI ';

/** How many streams one connection may have at a time. Source: https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 recommends 100 or more. */
const MAX_STREAMS = 250;

/** The messages of `listen` to the connections of HTTP/2. */
export interface SessionOptions {
  readonly isTls: boolean;
  readonly maxHeaderBytes: number;
  readonly keepAliveTimeoutMs: number;
  readonly headersTimeoutMs: number;
}

/** The connections of HTTP/2 of one server. */
export interface Sessions {
  /** Takes no more streams; each connection ends with its last one. */
  close(): void;
  /** Cuts what is left. */
  destroy(): void;
}

/**
 * Lets a server of HTTP/1.1 take HTTP/2 on its port: over TLS by ALPN, in cleartext from clients that begin with HTTP/2's preface. Its
 * connections go to a server of `node:http2` that has no port. All others, and upgrades, stay as they were.
 */
export async function takeHttp2(server: Server, listener: StoppableListener, options: SessionOptions): Promise<Sessions> {
  // Loaded late: it costs programs that do not ask for it.
  const { createServer } = await import('node:http2');
  const { isTls, maxHeaderBytes, keepAliveTimeoutMs, headersTimeoutMs } = options;
  const inner = createServer({ settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: maxHeaderBytes } });
  // The compatibility layer has the same members.
  inner.on('request', (req, res) => listener.listen(req as never, res as never));
  inner.on('checkContinue', (req, res) => listener.listen(req as never, res as never, true));
  const sessions = new Set<ServerHttp2Session>();
  let isClosing = false;
  inner.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    closeIfIdle(session, keepAliveTimeoutMs);
    if (isClosing) session.close();
  });

  const event = isTls ? 'secureConnection' : 'connection';
  const plain = server.listeners(event) as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    const give = (isHttp2: boolean) => {
      // The sockets of HTTP/1.1 stay half open when a caller leaves, of which a session does not hear.
      if (isHttp2)
        inner.emit(
          'connection',
          socket.on('end', () => socket.destroy()),
        );
      else for (const each of plain) each.call(server, socket);
    };
    if (isTls) give((socket as TLSSocket).alpnProtocol === 'h2');
    else tellApart(socket, headersTimeoutMs, give);
  });
  return {
    close() {
      isClosing = true;
      for (const session of sessions) session.close();
    },
    destroy() {
      for (const session of sessions) session.destroy();
    },
  };
}

/** Reads the first bytes of a connection, and puts them back. */
function tellApart(socket: Socket, timeoutMs: number, give: (isHttp2: boolean) => void): void {
  const ignore = () => {};
  let bytes: Buffer = Buffer.alloc(0);
  const look = () => {
    const more = socket.read() as Buffer | null;
    if (more === null) return;
    bytes = Buffer.concat([bytes, more]);
    const start = bytes.toString('latin1', 0, PREFACE.length);
    if (start.length < PREFACE.length && PREFACE.startsWith(start)) return;
    stop();
    socket.off('readable', look).off('error', ignore).off('end', end);
    // Node's parsers ask for what comes by themselves, when nobody else waits for it.
    socket.pause();
    socket.unshift(bytes);
    give(start === PREFACE);
  };
  const end = () => socket.destroy();
  const stop = after(timeoutMs, end);
  socket.on('error', ignore).on('readable', look).on('end', end);
  socket.once('close', stop);
  look();
}

/** Ends a connection on which nothing runs and nothing came for a while. */
function closeIfIdle(session: ServerHttp2Session, timeoutMs: number): void {
  let open = 0;
  session.on('stream', (stream) => {
    open++;
    stream.once('close', () => open--);
  });
  if (timeoutMs === Infinity) return;
  session.setTimeout(timeoutMs, () => {
    if (open === 0) session.close();
  });
}
