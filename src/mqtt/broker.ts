/**
 * An MQTT broker in this process.
 *
 * @module multi-api-sdk/mqtt/broker
 * @group Servers
 */

import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import type { Server } from 'node:http';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { bytes, count, ms, readOptions } from '../core/options.ts';
import type { Transport } from '../core/transport.ts';
import { reporter } from '../life/report.ts';
import { GATE_NAMES, GATE_READERS, UpgradeGate, type UpgradeGateOptions } from '../socket/gate.ts';
import { attachUpgrade } from '../socket/upgrade.ts';
import { TCP_KEEP_ALIVE } from '../http/node/tcp-keep-alive.ts';
import type { Publishers } from './access/access.ts';
import { Door } from './access/door.ts';
import { registerBroker } from './access/own-brokers.ts';
import { CONNECT_MS } from './access/strangers.ts';
import { limitPackets } from './access/packet-limit.ts';
import type { MqttCredentials } from './options.ts';
import { closable, type BeforeClosable, type Closable } from '../life/closable.ts';

export type { Publishers } from './access/access.ts';
export type { Origins } from '../http/serve/origins.ts';

/** Options of `mqttBroker`. */
export interface MqttBrokerOptions {
  /** 0 picks a free one. @default 1883 */
  readonly port?: number | undefined;
  /** `0.0.0.0` or `::` to be reached from other machines. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** Certificate and key in PEM: then the port speaks TLS. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array };
  /**
   * Lets everybody connect, hear everything and publish everything, replies and events of the service included: for tests, or for a broker
   * that has nothing to do with a service. @default false
   */
  readonly open?: boolean;
  /**
   * The callers that may publish an event besides the service, by the event's name: a list, a function, or `'*'`: `{ temperature: ['roof-sensor'] }`.
   * A caller is what the service's `identify` says, or with `authenticate` the user name. @default nobody
   */
  readonly publishers?: Readonly<Record<string, Publishers>>;
  /** User name and password of connections that are the service itself, for hubs and servers in other processes. @default none */
  readonly serviceCredentials?: MqttCredentials;
  /** Whether a client may connect, asked instead of the service's `context`. @default the service decides */
  readonly authenticate?: (credentials: { readonly username?: string; readonly password?: string }) => boolean | Promise<boolean>;
  /** A client that begins a larger packet is disconnected, on WebSockets too: MQTT 3.1.1 has no word for it. In bytes. @default 4_194_304 (4 MiB) */
  readonly maxPacketBytes?: number;
  /** Bytes that may wait for one connection that does not read; then it is ended. @default 8_388_608 (8 MiB) */
  readonly maxBufferedBytes?: number;
  /** How many clients may be connected, and how many connections may not have said CONNECT yet. @default 10_000 */
  readonly maxConnections?: number;
  /** How many clients of one caller may be connected. @default 1000 */
  readonly maxConnectionsPerCaller?: number;
  /** How many filters one client may have subscribed to; more are refused. @default 1000 */
  readonly maxSubscriptions?: number;
  /**
   * About how many bytes subscriptions, last wills and messages of QoS 2 that their sender has not released may take. A caller may hold as much as is
   * free; more is refused. @default 67_108_864 (64 MiB)
   */
  readonly maxHeldBytes?: number;
  /** How many sessions are kept for clients that want theirs to outlive the connection. @default 10_000 */
  readonly maxSessions?: number;
  /** How many of them one caller may have. @default 1000 */
  readonly maxSessionsPerCaller?: number;
  /** How long a session is kept without a connection, in milliseconds. @default 3_600_000 (1 hour) */
  readonly sessionExpiryMs?: number;
  /** Bytes that may wait for all sessions; then the largest is ended. @default 67_108_864 (64 MiB) */
  readonly maxQueuedBytes?: number;
  /** Bytes that may wait for the sessions of one caller; then the one that wants more is ended. @default 16_777_216 (16 MiB) */
  readonly maxQueuedBytesPerCaller?: number;
  /** Bytes of retained messages; others are delivered, but not retained. @default 16_777_216 (16 MiB) */
  readonly maxRetainedBytes?: number;
  /** Gets failures of single clients, and why something was refused. @default nothing: clients come and go */
  readonly onError?: (error: unknown) => void;
}

/** An MQTT broker in this process: MQTT 3.1.1, for development, tests and one machine. */
export interface MqttBroker extends Closable {
  /** `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  readonly port: number;
  /** Whether anybody may do everything. */
  readonly isOpen: boolean;
  /**
   * Lets the callers of a service in: they connect with the credentials that its `context` takes. `serveMqtt` in the same process does it by
   * itself. Returns how to take that back.
   */
  admit(transport: Transport, options?: { readonly topicPrefix?: string }): () => void;
  /**
   * Takes WebSockets of an HTTP server too, at `path`, with the subprotocol `mqtt`. A page's origin must be the host itself or one of
   * `origins`. Returns a function that detaches.
   * @throws TypeError for an origin that is none
   * @see https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html#_Toc398718127
   */
  attach(server: Server, options?: MqttAttachOptions): () => void;
  /** Closes the port and every connection, and takes no more WebSockets. Idempotent. */
  close(): Promise<void>;
}

