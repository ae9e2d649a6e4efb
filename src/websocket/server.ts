/**
 * Serves a transport over WebSocket.
 *
 * @module multi-api-sdk/websocket/server
 * @group Servers
 */

import type { IncomingMessage, Server } from 'node:http';
import type { Contract } from '../core/contract.ts';
import { checkTransport } from '../core/check-transport.ts';
import { bytes, count, ms, readOptions } from '../core/options.ts';
import type { Transport } from '../core/transport.ts';
import type { CloudEventsOption } from '../events/cloud/cloud-event.ts';
import { compileCloudEvents } from '../events/cloud/cloud-events-option.ts';
import { acceptHeaders } from '../guard/serve-call.ts';
import { errorHeaders } from '../http/message/problem.ts';
import { checkBasePath } from '../http/serve/public-url.ts';
import { createRouter, type RouteMatch, type Router } from '../http/serve/router.ts';
import { after } from '../life/timers.ts';
import { reporter } from '../life/report.ts';
import type { Attachable, AttachOptions } from '../socket/attachable.ts';
import { handshakeStatus } from '../socket/close.ts';
import { SocketEndpoint, type Upgrade } from '../socket/endpoint.ts';
import { GATE_NAMES, GATE_READERS, type GateOptionsInForce, type UpgradeGateOptions } from '../socket/gate.ts';
import type { PeerSocket } from '../socket/peer-socket.ts';
import { compileChannels, type ChannelRoute } from './channel/route.ts';
import { CLOUD_EVENTS } from './channel/subprotocol.ts';
import { EventEncoder } from './rpc/events.ts';
import { RpcSession, type RpcService } from './rpc/session.ts';
import { NOT_INITIALIZED } from './status.ts';
import { RPC_PATH, SUBPROTOCOL } from './settings.ts';
import { connectionHeaders } from './wire.ts';
import { MAX_ITEMS } from '../guard/max-items.ts';
import { toldError } from '../guard/told-error.ts';
import { closable, type BeforeClosable } from '../life/closable.ts';

export type { AsyncApiProtocol } from '../schema/asyncapi.ts';
export type { CloudEventsMode, CloudEventsOption, CloudEventsOptions } from '../events/cloud/cloud-event.ts';
export { webSocketProtocol } from './schema.ts';
export type { DescribedCloudEvents } from '../schema/asyncapi/cloud-events.ts';
export type { Origins } from '../http/serve/origins.ts';
export type { Attachable, AttachOptions } from '../socket/attachable.ts';
export type { UpgradeGateOptions } from '../socket/gate.ts';

/** Options of `webSocketHandler`. */
export interface WebSocketHandlerOptions extends UpgradeGateOptions {
  /** Put before `/ws` and before the channels: `/api`. @default '' */
  readonly basePath?: string;
  /**
   * A larger message is refused by its id, and the connection goes on; one of eight times as much closes it with 1009.
   * @default 1_048_576 (1 MiB)
   */
  readonly maxMessageBytes?: number;
  /** Items of lists and members of objects that one message may hold on all levels together; more are INVALID_ARGUMENT. @default 100_000 */
  readonly maxItems?: number;
  /** How many bytes of events may wait for a reader. Beyond it the socket is closed with 1013. @default 1_048_576 (1 MiB) */
  readonly maxBufferedBytes?: number;
  /** Requests in one batch. @default 100 */
  readonly maxBatch?: number;
  /** Calls in flight on one connection. More are RESOURCE_EXHAUSTED. @default 1000 */
  readonly maxCalls?: number;
  /** Subscriptions on one connection. More are RESOURCE_EXHAUSTED. @default 1000 */
  readonly maxSubscriptions?: number;
  /** How often each peer is asked for a sign of life, in milliseconds; one that misses two is dropped. `Infinity` asks for none. @default 30_000 */
  readonly pingIntervalMs?: number;
  /** Whether a connection whose upgrade had no `authorization` must send `initialize` before anything else. @default false */
  readonly requireInitialize?: boolean;
  /** How long such a connection may take for it, in milliseconds; then 4401. @default 10_000 */
  readonly initializeTimeoutMs?: number;
  /**
   * Lets plain channels carry CloudEvents 1.0 for clients that offer the subprotocol `cloudevents.json`. Clients that offer none get bare payloads.
   * @default no CloudEvents
   */
  readonly cloudEvents?: CloudEventsOption<'structured'>;
  /** Compresses messages (RFC 7692): costs each connection some 300 KiB, and the CPU of each message once per peer. @default false */
  readonly deflate?: boolean;
  /** Gets failures that callers see as INTERNAL. @default console.error */
  readonly onError?: (error: unknown) => void;
}

