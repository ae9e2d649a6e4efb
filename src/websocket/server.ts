/**
 * Serves a transport over WebSocket.
 *
 * @module multi-api-sdk/websocket/server
 * @group Servers
 */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Contract } from '../core/contract.ts';
import { ApiError, isApiError } from '../core/errors.ts';
import { errorHeaders } from '../http/message/problem.ts';
import { createRouter, type RouteMatch, type Router } from '../http/serve/router.ts';
import { attachUpgrade, refuseUpgrade } from '../socket/upgrade.ts';
import { UpgradeGate, type UpgradeGateOptions } from '../socket/gate.ts';
import { timerMs } from '../life/lifetime.ts';
import { checkTransport } from '../core/check-transport.ts';
import { reporter } from '../life/report.ts';
import type { Transport } from '../core/transport.ts';
import { compileChannels, type ChannelRoute } from './channel/route.ts';
import { PeerSocket } from './peer-socket.ts';
import { EventEncoder } from './rpc/events.ts';
import { connectionHeaders, RpcSession, type RpcService } from './rpc/session.ts';
import { CLOSE, handshakeStatus } from './status.ts';
import { RPC_PATH, SUBPROTOCOL } from './wire.ts';

export type { AsyncApiProtocol } from '../schema/asyncapi.ts';
export { webSocketProtocol } from './schema.ts';
export type { Origins } from '../http/serve/origins.ts';
export type { UpgradeGateOptions } from '../socket/gate.ts';

/** Options of `webSocketHandler`. */
export interface WebSocketHandlerOptions extends UpgradeGateOptions {
  /** Put before `/ws` and before the channels: `/api`. @default '' */
  readonly basePath?: string;
  /** A larger message closes its connection with 1009. @default 1_048_576 (1 MiB) */
  readonly maxMessageBytes?: number;
  /** A reader that is this far behind its events is closed with 1013. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** Requests in one batch. @default 100 */
  readonly maxBatch?: number;
  /** Calls in flight on one connection; what comes beyond is RESOURCE_EXHAUSTED. @default 1000 */
  readonly maxCalls?: number;
  /** Subscriptions on one connection; what comes beyond is RESOURCE_EXHAUSTED. @default 1000 */
  readonly maxSubscriptions?: number;
  /** How often each peer is asked for a sign of life, in milliseconds; one that misses two is dropped. @default 30_000 */
  readonly pingIntervalMs?: number;
  /** Whether a connection whose upgrade had no `authorization` must send `initialize` before anything else. @default false */
  readonly requireInitialize?: boolean;
  /** How long such a connection may take for it, in milliseconds; then 4401. @default 10_000 */
  readonly initializeTimeoutMs?: number;
  /** Compresses messages (RFC 7692): costs each connection some 300 KiB, and the CPU of each message once per peer. @default false */
  readonly deflate?: boolean;
  /** Gets failures that callers see as INTERNAL. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** What serves a transport over WebSocket. */
export interface WebSocketHandler {
  /** Takes a server's upgrades of `/ws` and of the channels; leaves the others to who else is attached. Returns how to detach. */
  attach(server: Server): () => void;
  /** Connections that are open. */
  readonly connections: number;
  /**
   * Stops: no new connections, subscriptions are told, calls in flight finish, each connection is closed with 1001; what is left after
   * `graceMs` is cut. Idempotent. @default graceMs 10_000
   */
  close(graceMs?: number): Promise<void>;
}

/** What a connection's messages go to. */
interface Session {
  take(text: string): void;
  takeBinary(): void;
  leave(): void;
  stop(): void;
}

/**
 * Serves a transport over WebSocket: JSON-RPC 2.0 on `/ws`, and each event's plain channel on `/<channel>`. Attach it to any HTTP server of
 * Node: `webSocketHandler(service).attach(server)`. Formats: docs/protocols/websocket.md.
 */
export function webSocketHandler(transport: Transport, options: WebSocketHandlerOptions = {}): WebSocketHandler {
  checkTransport('webSocketHandler', transport);
  return new Handler(transport, options);
}

class Handler implements WebSocketHandler {
  readonly #server: WebSocketServer;
  readonly #router: Router<ChannelRoute | 'rpc'>;
  readonly #service: RpcService;
  readonly #gate: UpgradeGate;
  readonly #peers = new Map<PeerSocket, Session>();
  readonly #detach = new Set<() => void>();
  readonly #socketOptions: { readonly maxBufferedBytes: number; readonly deflate: boolean };
  #ticker: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  private readonly options: WebSocketHandlerOptions;