/** Options of `MqttBroker.attach`. */
export interface MqttAttachOptions extends UpgradeGateOptions {
  /** @default '/mqtt' */
  readonly path?: string;
  /** A client that sends a larger WebSocket message is disconnected. In bytes. @default 4_194_304 (4 MiB) */
  readonly maxMessageBytes?: number;
}

/**
 * Starts an MQTT broker in this process. It is closed until a service lets its callers in: see docs/protocols/mqtt.md.
 * @throws TypeError for an option that is wrong or unknown
 * @throws Error that says what to do if the port cannot be had
 */
export async function mqttBroker(options: MqttBrokerOptions = {}): Promise<MqttBroker> {
  const read = readOptions(
    'mqttBroker',
    options,
    {
      port: count(1883, { zero: true, infinity: false, most: 65_535 }),
      maxPacketBytes: bytes(4_194_304),
      maxBufferedBytes: bytes(8_388_608),
      maxConnections: count(10_000),
      maxConnectionsPerCaller: count(1000),
      maxSubscriptions: count(1000),
      maxHeldBytes: bytes(67_108_864),
      maxSessions: count(10_000, { zero: true }),
      maxSessionsPerCaller: count(1000, { zero: true }),
      sessionExpiryMs: ms(3_600_000),
      maxQueuedBytes: bytes(67_108_864),
      maxQueuedBytesPerCaller: bytes(16_777_216),
      maxRetainedBytes: bytes(16_777_216, { zero: true }),
    },
    ['host', 'tls', 'open', 'publishers', 'serviceCredentials', 'authenticate', 'onError'],
  );
  const { port, host = '127.0.0.1', tls, maxPacketBytes } = read;
  const onError = reporter(read.onError ?? (() => {}));
  const door = new Door({ ...read, onError });
  const aedes = await Aedes.createBroker(door.rules);
  door.watch(aedes);
  const handle = (socket: Socket) => {
    if (socket.destroyed) return;
    socket.setNoDelay(true);
    limitPackets(socket, maxPacketBytes);
    door.handle(aedes.handle(socket));
  };
  const server: NetServer = tls
    ? createTlsServer({ cert: tls.cert as string, key: tls.key as string, handshakeTimeout: CONNECT_MS, ...TCP_KEEP_ALIVE }, handle)
    : createServer(TCP_KEEP_ALIVE, handle);
  const sockets = new Set<Socket>();
  // With TLS these are there before their handshake, which may never end. Before all else, because one too many must cost nothing.
  server.prependListener('connection', (socket) => {
    if (!door.arrive(socket, socket)) return;
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
  const forget = registerBroker(actual, {
    credentials: door.access.credentials,
    admit: (transport, topicPrefix) => door.access.admit(transport, topicPrefix),
    callerOf: (clientId) => door.callerOf(clientId),
  });
  const webSockets = new Set<WebSocketServer>();
  const detaches = new Set<() => void>();
  let closing: Promise<void> | undefined;
  return closable<BeforeClosable<MqttBroker>>({
    url: `${tls ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    port: actual,
    isOpen: read.open === true,
    admit: (transport, { topicPrefix } = {}) => door.access.admit(transport, topicPrefix),
    attach(http, given = {}) {
      const settings = readOptions('mqttBroker.attach', given, { ...GATE_READERS, maxMessageBytes: bytes(4_194_304) }, [
        ...GATE_NAMES,
        'path',
      ]);
      const { path = '/mqtt', maxMessageBytes } = settings;
      const gate = new UpgradeGate('mqttBroker', settings, onError);
      const sockets = new WebSocketServer({
        noServer: true,
        maxPayload: Number.isFinite(maxMessageBytes) ? maxMessageBytes : 0,
        perMessageDeflate: false,
        handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
      });
      webSockets.add(sockets);
      const detach = attachUpgrade(http, (request, socket, head) => {
        if (request.url?.split('?')[0] !== path) return false;
        if (!gate.admits(request, socket)) return true;
        sockets.handleUpgrade(request, socket, head, (webSocket) => {
          const stream = createWebSocketStream(webSocket);
          stream.on('error', onError);
          if (!door.arrive(stream, request.socket)) return;
          limitPackets(stream, maxPacketBytes);
          door.handle(aedes.handle(stream, request));
        });
        return true;
      });
      detaches.add(detach);
      return detach;
    },
    close: (): Promise<void> =>
      (closing ??= new Promise((resolve) => {
        forget();
        for (const detach of detaches) detach();
        aedes.close(() => {
          for (const each of webSockets) for (const webSocket of each.clients) webSocket.terminate();
          for (const socket of sockets) socket.destroy();
          server.close(() => resolve());
        });
      })),
  });
}

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