/** Serves a transport over WebSocket. */
export interface WebSocketHandler extends Attachable {
  /** Connections that are open. */
  readonly connections: number;
}

/**
 * Serves a transport over WebSocket: JSON-RPC 2.0 on `/ws`, and each event's plain channel on `/<channel>`. Attach it to any HTTP server of
 * Node: `webSocketHandler(service).attach(server)`. Formats: docs/protocols/websocket.md.
 */
export function webSocketHandler(transport: Transport, options: WebSocketHandlerOptions = {}): WebSocketHandler {
  checkTransport('webSocketHandler', transport);
  const read = readOptions(
    'webSocketHandler',
    options,
    {
      ...GATE_READERS,
      maxMessageBytes: bytes(1_048_576),
      maxItems: count(MAX_ITEMS),
      maxBufferedBytes: bytes(1_048_576),
      maxBatch: count(100),
      maxCalls: count(1000),
      maxSubscriptions: count(1000),
      pingIntervalMs: ms(30_000),
      initializeTimeoutMs: ms(10_000),
    },
    [...GATE_NAMES, 'basePath', 'requireInitialize', 'cloudEvents', 'deflate', 'onError'],
  );
  return closable(new Handler(transport, read));
}

/** Options with their defaults filled in. */
type OptionsInForce = WebSocketHandlerOptions & GateOptionsInForce & Required<Pick<WebSocketHandlerOptions, 'maxMessageBytes' | 'maxItems' | 'maxBufferedBytes' | 'maxBatch' | 'maxCalls' | 'maxSubscriptions' | 'pingIntervalMs' | 'initializeTimeoutMs'>>; // prettier-ignore

class Handler implements BeforeClosable<WebSocketHandler> {
  readonly #endpoint: SocketEndpoint;
  readonly #router: Router<ChannelRoute | 'rpc'>;
  readonly #service: RpcService;
  readonly #hasCloudEvents: boolean;

  private readonly options: OptionsInForce;