  constructor(transport: Transport, options: WebSocketHandlerOptions) {
    this.options = options;
    const { basePath = '', deflate = false, maxBufferedBytes = 1_048_576 } = options;
    const onError = reporter(options.onError);
    if (basePath !== '' && !/^(\/[A-Za-z0-9\-._~]+)+$/.test(basePath))
      throw new TypeError(`webSocketHandler: basePath '${basePath}' must look like '/api'`);
    const serverOptions = {
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxMessageBytes ?? 1_048_576,
      perMessageDeflate: deflate && { threshold: 1024, concurrencyLimit: 10 },
      handleProtocols: (offered: Set<string>): string | false => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      // How long a peer may take to answer a close frame before it is cut: newer than the types of `ws`.
      closeTimeout: 5_000,
    };
    this.#server = new WebSocketServer(serverOptions);
    this.#gate = new UpgradeGate('webSocketHandler', options, onError);
    this.#socketOptions = { maxBufferedBytes, deflate };
    this.#service = {
      transport,
      ...membersOf(transport.contract),
      maxBatch: options.maxBatch ?? 100,
      maxCalls: options.maxCalls ?? 1000,
      maxSubscriptions: options.maxSubscriptions ?? 1000,
      maxBufferedBytes,
      onError,
    };
    this.#router = createRouter<ChannelRoute | 'rpc'>([
      [{ method: 'GET', segments: [{ literal: RPC_PATH.slice(1) }] }, 'rpc'],
      ...compileChannels(transport, { maxBufferedBytes, onError }),
    ]);
  }

  get connections(): number {
    return this.#peers.size;
  }

  attach(server: Server): () => void {
    const detach = attachUpgrade(server, (request, socket, head) => this.#upgrade(request, socket, head));
    this.#detach.add(detach);
    return () => {
      this.#detach.delete(detach);
      detach();
    };
  }

  close(graceMs = 10_000): Promise<void> {
    return (this.#closing ??= this.#close(graceMs));
  }

  async #close(graceMs: number): Promise<void> {
    this.#gate.stop();
    if (this.#peers.size > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
        timer = setTimeout(() => {
          for (const { ws } of this.#peers.keys()) ws.terminate();
        }, timerMs(graceMs));
        for (const session of [...this.#peers.values()]) session.stop();
      });
      clearTimeout(timer);
    }
    for (const detach of this.#detach) detach();
    this.#detach.clear();
    this.#server.close();
  }

  /** Decides whose an upgrade is, and whether it may be. */
  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { basePath = '' } = this.options;
    const [target = '/'] = (request.url ?? '/').split('?');
    if (!target.startsWith(`${basePath}/`)) return false;
    const match = find(this.#router, target.slice(basePath.length));
    if (!match) return false;
    const offered = offeredProtocols(request);
    if (!this.#gate.admits(request, socket)) return true;
    if (match.value !== 'rpc' && offered.length > 0) refuseUpgrade(socket, 400, 'a plain channel has no subprotocol: offer none');
    else if (match.value === 'rpc' && offered.length > 0 && !offered.includes(SUBPROTOCOL))
      refuseUpgrade(socket, 400, `the subprotocol here is ${SUBPROTOCOL}, not ${offered.join(', ').slice(0, 100)}`);
    else this.#enter(request, socket, head, match.value, match.params);
    return true;
  }

  #enter(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    route: ChannelRoute | 'rpc',
    params: Readonly<Record<string, string>>,
  ): void {
    const peer = { protocol: 'websocket', address: request.socket.remoteAddress };
    const headers = connectionHeaders(request.headers);
    if (route === 'rpc') {
      const isInitialized = this.options.requireInitialize !== true || headers['authorization'] !== undefined;
      this.#accept(request, socket, head, (ws) => {
        const session = new RpcSession(this.#service, ws, headers, peer, isInitialized);
        if (!isInitialized) this.#awaitInitialize(ws, session);
        return session;
      });
      return;
    }
    // An error of the socket must have a listener while nothing else listens.
    const ignore = () => {};
    socket.on('error', ignore);
    route.open({ params, headers, peer, onLeave: (left) => void socket.once('close', left) }).then(
      ({ session, attach }) => {
        socket.off('error', ignore);
        this.#accept(request, socket, head, (ws) => {
          attach(ws);
          return session;
        });
      },
      (error: unknown) => refuseUpgrade(socket, ...this.#refusalOf(error)),
    );
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer, open: (ws: PeerSocket) => Session): void {
    if (this.#closing) return refuseUpgrade(socket, 503, 'the server is stopping', { 'retry-after': '1' });
    this.#server.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      const peer = new PeerSocket(ws, socket, this.#socketOptions);
      const session = open(peer);
      this.#peers.set(peer, session);
      this.#ticker ??= setInterval(() => {
        for (const each of this.#peers.keys()) each.tick();
      }, this.options.pingIntervalMs ?? 30_000);
      ws.on('message', (data: Buffer, isBinary: boolean) => {
        // What comes behind a close of ours is not run: nobody would hear of it.
        if (!peer.isOpen) return;
        peer.touch();
        if (isBinary) session.takeBinary();
        else session.take(data.toString());
      });
      ws.on('close', () => {
        session.leave();
        this.#peers.delete(peer);
        if (this.#peers.size > 0) return;
        clearInterval(this.#ticker);
        this.#ticker = undefined;
        this.#onEmpty?.();
      });
    });
  }

  #awaitInitialize(peer: PeerSocket, session: RpcSession): void {
    const timer = setTimeout(() => {
      if (!session.mayStay) peer.close(CLOSE.NOT_INITIALIZED, "no 'initialize' came in time");
    }, this.options.initializeTimeoutMs ?? 10_000);
    peer.ws.once('close', () => clearTimeout(timer));
  }

  #refusalOf(error: unknown): [status: number, message: string, headers: Record<string, string>] {
    if (!isApiError(error)) this.#service.onError(error);
    const told = isApiError(error) ? error : new ApiError('INTERNAL', 'internal error');
    return [handshakeStatus(told.code), told.text, errorHeaders(told)];
  }
}

function membersOf(contract: Contract): Pick<RpcService, 'operations' | 'events'> {
  return {
    operations: new Map(Object.values(contract.operations).map((operation) => [operation.name, operation])),
    events: new Map(Object.values(contract.events).map((event) => [event.name, [event, new EventEncoder()]])),
  };
}

/** The subprotocols that a client offers. */
function offeredProtocols({ headers }: IncomingMessage): readonly string[] {
  return headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
}

/** A path that cannot be decoded is nobody's. */
function find<T>(router: Router<T>, path: string): RouteMatch<T> | undefined {
  try {
    return router.find('GET', path);
  } catch {
    return undefined;
  }
}
