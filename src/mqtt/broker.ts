import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes, type AuthenticateError } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { compileOriginCheck, type Origins } from '../http/serve/origins.ts';
import { attachUpgrade, refuseUpgrade } from '../socket/upgrade.ts';
import { limitPackets } from './packet-limit.ts';

/** Options of `mqttBroker`. */
export interface MqttBrokerOptions {
  /** 0 picks a free one. @default 1883 */
  readonly port?: number | undefined;
  /** `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** Certificate and key in PEM: then the port speaks TLS. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
  /** Whether a client may connect. @default everyone may */
  readonly authenticate?: (credentials: { readonly username?: string; readonly password?: string }) => boolean | Promise<boolean>;
  /** A client that begins a larger packet is disconnected, on WebSockets too: MQTT 3.1.1 has no word for it. In bytes. @default 4_194_304 (4 MiB) */
  readonly maxPacketBytes?: number;
  /** Gets failures of single clients. @default nothing: clients come and go */
  readonly onError?: (error: unknown) => void;
}

/** An MQTT broker in this process: MQTT 3.1.1, for development, tests and one machine. */
export interface MqttBroker {
  /** `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes WebSockets of an HTTP server too, at `path`, with the subprotocol `mqtt`. A page's origin must be the host itself or one of
   * `origins`. Returns how to detach. Throws a `TypeError` for what is no origin. Source: https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718127
   */
  attach(
    server: Server,
    options?: {
      /** @default '/mqtt' */
      readonly path?: string;
      /** Pages of other hosts that may connect: their origins, a function, or `'*'`. @default none */
      readonly origins?: Origins;
      /** A client that sends a larger WebSocket message is disconnected. In bytes. @default 4_194_304 (4 MiB) */
      readonly maxMessageBytes?: number;
    },
  ): () => void;
  /** Closes the port and every connection, and takes no more WebSockets. Idempotent. */
  close(): Promise<void>;
}

/** Starts an MQTT broker in this process. Rejects with an error that says what to do where the port cannot be had. */
export async function mqttBroker(options: MqttBrokerOptions = {}): Promise<MqttBroker> {
  const { port = 1883, host = '127.0.0.1', tls, authenticate, maxPacketBytes = 4_194_304, onError = () => {} } = options;
  const aedes = await Aedes.createBroker({
    ...(authenticate && {
      authenticate: (_, username, password, done) => {
        const credentials = {
          ...(username !== undefined && { username }),
          ...(password !== undefined && { password: password.toString() }),
        };
        Promise.resolve()
          .then(() => authenticate(credentials))
          .then(
            (isAllowed) => (isAllowed ? done(null, true) : done(BAD_CREDENTIALS, null)),
            (error: unknown) => (onError(error), done(BAD_CREDENTIALS, null)),
          );
      },
    }),
  });
  const report = (error: Error) => {
    // A client of MQTT 5 that is refused comes back with MQTT 3.1.1.
    if ((error as { readonly errorCode?: unknown }).errorCode !== 1) onError(error);
  };
  aedes.on('clientError', (_, error) => report(error));
  aedes.on('connectionError', (_, error) => report(error));
  const handle = (socket: Socket) => {
    socket.setNoDelay(true);
    limitPackets(socket, maxPacketBytes);
    aedes.handle(socket);
  };
  const server: NetServer = tls ? createTlsServer({ cert: tls.cert as string, key: tls.key as string }, handle) : createServer(handle);
  const sockets = new Set<Socket>();
  // With TLS these are there before their handshake, which may never end.
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', onError);
  try {
    await start(server, port, host);
  } catch (error) {
    aedes.close();
    throw error;
  }
  server.on('error', onError);
  const actual = (server.address() as AddressInfo).port;
  const webSockets = new Set<WebSocketServer>();
  const detaches = new Set<() => void>();
  let closing: Promise<void> | undefined;
  return {
    url: `${tls ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    port: actual,
    attach(http, { path = '/mqtt', origins, maxMessageBytes = 4_194_304 } = {}) {
      const isAllowed = compileOriginCheck('mqttBroker', origins, onError);
      const sockets = new WebSocketServer({
        noServer: true,
        maxPayload: maxMessageBytes,
        perMessageDeflate: false,
        handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
      });
      webSockets.add(sockets);
      const detach = attachUpgrade(http, (request, socket, head) => {
        if (request.url?.split('?')[0] !== path) return false;
        if (!isAllowed(request)) refuseUpgrade(socket, 403, "pages of this origin may not connect: list it in the option 'origins'");
        else {
          sockets.handleUpgrade(request, socket, head, (webSocket) => {
            const stream = createWebSocketStream(webSocket);
            stream.on('error', onError);
            limitPackets(stream, maxPacketBytes);
            aedes.handle(stream, request);
          });
        }
        return true;
      });
      detaches.add(detach);
      return detach;
    },
    close: () =>
      (closing ??= new Promise((resolve) => {
        for (const detach of detaches) detach();
        aedes.close(() => {
          for (const each of webSockets) for (const webSocket of each.clients) webSocket.terminate();
          for (const socket of sockets) socket.destroy();
          server.close(() => resolve());
        });
      })),
  };
}

const BAD_CREDENTIALS: AuthenticateError = Object.assign(new Error('bad user name or password'), { returnCode: 4 as const });

function start(server: NetServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      const advice = `port ${port} on ${host} is in use: stop what uses it, choose another port (0 picks a free one), or use that broker by its url`;
      reject(error.code === 'EADDRINUSE' ? Object.assign(new Error(advice, { cause: error }), { code: error.code }) : error);
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