  constructor(transport: Transport, options: OptionsInForce) {
    this.options = options;
    const { basePath = '', deflate = false, maxBufferedBytes, maxMessageBytes, maxItems, maxBatch, maxCalls, maxSubscriptions } = options;
    const onError = reporter(options.onError);
    checkBasePath('webSocketHandler', basePath);
    const cloud = options.cloudEvents && compileCloudEvents('webSocketHandler', transport.contract, options.cloudEvents, ['structured']);
    this.#hasCloudEvents = cloud !== undefined;
    this.#endpoint = new SocketEndpoint({
      owner: 'webSocketHandler',
      gate: options,
      onError,
      protocol: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : this.#isCloud([...offered]) && CLOUD_EVENTS),
      route: (request) => this.#route(request),
      maxBufferedBytes,
      maxMessageBytes,
      deflate,
      pingIntervalMs: options.pingIntervalMs,
    });
    this.#service = {
      transport,
      ...membersOf(transport.contract),
      maxBatch,
      maxCalls,
      maxSubscriptions,
      maxBufferedBytes,
      maxMessageBytes,
      maxItems,
      onError,
    };
    this.#router = createRouter<ChannelRoute | 'rpc'>([
      [{ method: 'GET', segments: [{ literal: RPC_PATH.slice(1) }] }, 'rpc'],
      ...compileChannels(transport, { ...this.#service, cloud }),
    ]);
  }

  get connections(): number {
    return this.#endpoint.connections;
  }

  attach(server: Server, options?: AttachOptions): () => void {
    return this.#endpoint.attach(server, options);
  }

  close(graceMs?: number): Promise<void> {
    return this.#endpoint.close(graceMs);
  }

  /** Decides whose an upgrade is. */
  #route({ url = '/' }: IncomingMessage): ((upgrade: Upgrade) => void) | undefined {
    const { basePath = '' } = this.options;
    const [target = '/'] = url.split('?');
    const match = target.startsWith(`${basePath}/`) ? find(this.#router, target.slice(basePath.length)) : undefined;
    if (!match) return undefined;
    const { value, params } = match;
    return (upgrade) => {
      const offered = offeredProtocols(upgrade.request);
      if (value !== 'rpc') {
        const isCloud = this.#isCloud(offered);
        const words = this.#hasCloudEvents ? `the subprotocol of a channel is ${CLOUD_EVENTS}` : 'a plain channel has no subprotocol';
        if (offered.length > 0 && !isCloud) upgrade.refuse(400, `${words}: offer ${this.#hasCloudEvents ? 'it, or ' : ''}none`);
        else this.#openChannel(upgrade, value, params, isCloud);
      } else if (offered.length > 0 && !offered.includes(SUBPROTOCOL))
        upgrade.refuse(400, `the subprotocol here is ${SUBPROTOCOL}, not ${offered.join(', ').slice(0, 100)}`);
      else this.#openRpc(upgrade);
    };
  }

  #openRpc({ request, accept, peer }: Upgrade): void {
    const headers = connectionHeaders(acceptHeaders(request.headers));
    const isInitialized = this.options.requireInitialize !== true || headers['authorization'] !== undefined;
    accept((socket) => {
      const session = new RpcSession(this.#service, socket, headers, peer(NAME), isInitialized);
      if (!isInitialized) this.#awaitInitialize(socket, session);
      return session;
    });
  }

  /** Whether a channel's client asks for CloudEvents, and gets them. */
  #isCloud(offered: readonly string[]): boolean {
    return this.#hasCloudEvents && offered.includes(CLOUD_EVENTS) && !offered.includes(SUBPROTOCOL);
  }

  #openChannel(
    { request, socket, refuse, accept, peer }: Upgrade,
    route: ChannelRoute,
    params: Readonly<Record<string, string>>,
    isCloud: boolean,
  ): void {
    const headers = connectionHeaders(acceptHeaders(request.headers));
    // An error of the socket must have a listener while nothing else listens.
    const ignore = () => {};
    socket.on('error', ignore);
    route.open({ params, headers, peer: peer(NAME), isCloud, onLeave: (left) => void socket.once('close', left) }).then(
      ({ session, attach }) => {
        socket.off('error', ignore);
        accept((ws) => {
          attach(ws);
          return session;
        });
      },
      (error: unknown) => refuse(...this.#refusalOf(error)),
    );
  }

  #awaitInitialize(socket: PeerSocket, session: RpcSession): void {
    const stop = after(this.options.initializeTimeoutMs, () => {
      if (!session.mayStay) socket.close(NOT_INITIALIZED, "no 'initialize' came in time");
    });
    socket.ws.once('close', stop);
  }

  #refusalOf(error: unknown): [status: number, message: string, headers: Record<string, string>] {
    const told = toldError(error, this.#service.onError);
    return [handshakeStatus(told.code), told.text, errorHeaders(told)];
  }
}

const NAME = 'websocket';

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

/** A path that cannot be decoded belongs to nobody. */
function find<T>(router: Router<T>, path: string): RouteMatch<T> | undefined {
  try {
    return router.find('GET', path);
  } catch {
    return undefined;
  }
}
